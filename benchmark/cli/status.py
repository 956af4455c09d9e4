"""`ebb status`: which cells of a suite are done, failed, missing or stale, and why."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from benchmark.cli.board import report_damaged
from benchmark.cli.console import inert, wide_console
from benchmark.cli.selection import Selection
from benchmark.errors import unknown_name

if TYPE_CHECKING:
    from benchmark.running.standing import Standing, Standings


def status(
    suite: str = "quick",
    *,
    selection: Selection | None = None,
    out: Path | None = None,
    why: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Say which cells of a suite are stored: done, failed, not applicable, stale or missing.

    A cell is stale where the folder has a record of its readable id whose key differs: another version of the code or
    of a plugin, another budget, other knobs. `ebb run` computes stale and missing cells and keeps what is there; failed
    cells are computed again with --retry, all cells with --force.

    Examples:

        ebb status quick
        ebb status quick --tasks copycat_tagging --updates 800
        ebb status quick --why copycat_tagging/gru/reinforce/s0

    Exit code: 0 every cell is done or not applicable, 1 some is not, 2 usage.

    Args:
        suite: smoke, quick or full.
        selection: as for `ebb run`.
        out: folder of the records; results/runs/SUITE if not given.
        why: readable id of a cell, or the beginning of its key; says which part of the key differs from the nearest
            stored cell.
        as_json: print `{"counts", "cells": [{"id", "key", "state", "reason"}], "not_asked_for", "damaged"}`, or with
            --why a list of `{"id", "key", "state", "reason", "nearest", "differences"}`.
    """
    from benchmark.running.standing import Standings
    from benchmark.running.store import Store

    selection = selection or Selection()
    folder = out or Path("results/runs") / suite
    standings = Standings((job.cell for job in selection.jobs(suite)), Store(folder))
    if why is not None:
        _explain(standings, why, as_json)
    elif as_json:
        print(json.dumps(_content(standings), indent=1))
    else:
        report_damaged(standings.damaged)
        _print(standings, folder)
    return int(any(standing.state not in ("done", "not_applicable") for standing in standings.cells))


def _content(standings: "Standings") -> dict[str, Any]:
    return {
        "counts": standings.counts(),
        "cells": [_line(standing) for standing in standings.cells],
        "not_asked_for": [{"id": cell.id, "key": cell.key} for cell in standings.unasked],
        "damaged": [{"path": str(file.path), "reason": file.reason} for file in standings.damaged],
    }


def _line(standing: "Standing") -> dict[str, Any]:
    cell = standing.cell
    return {"id": cell.id, "key": cell.key, "state": standing.state, "reason": standing.reason}


def _print(standings: "Standings", folder: Path) -> None:
    from rich.table import Table

    from benchmark.running.standing import STATES

    table = Table(title=inert(str(folder)), title_justify="left")
    for column in ("task", "model", *STATES):
        table.add_column(column.replace("_", " "), justify="left" if column in ("task", "model") else "right")
    for (task, model), counts in standings.by_place().items():
        table.add_row(inert(task), inert(model), *(str(counts[state] or "-") for state in STATES))
    table.add_section()
    table.add_row("all", "", *(str(count or "-") for count in standings.counts().values()))
    console = wide_console()
    console.print(table)
    for standing in (standing for standing in standings.cells if standing.state == "failed"):
        console.print(inert(f"failed: {standing.cell.id}: {standing.reason}"))
    first = next((standing for standing in standings.cells if standing.state == "stale"), None)
    if first:
        console.print(inert(f"stale cells: `ebb status --why {first.cell.id}` says what differs"))
    if standings.unasked:
        console.print(inert(f"{len(standings.unasked)} stored records are of other cells than these"))


def _explain(standings: "Standings", name: str, as_json: bool) -> None:
    """Print how a cell stands, and which part of its key differs from the nearest stored cell.

    Raises:
        UsageError: if no cell that was asked for is called so.
    """
    found = standings.find(name)
    if not found:
        raise unknown_name("cell", name, {standing.cell.id for standing in standings.cells})
    explained = []
    for standing in found:
        nearest = standings.nearest(standing.cell) if standing.state in ("stale", "missing") else None
        explained.append(
            _line(standing)
            | {
                "nearest": nearest[0].id if nearest else None,
                "differences": [asdict(difference) for difference in nearest[1]] if nearest else [],
            }
        )
    if as_json:
        print(json.dumps(explained, indent=1))
        return
    console = wide_console()
    for item in explained:
        reason = f" ({item['reason']})" if item["reason"] else ""
        console.print(inert(f"{item['id']} is {item['state']}{reason}; its key begins with {item['key'][:12]}"))
        if item["nearest"]:
            console.print(inert(f"nearest stored cell: {item['nearest']}; it differs in"))
        elif item["state"] in ("stale", "missing"):
            print("nothing is stored yet", file=sys.stderr)
        for difference in item["differences"]:
            wanted, stored = (_shown(difference[side]) for side in ("wanted", "stored"))
            console.print(inert(f"  {difference['setting']}: {wanted} here, {stored} stored"))


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)
