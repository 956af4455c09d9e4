"""TensorBoard: one run a cell, below `tensorboard` in the folder of the logs."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.running.cell import Cell
from benchmark.running.trackers.tracker import Line, place_of


class TensorBoard:
    """Scalars by update."""

    def __init__(self, cell: Cell, folder: Path, former: Sequence[Line]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        made_again = int(former[-1]["update"]) + 1 if former else None
        self._writer = SummaryWriter(str(folder / "tensorboard" / place_of(cell)), purge_step=made_again)

    def log(self, line: Line) -> None:
        """Add a scalar for each figure."""
        for name, value in line.items():
            if name != "update":
                self._writer.add_scalar(name, value, int(line["update"]))
        self._writer.flush()

    def close(self, ok: bool) -> None:
        """Close the writer."""
        self._writer.close()
