"""A sweep: cells go to an engine, and each record is stored as soon as its cell has ended.

This process alone writes records, so stopping at any time loses only what runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.errors import UsageError
from benchmark.running.cell import Cell
from benchmark.running.checkpoint import discard
from benchmark.running.engines.engine import Engine
from benchmark.running.planning import Job
from benchmark.running.record import Record, Status
from benchmark.running.stop import Stop
from benchmark.running.store import Damaged, Store


@dataclass
class Sweep:
    """What became of a list of jobs.

    Attributes:
        kept: records that were there already.
        made: records of this run, in the order in which they were finished.
        damaged: files that stood where a record should; their cells were run again.
        stopped: the signal that ended it before its end, 0 if none did.
    """

    kept: list[Record] = field(default_factory=list)
    made: list[Record] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)
    stopped: int = 0

    @property
    def records(self) -> list[Record]:
        """All records of the jobs."""
        return self.kept + self.made

    @property
    def overhead(self) -> float | None:
        """Share of the CPU time of this run's cells that went into neither updates nor evaluation, in [0, 1].

        Cells that did not end well, or went on from a checkpoint, are left out; None if none is left.
        """
        timed = [record.spent for record in self.made if "cell_cpu_seconds" in record.spent and record.status == "ok"]
        whole = [spent for spent in timed if _at_work(spent) <= spent["cell_cpu_seconds"]]
        if not whole:
            return None
        return 1 - sum(map(_at_work, whole)) / sum(spent["cell_cpu_seconds"] for spent in whole)


def _at_work(spent: Mapping[str, float]) -> float:
    """CPU-seconds of updates and evaluation."""
    return sum(spent[f"{name}_cpu_seconds"] for name in ("training", "learning_curve", "evaluation"))


@dataclass(frozen=True)
class Progress:
    """Where a sweep stands, in cells and in expected CPU-seconds; `stopping` if no further cell is begun."""

    done: int
    running: int
    failed: int
    total: int
    cost_done: float
    cost_total: float
    latest: Record | None
    stopping: bool = False


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
    engine: Engine,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Sweep:
    """Run jobs and store a record of each; return the sweep with the new records added.

    Args:
        engine: where they run; closed at the end.
        report: called when a cell has ended, and about twice a second in between.

    Raises:
        UsageError: if a record cannot be stored; those before are.
    """
    store.tidy()
    costs = {job.cell.key: job.cpu_seconds for job in jobs}
    waiting = {job.cell.key: job.cell for job in jobs}
    marks = {record.cell.key: store.mark(record.cell) for record in sweep.kept}
    with engine, Stop() as stop:
        for job in jobs:
            engine.submit(job.cell)
        while waiting and not stop.at_once:
            if stop.asked:
                for cell in engine.forget_waiting():
                    del waiting[cell.key]
            report(_progress(sweep, waiting, costs, engine, stop))
            for record in engine.wait(0.5):
                del waiting[record.cell.key]
                if record.status == "not_applicable":
                    costs[record.cell.key] = 0.0  # it took no time, and says nothing of the pace of others
                _store(record, store, sweep)
                marks[record.cell.key] = store.mark(record.cell)
                report(_progress(sweep, waiting, costs, engine, stop, record))
    sweep.stopped = stop.asked
    for record in sweep.records:
        untouched = store.mark(record.cell) == marks[record.cell.key]
        if not untouched and store.load(record.cell) != record:
            store.save(record)  # a cell has the user's rights, and one has used them on another's record
    return sweep


def _store(record: Record, store: Store, sweep: Sweep) -> None:
    """Store a record; the state of its training is kept only where a retry goes on from it."""
    former = store.load(record.cell) if record.status == "not_applicable" else None
    if isinstance(former, Record) and (former.status, former.reason) == (record.status, record.reason):
        record = former  # nothing new: the file stays as it is
    try:
        if record is not former:
            store.save(record)
    except OSError as problem:
        raise UsageError(
            f"cannot store the record of {record.cell.id}: {problem.strerror or problem}; {len(sweep.made)} cells of "
            "this run are stored, and the same command goes on from there"
        ) from None
    if record.status not in ("timeout", "killed", "oom"):
        discard(store.checkpoints, record.cell)
    sweep.made.append(record)


def _progress(
    sweep: Sweep,
    waiting: dict[str, Cell],
    costs: dict[str, float],
    engine: Engine,
    stop: Stop,
    latest: Record | None = None,
) -> Progress:
    left = sum(costs[key] for key in waiting)
    return Progress(
        done=len(sweep.made),
        running=engine.running,
        failed=sum(record.status not in ("ok", "not_applicable") for record in sweep.made),
        total=len(sweep.made) + len(waiting),
        cost_done=sum(costs.values()) - left,
        cost_total=sum(costs.values()),
        latest=latest,
        stopping=bool(stop.asked),
    )
