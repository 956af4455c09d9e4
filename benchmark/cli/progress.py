"""Live progress of a sweep: a bar on a terminal, a line a cell elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from benchmark.reporting.escapes import plain
from benchmark.running.record import Record
from benchmark.running.runner import Progress


@contextmanager
def reporter() -> Iterator[Callable[[Progress], None]]:
    """Yield what shows a sweep's progress on standard error."""
    console = Console(stderr=True)
    began = time.monotonic()
    announce = _Once()
    if not console.is_terminal:

        def write(progress: Progress) -> None:
            announce(progress)
            _line(progress, began)

        yield write
        return
    bar = Bar(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"), console=console)
    with bar:
        line = bar.add_task("starting", total=1.0, left="")

        def show(progress: Progress) -> None:
            announce(progress)
            if progress.latest is not None:
                bar.console.print(describe(progress.latest), highlight=False, markup=False)
            bar.update(
                line,
                description=_counts(progress),
                completed=progress.cost_done / (progress.cost_total or 1.0),
                left=_left(progress, time.monotonic() - began),
            )

        yield show


def _line(progress: Progress, began: float) -> None:
    if progress.latest is not None:
        left = _left(progress, time.monotonic() - began)
        print(f"[{progress.done}/{progress.total}] {describe(progress.latest)}; {left}", file=sys.stderr, flush=True)


def describe(record: Record) -> str:
    """One line about a finished cell."""
    seconds = record.spent.get("cell_wall_seconds")
    took = "" if seconds is None else f" in {seconds:.1f} s"
    return plain(f"{record.cell.id} {record.status}{took}" + (f": {record.reason}" if record.reason else ""))


def _counts(progress: Progress) -> str:
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"{progress.done} of {progress.total} cells, {progress.running} running{failed}"


class _Once:
    """Says once that the sweep is about to stop."""

    said = False

    def __call__(self, progress: Progress) -> None:
        if progress.stopping and not self.said:
            self.said = True
            print(
                f"stopping: {progress.running} running cells are finished first; Ctrl-C again stops at once",
                file=sys.stderr,
                flush=True,
            )


def _left(progress: Progress, elapsed: float) -> str:
    if progress.cost_done <= 0:
        return "time left unknown"
    seconds = elapsed * (progress.cost_total / progress.cost_done - 1)
    return f"about {seconds / 60:.1f} min left" if seconds >= 60 else f"about {seconds:.0f} s left"
