"""`ebb plan`: how long a suite takes on so many workers, before anything runs."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from benchmark.cli.console import inert, wide_console
from benchmark.cli.selection import Positive, Selection


def plan(
    suite: str = "full",
    *,
    workers: Annotated[int, Positive] = 2,
    selection: Selection | None = None,
    records: Path | None = None,
    out: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Schedule the cells of a suite, the longest first, over workers of one thread each; nothing is run.

    Costs are those measured for the suites on one core; with --records, cells whose like were run (same task, model,
    baseline and budget) cost the median of what those took.

    Examples:

        ebb plan full --workers 64
        ebb plan quick --workers 2 --records results/runs/quick

    Args:
        suite: smoke, quick or full.
        workers: how many.
        selection: as for `ebb run`.
        records: results folder from which costs are taken.
        out: folder of the figure; the working directory if not given.
        as_json: print `{"makespan_seconds", "bound_seconds", "cpu_hours", "use", "rows", "slots", ...}`, draw nothing.
    """
    from benchmark.reporting.schedule import draw_schedule, duration, slots_of, summary
    from benchmark.running.schedule import schedule, with_measured_costs
    from benchmark.running.store import make_writable

    selection = selection or Selection()
    jobs, measured = selection.jobs(suite), 0
    if records:
        jobs, measured = with_measured_costs(jobs, _records(records))
    planned = schedule(jobs, workers)
    figures = summary(planned, measured)
    if as_json:
        print(json.dumps(figures | {"slots": slots_of(planned)}, indent=1, allow_nan=False))
        return 0
    folder = out or Path.cwd()
    make_writable(folder)
    title = f"{suite}: {len(planned.slots)} cells, {workers} workers, {duration(planned.makespan)}"
    draw_schedule(planned, title, folder, command=f"ebb plan {suite} --workers {workers}")
    _print(figures, title)
    print(f"\nwritten: {folder}/schedule.pdf .svg .png", file=sys.stderr)
    return 0


def _records(folder: Path) -> list:
    from benchmark.cli.board import stored_records

    return stored_records(folder, lambda record: record.model_copy(update={"measures": {}, "curves": {}}))


def _print(figures: dict[str, Any], title: str) -> None:
    from rich.table import Table

    from benchmark.reporting.schedule import duration

    table = Table(title=inert(title), title_justify="left")
    for column in ("task", "model", "cells", "a cell", "CPU time"):
        table.add_column(column, justify="left" if column in ("task", "model") else "right")
    for row in figures["rows"]:
        shortest, longest = duration(row["shortest_seconds"]), duration(row["longest_seconds"])
        each = shortest if shortest == longest else f"{shortest} to {longest}"
        table.add_row(inert(row["task"]), inert(row["model"]), str(row["cells"]), each, _cpu(row["cpu_hours"]))
    table.add_section()
    table.add_row("all", "", str(figures["cells"]), "", _cpu(figures["cpu_hours"]))
    console = wide_console()
    console.print(table)
    console.print(
        f"{duration(figures['makespan_seconds'])} from beginning to end; no schedule is shorter than "
        f"{duration(figures['bound_seconds'])}; the workers are busy {figures['use']:.0%} of the time; costs of "
        f"{figures['measured_cells']} cells from records, of the others from the suite",
        highlight=False,
    )


def _cpu(hours: float) -> str:
    from benchmark.reporting.schedule import duration

    return duration(3600 * hours)
