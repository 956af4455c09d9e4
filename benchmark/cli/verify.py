"""`ebb verify`: does a folder of results hold?"""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from benchmark.cli.console import inert, wide_console
from benchmark.cli.selection import Positive

if TYPE_CHECKING:
    from benchmark.running.cell import Cell
    from benchmark.running.record import Record
    from benchmark.running.verifying import Comparison


def verify(
    folder: Path,
    *,
    cells: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    seed: int = 0,
    jobs: Annotated[int, Positive] = 1,
    timeout: Annotated[float, Parameter(validator=Number(gt=0))] = 3600,
    plugin: list[Path] | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Check hashes, schema and completeness of a folder of results, and compute cells again.

    Where torch's build and the processor are those of the record, every measure, curve and line of the
    training log must agree bit for bit; elsewhere the main measure and its curve within a twentieth of the way from
    floor to ceiling. Cells of another version of the code or of a plugin are named and not computed.

    Examples:

        ebb verify results/runs/quick
        ebb verify results/runs/quick --cells 3

    Exit code: 0 all holds, 1 something does not, 2 usage.

    Args:
        folder: where `ebb run` put its records.
        cells: how many random cells to compute again.
        seed: of the draw of cells.
        jobs: processes.
        timeout: seconds a cell may take.
        plugin: plugin files that the cells need.
        as_json: print `{"records", "statuses", "faults", "recomputed", "not_repeatable"}`.
    """
    from benchmark.contracts.registry import Registry
    from benchmark.running.manifest import existing, read_manifest
    from benchmark.running.verifying import choose, compare, find_faults

    store = existing(folder)
    records, damaged = store.load_all()
    faults = find_faults(store, damaged, read_manifest(store))
    drawn, reasons = choose(records, Registry(plugin or ()), cells, seed) if cells else ([], {})
    again = {record.cell.key: record for record in compute([r.cell for r in drawn], jobs, timeout, plugin or ())}
    compared = [compare(record, again[record.cell.key]) for record in drawn]
    content = {
        "records": len(records),
        "statuses": dict(sorted(Counter(record.status for record in records).items())),
        "faults": [{"check": fault.check, "where": fault.where, "what": fault.what} for fault in faults],
        "recomputed": [_line(comparison) for comparison in compared],
        "not_repeatable": reasons,
    }
    if as_json:
        print(json.dumps(content, indent=1))
    else:
        _print(content, asked=cells)
    holds = not faults and all(comparison.same for comparison in compared) and len(compared) >= min(cells, 1)
    return 0 if holds else 1


def compute(cells: "Sequence[Cell]", jobs: int, timeout: float, plugins: Sequence[Path]) -> "list[Record]":
    """Run cells in a folder that is thrown away; one that fails is a record that says so."""
    from benchmark.running.engines.engine import Terms
    from benchmark.running.engines.local import LocalEngine
    from benchmark.running.planning import Job
    from benchmark.running.runner import Sweep, run_jobs
    from benchmark.running.store import Store

    if not cells:
        return []
    with tempfile.TemporaryDirectory() as aside:
        store = Store(Path(aside))
        store.prepare()
        work = [Job(cell, 1.0) for cell in cells]
        engine = LocalEngine(Terms(timeout, tuple(str(path.resolve()) for path in plugins)), jobs)
        return run_jobs(work, store, Sweep(), engine).made


def _line(comparison: "Comparison") -> dict[str, Any]:
    return {
        "id": comparison.cell.id,
        "key": comparison.cell.key,
        "same": comparison.same,
        "exact": comparison.exact,
        "because": list(comparison.because),
        "deviation": comparison.deviation if comparison.deviation != float("inf") else None,
        "differences": {name: list(pair) for name, pair in comparison.differences.items()},
    }


_SHOWN = 8  # differences of a cell; all of them are in the JSON


def _print(content: dict[str, Any], asked: int) -> None:
    console = wide_console()

    def say(text: str) -> None:
        console.print(inert(text))

    statuses = ", ".join(f"{count} {status}" for status, count in content["statuses"].items())
    say(f"{content['records']} records ({statuses or 'none'})")
    counts = Counter(fault["check"] for fault in content["faults"])
    for check in ("manifest", "hash", "schema", "completeness"):
        say(f"{check}: {f'{counts[check]} faults' if counts[check] else 'no fault'}")
    for fault in content["faults"]:
        say(f"  {fault['check']}: {fault['where']}: {fault['what']}")
    if not asked:
        return
    for item in content["recomputed"]:
        how = "bit for bit" if item["exact"] else f"within the tolerance (largest deviation {item['deviation']})"
        say(f"{item['id']}: {'the same' if item['same'] else 'NOT the same'} {how}")
        for reason in item["because"]:
            say(f"  not bit for bit, because {reason}")
        for name, (stored, found) in list(item["differences"].items())[:_SHOWN]:
            say(f"  {name}: {stored} stored, {found} now")
        if len(item["differences"]) > _SHOWN:
            say(f"  and {len(item['differences']) - _SHOWN} more")
    if content["not_repeatable"]:
        name, reason = next(iter(content["not_repeatable"].items()))
        say(f"{len(content['not_repeatable'])} cells cannot be computed again, for example {name}: {reason}")
    if not content["recomputed"]:
        say("no cell was computed again")
