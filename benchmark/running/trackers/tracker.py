"""What a tracker is, and the one that is always there: a file of JSON lines. Free of torch."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from benchmark.running.cell import Cell

Line = Mapping[str, float]
"""Figures of an update, and under "update" the number of updates made up to and with it."""


class Tracker(Protocol):
    """Receives the figures of one cell's training."""

    def log(self, line: Line) -> None:
        """Take the figures of an update."""

    def close(self, ok: bool) -> None:
        """Training has ended; `ok` if nothing was raised."""


Begin = Callable[[Cell, Path, Sequence[Line]], Tracker]
"""Makes the tracker of a cell: given the cell, a folder for files, and the lines that a former process has made where
training goes on from its state. What is behind an entry point of `ebb.trackers` is one of these."""


def place_of(cell: Cell) -> str:
    """Name a cell's files below a folder, as its record is named."""
    return f"{cell.id}-{cell.key[:12]}"


class JsonLines:
    """One JSON object a line, `{"update": 20, "nll": 1.5, ...}`, written at once; null for what is not finite.

    A file that a former process has left is written anew up to the state from which training goes on.
    """

    def __init__(self, cell: Cell, folder: Path, former: Sequence[Line]) -> None:
        path = folder / f"{place_of(cell)}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        for line in former:
            self.log(line)

    def log(self, line: Line) -> None:
        """Write a line."""
        finite = {name: value if math.isfinite(value) else None for name, value in line.items()}
        self._file.write(json.dumps(finite, allow_nan=False) + "\n")
        self._file.flush()

    def close(self, ok: bool) -> None:
        """Close the file."""
        self._file.close()
