"""Cells over processes: one a core, one thread each. A crash or a hang of one cell touches no other.

The parent alone writes records, each as soon as its cell has ended, so stopping at any time loses only what runs.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from benchmark.running.cell import Cell
from benchmark.running.planning import Job
from benchmark.running.provenance import provenance
from benchmark.running.record import Record, Status
from benchmark.running.store import Damaged, Store

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass
class Sweep:
    """What became of a list of jobs.

    Attributes:
        kept: records that were there already.
        made: records of this run, in the order in which they were finished.
        damaged: files that stood where a record should; their cells were run again.
        interrupted: whether the user stopped it before the end.
    """

    kept: list[Record] = field(default_factory=list)
    made: list[Record] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)
    interrupted: bool = False

    @property
    def records(self) -> list[Record]:
        """All records of the jobs."""
        return self.kept + self.made


@dataclass(frozen=True)
class Progress:
    """Where a sweep stands, in cells and in expected CPU-seconds."""

    done: int
    running: int
    failed: int
    total: int
    cost_done: float
    cost_total: float
    latest: Record | None


def sort_out(jobs: Sequence[Job], store: Store, retry: frozenset[Status] = frozenset()) -> tuple[Sweep, list[Job]]:
    """Split jobs into what is stored and what is to do.

    A cell is to do where its record is missing or damaged, was not applicable (a package may have come since), or has a
    status that is to be retried.
    """
    sweep, to_do = Sweep(), []
    for job in jobs:
        found = store.load(job.cell)
        if isinstance(found, Record) and found.status not in retry | {"not_applicable"}:
            sweep.kept.append(found)
            continue
        if isinstance(found, Damaged):
            sweep.damaged.append(found)
        to_do.append(job)
    return sweep, to_do


def run_jobs(
    jobs: Sequence[Job],
    store: Store,
    sweep: Sweep,
    *,
    workers: int,
    timeout: float,
    plugins: Sequence[Path] = (),
    report: Callable[[Progress], None] = lambda progress: None,
) -> Sweep:
    """Run jobs and store a record of each; return the sweep with the new records added.

    Args:
        workers: processes.
        timeout: seconds of wall time a cell may take; then it is killed and recorded as such.
        report: called when a cell has ended, and about twice a second in between.
    """
    from benchmark.running.worker import work  # here, so that the parent's other users need no torch

    files = tuple(str(file.resolve()) for file in plugins)
    pool = process_pool(min(workers, max(len(jobs), 1)))
    costs = {job.cell.key: job.cpu_seconds for job in jobs}
    waiting: dict[Future, Cell] = {}
    try:
        for job in jobs:
            future = pool.schedule(work, args=(job.cell.model_dump_json(), files), timeout=timeout)
            waiting[future] = job.cell
        while waiting:
            report(_progress(sweep, waiting, costs, None))
            ended, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in ended:
                record = _result(future, waiting.pop(future), timeout)
                store.save(record)
                sweep.made.append(record)
                report(_progress(sweep, waiting, costs, record))
        pool.close()
    except KeyboardInterrupt:
        sweep.interrupted = True
        pool.stop()
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()
    return sweep


def process_pool(workers: int) -> ProcessPool:
    """Make processes of one thread each, which share nothing."""
    for variable in THREAD_VARIABLES:  # inherited by the workers, which read them when torch is imported
        os.environ[variable] = "1"
    context = multiprocessing.get_context("spawn")
    return ProcessPool(max_workers=workers, context=context, initializer=_leave_interrupts_to_parent)


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _progress(sweep: Sweep, waiting: dict[Future, Cell], costs: dict[str, float], latest: Record | None) -> Progress:
    left = sum(costs[cell.key] for cell in waiting.values())
    return Progress(
        done=len(sweep.made),
        running=sum(future.running() for future in waiting),
        failed=sum(record.status not in ("ok", "not_applicable") for record in sweep.made),
        total=len(sweep.made) + len(waiting),
        cost_done=sum(costs.values()) - left,
        cost_total=sum(costs.values()),
        latest=latest,
    )


def _result(future: Future, cell: Cell, timeout: float) -> Record:
    """Turn whatever a worker left behind into a record."""
    try:
        return Record.model_validate_json(future.result())
    except TimeoutError:
        status, reason = "timeout", f"took longer than {timeout:g} s; allow more with --timeout"
    except ProcessExpired as problem:
        status, reason = "killed", f"its process ended by itself ({_exit(problem.exitcode)})"
    except CancelledError:
        status, reason = "killed", "cancelled before it ended"
    except Exception as problem:
        status, reason = "error", f"{type(problem).__name__}: {problem}"
    return Record(cell=cell, status=status, reason=reason, provenance=provenance())


def _exit(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
