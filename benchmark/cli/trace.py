"""`ebb trace`: one example of one cell, followed from input to result."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.running.traces import Trace


def trace(
    record: Path,
    *,
    example: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    bucket: int = 0,
    plugin: list[Path] | None = None,
    out: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Train the cell of a record again and follow one test example: gold, own output, probabilities, errors.

    The trace is kept in the folder `traces` beside the records, and the site of the results shows it.

    Examples:

        ebb trace results/runs/quick/records/copycat_tagging/gru/teacher_forcing/s0-*.json --example 3

    Args:
        record: file of the cell, below the records of a results folder.
        example: which test example, from 0.
        bucket: which length of the curve, from 0 the shortest; -1 is the longest.
        plugin: plugin files that the cell needs.
        out: folder of the figure; the working directory if not given.
        as_json: print the trace as JSON and nothing else.
    """
    from benchmark.running.record import Record
    from benchmark.running.store import make_writable, read_record

    found = read_record(record) if record.is_file() else None
    if not isinstance(found, Record):
        raise UsageError(f"{record} is not a record" + (f": {found.reason}" if found else "; there is no such file"))
    folder = out or Path.cwd()
    make_writable(folder)
    from benchmark.contracts.registry import Registry
    from benchmark.measuring.trace import trace as follow
    from benchmark.reporting.trace import draw_trace, trace_lines
    from benchmark.running.traces import trace_of
    from benchmark.running.worker import train_cell

    registry, cell = Registry(plugin or ()), found.cell
    task = registry.task(cell.task.name)()
    if not -len(task.curve.buckets) <= bucket < len(task.curve.buckets):
        raise UsageError(f"{cell.task.name} has buckets 0 to {len(task.curve.buckets) - 1}, got --bucket {bucket}")
    low, high = task.curve.buckets[bucket]
    length = (high, high) if task.curve.axis == "position" else (low, high)
    print(f"training {cell.id} again ({cell.budget.updates or 'by evaluations'} updates)", file=sys.stderr)
    model = train_cell(cell, registry, task)[0].model
    try:
        followed = asdict(follow(model, task, cell.seed, example, length))
    except IndexError as error:
        raise UsageError(str(error)) from None
    command = f"ebb trace {_place(record)} --example {example} --bucket {bucket}"
    draw_trace(followed, f"{cell.id}, example {example}", folder, command)
    kept = _keep(record, trace_of(cell, example, *length, command, followed), f"{bucket}-{example}")
    if as_json:
        print(json.dumps(followed))
        return 0
    from rich.console import Console

    console = Console(width=120)
    for line in trace_lines(followed):
        console.print(line)
    print(f"\nwritten: {folder}/trace.pdf .svg .png{f' {kept}' if kept else ''}", file=sys.stderr)
    return 0


def _keep(record: Path, trace: "Trace", suffix: str) -> Path | None:
    """Keep a trace beside the records that its own is among, for the site; None where it stands alone."""
    from benchmark.running.store import Store
    from benchmark.running.traces import save_trace

    root = _root(record)
    return None if root is None else save_trace(Store(root), f"{trace.task}-{record.stem}-{suffix}", trace)


def _root(record: Path) -> Path | None:
    """The folder of results that a record lies in, None where it stands alone."""
    return next((parent.parent for parent in record.resolve().parents if parent.name == "records"), None)


def _place(record: Path) -> Path:
    """A record as the command that is kept names it: from its folder of results on, which may lie anywhere."""
    root = _root(record)
    return record if root is None else record.resolve().relative_to(root.parent)
