"""What all engines have in common: cells go in, records come out, and no cell can make an engine raise."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from benchmark.running.cell import Cell
from benchmark.running.provenance import provenance
from benchmark.running.record import Record, Status


@dataclass(frozen=True)
class Terms:
    """What holds for every cell of a sweep. Numbers and words alone, so that it travels to other processes.

    Attributes:
        timeout: seconds of wall time that a cell may take.
        plugins: files with plugins that the cells need.
        memory: GB (10^9 bytes) that a cell may allocate, None for no limit.
        gpus: that a cell is given, where the engine gives any; a fraction shares one.
        devices: GPUs that a cell sees, as in CUDA_VISIBLE_DEVICES; None for what its machine says.
        ranks: processes that share the training of one cell, a part of each batch to each.
        checkpoints: folder for the state of training, None for none; made where it is missing.
        interval: seconds between two checkpoints of a cell.
        logs: folder for the figures of training while it runs, None for none.
        track: names of trackers that get them too.
        validation: train only; the record's free-running quality is that on validation data, and it is for no store.
    """

    timeout: float
    plugins: tuple[str, ...] = ()
    _: KW_ONLY
    memory: float | None = None
    gpus: float = 0
    devices: str | None = None
    ranks: int = 1
    checkpoints: str | None = None
    interval: float = 60
    logs: str | None = None
    track: tuple[str, ...] = ()
    validation: bool = False


class Engine(ABC):
    """Runs cells, as many at a time as there is room for; leaving its context ends whatever still runs."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._waiting: deque[Cell] = deque()

    def submit(self, cell: Cell) -> None:
        """Add a cell to those that wait; it begins in a later call of `wait`."""
        self._waiting.append(cell)

    def wait(self, seconds: float) -> list[Record]:
        """Begin cells while there is room, and return the records of those that end within some seconds."""
        begin = [self._waiting.popleft() for _ in range(min(self._room(), len(self._waiting)))]
        if begin:
            self._begin(begin)
        return self._ended(seconds)

    def forget_waiting(self) -> list[Cell]:
        """Begin no further cell, and return those that will not run."""
        forgotten = list(self._waiting)
        self._waiting.clear()
        return forgotten

    @property
    def unfinished(self) -> int:
        """Cells that wait or run."""
        return len(self._waiting) + self.running

    @property
    @abstractmethod
    def running(self) -> int:
        """Cells that have begun and not ended."""

    @abstractmethod
    def _room(self) -> int:
        """How many more cells could begin now."""

    @abstractmethod
    def _begin(self, cells: Sequence[Cell]) -> None:
        """Begin some cells."""

    @abstractmethod
    def _ended(self, seconds: float) -> list[Record]:
        """Wait for a cell to end, up to some seconds, and return the records of all that have."""

    @abstractmethod
    def close(self) -> None:
        """End what runs, at once."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def failed(cell: Cell, status: Status, reason: str, traceback: str = "", seconds: float | None = None) -> Record:
    """Make the record of a cell that could not make its own."""
    spent = {} if seconds is None else {"cell_wall_seconds": seconds}
    return Record(cell=cell, status=status, reason=reason, traceback=traceback, spent=spent, provenance=provenance())
