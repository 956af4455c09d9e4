"""`ebb compare`: one method against another, paired by seed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from benchmark.cli.board import stored_records
from benchmark.cli.console import inert, wide_console

if TYPE_CHECKING:
    from benchmark.reporting.board import Row


def compare(
    folder: Path,
    *,
    baseline: str,
    against: str = "teacher_forcing",
    measure: str = "free_running",
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Compare two methods on every task and model where both were run, paired by seed.

    A difference is positive where the first is better. Below five seeds there is an interval and a direction, and no
    verdict; the detectable difference is the least that the test would find at 80 % power.

    Examples:

        ebb compare results/runs/quick --baseline scheduled_sampling --against teacher_forcing
        ebb compare results/runs/coin --baseline scheduled_sampling:coin=sequence --against teacher_forcing

    Args:
        folder: where `ebb run` put its records.
        baseline: a row of the leaderboard, with its settings where it has several rows.
        against: another row.
        measure: any measure of the records, such as gap, regret or error_rate_after_bad.
        as_json: print `{"rows": [...], "over_tasks": {"p", "note"}}`.
    """
    from benchmark.reporting.comparison import compare as contrast
    from benchmark.reporting.comparison import over_tasks

    rows = contrast(stored_records(folder), baseline, against, measure)
    overall = over_tasks(rows)
    if as_json:
        over = {"p": overall.p, "note": overall.note}
        print(json.dumps({"rows": rows, "over_tasks": over}, allow_nan=False, indent=1))
    else:
        _print(rows, f"{baseline} against {against}: {measure}")
        p = "" if overall.p is None else f"p = {overall.p:.4f}, "
        print(f"Sign-flips of whole tasks: {p}{overall.note}")
    return 0


def _print(rows: "list[Row]", title: str) -> None:
    from rich.table import Table

    from benchmark.reporting.tables import COMPARISON

    table = Table(title=inert(title), title_justify="left")
    for column in COMPARISON:
        table.add_column(column, justify="left" if column in ("task", "model", "verdict") else "right")
    for row in rows:
        table.add_row(*(inert(text(row)) for text in COMPARISON.values()))
    wide_console().print(table)
