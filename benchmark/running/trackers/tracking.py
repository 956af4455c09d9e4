"""Which trackers a run has, by name; and all of a cell's as one, of which none can harm the cell."""

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from benchmark.errors import UsageError, unknown_name
from benchmark.running.cell import Cell
from benchmark.running.trackers.tensorboard import TensorBoard
from benchmark.running.trackers.tracker import Begin, JsonLines, Line, Tracker
from benchmark.running.trackers.wandb import Wandb

GROUP = "ebb.trackers"

_OWN: Mapping[str, Begin] = {"tensorboard": TensorBoard, "wandb": Wandb}  # each needs the package of its name


def find_tracker(name: str) -> Begin:
    """Return what makes the trackers of that name.

    Raises:
        UsageError: if nothing has that name, if its package is not installed, or if it does not import.
    """
    announced = {point.name: point for point in entry_points(group=GROUP)}
    if name in _OWN:
        if importlib.util.find_spec(name) is None:
            raise UsageError(
                f"the tracker {name!r} needs the package {name}, which is not installed; "
                f"`pip install 'exposure-bias-benchmark[{name}]'` installs it"
            )
        return _OWN[name]
    if name not in announced:
        raise unknown_name("tracker", name, {*_OWN, *announced})
    try:
        return announced[name].load()
    except Exception as error:  # whatever another's package does wrong when it is imported
        raise UsageError(f"the tracker {name!r} cannot be imported: {type(error).__name__}: {error}") from error


class Trackers:
    """All trackers of one cell. One that raises is named once and hears no more; training goes on."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._open: dict[str, Tracker] = {}

    def begin(self, name: str, begin: Begin, folder: Path, former: Sequence[Line]) -> None:
        """Begin one more."""
        try:
            self._open[name] = begin(self._cell, folder, former)
        except Exception as problem:
            self._warn(name, problem)

    def log(self, line: Line) -> None:
        """Hand the figures of an update to all."""
        for name, tracker in list(self._open.items()):
            try:
                tracker.log(line)
            except Exception as problem:
                del self._open[name]
                self._warn(name, problem)

    def close(self, ok: bool) -> None:
        """Close all."""
        for name, tracker in self._open.items():
            try:
                tracker.close(ok)
            except Exception as problem:
                self._warn(name, problem)

    def _warn(self, name: str, problem: Exception) -> None:
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        print(f"{self._cell.id} goes on without the tracker {name}, which has failed: {reason}", file=sys.stderr)


@dataclass(frozen=True)
class Tracking:
    """What is tracked: nothing, unless there is a folder.

    Attributes:
        folder: for the files of JSON lines, and for those of trackers that write any.
        names: of further trackers.
    """

    folder: Path | None = None
    names: Sequence[str] = ()

    @contextmanager
    def of(self, cell: Cell, former: Sequence[Line]) -> Iterator[Trackers]:
        """Yield the trackers of a cell, and close them.

        Raises:
            UsageError: if one cannot be had.
        """
        trackers = Trackers(cell)
        if self.folder is not None:
            for name, begin in [("of JSON lines", JsonLines), *((name, find_tracker(name)) for name in self.names)]:
                trackers.begin(name, begin, self.folder, former)
        ok = False
        try:
            yield trackers
            ok = True
        finally:
            trackers.close(ok)
