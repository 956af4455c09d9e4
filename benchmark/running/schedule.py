"""A plan on paper: which cell runs where and when, from what cells cost. Free of torch."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmark.running.cell import Cell, Job
from benchmark.running.record import Record


@dataclass(frozen=True)
class Slot:
    """A cell on a worker, from begin to end in seconds."""

    cell: Cell
    worker: int
    begin: float
    end: float


@dataclass(frozen=True)
class Schedule:
    """Cells over workers.

    Attributes:
        workers: how many, each with one thread.
        slots: in the order in which they begin.
    """

    workers: int
    slots: tuple[Slot, ...]

    @property
    def makespan(self) -> float:
        """Seconds from the beginning to the end of the last cell."""
        return max((slot.end for slot in self.slots), default=0.0)

    @property
    def cost(self) -> float:
        """CPU-seconds of all cells."""
        return sum(slot.end - slot.begin for slot in self.slots)

    @property
    def bound(self) -> float:
        """Seconds below which no schedule can come: the longest cell, or a fair share of all."""
        longest = max((slot.end - slot.begin for slot in self.slots), default=0.0)
        return max(longest, self.cost / self.workers)

    @property
    def use(self) -> float:
        """Share of the workers' time in which they work, in [0, 1]; 1 is best."""
        return self.cost / (self.workers * self.makespan) if self.slots else 1.0


def schedule(jobs: Iterable[Job], workers: int) -> Schedule:
    """Give each cell, the longest first, to the worker that is free first (Graham 1969).

    No schedule is shorter than 3/4 of this one. It is what a run does, if cells cost what they are expected to.

    Raises:
        ValueError: for fewer than one worker.
    """
    if workers < 1:
        raise ValueError(f"the number of workers must be >= 1, got {workers}")
    free = [(0.0, worker) for worker in range(workers)]  # a heap of when each is free
    slots = []
    for job in sorted(jobs, key=lambda job: -job.cpu_seconds):
        begin, worker = heapq.heappop(free)
        slots.append(Slot(job.cell, worker, begin, begin + job.cpu_seconds))
        heapq.heappush(free, (slots[-1].end, worker))
    return Schedule(workers, tuple(sorted(slots, key=lambda slot: (slot.begin, slot.worker))))


def with_measured_costs(jobs: Sequence[Job], records: Iterable[Record]) -> tuple[list[Job], int]:
    """Replace expected costs by the median of what like cells took: same task, model, baseline and budget.

    What is counted is process-CPU time: a clock on the wall also counts what else the machine did.

    Returns:
        The jobs, and how many of them have a measured cost.
    """
    taken: dict[tuple, list[float]] = defaultdict(list)
    for record in records:
        seconds = record.spent.get("cell_cpu_seconds")
        if record.status == "ok" and seconds:
            taken[_kind(record.cell)].append(seconds)
    known = [job for job in jobs if _kind(job.cell) in taken]
    priced = [replace(job, cpu_seconds=median(taken.get(_kind(job.cell), [job.cpu_seconds]))) for job in jobs]
    return priced, len(known)


def _kind(cell: Cell) -> tuple:
    return cell.task.name, cell.model.name, cell.baseline.name, cell.budget.updates, cell.budget.evaluations
