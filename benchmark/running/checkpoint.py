"""The state of a cell's training on disk, from which it goes on after its process has died."""

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from benchmark.running.cell import Cell


class Stateful(Protocol):
    """What can stop and go on."""

    def state_dict(self) -> Any:
        """Return all that it takes to go on, as tensors, numbers, words, lists and dicts."""

    def load_state_dict(self, state: Any) -> None:
        """Go on from a state."""


def discard(folder: Path, cell: Cell) -> None:
    """Remove what is saved of a cell."""
    path = checkpoint_path(folder, cell)
    for file in (path, path.with_suffix(".part")):
        file.unlink(missing_ok=True)


def checkpoint_path(folder: str | Path, cell: Cell) -> Path:
    """Return where the state of a cell belongs."""
    return Path(folder) / f"{cell.key}.pt"


class Checkpoint:
    """Saves the state of a cell's training at intervals of wall-clock time, and takes it up.

    Args:
        path: of the file; its folder is made where it is missing.
        interval: seconds between two savings.
    """

    def __init__(self, path: Path, cell: Cell, interval: float) -> None:
        self._path, self._cell, self._interval = path, cell, interval
        self._saved = time.monotonic()

    def resume(self, **parts: Stateful) -> bool:
        """Take up what is saved, if anything is; False where it does not fit, and the parts must be made anew."""
        if not self._path.exists():
            return True
        import torch

        try:
            content = torch.load(self._path, weights_only=True)
            if content["origin"] != self._origin():
                raise ValueError(f"it was made by {content['origin']}, and this is {self._origin()}")
            for name, part in parts.items():
                part.load_state_dict(content["parts"][name])
        except Exception as problem:  # a file that was cut off or altered can fail in any way
            self._warn("cannot be taken up, training begins anew", problem)
            return False
        return True

    def save_if_due(self, **parts: Stateful) -> None:
        """Save where the interval has passed; if that fails, the user is told and training goes on."""
        if time.monotonic() - self._saved < self._interval:
            return
        import torch

        content = {"origin": self._origin(), "parts": {name: part.state_dict() for name, part in parts.items()}}
        aside = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(content, aside)
            aside.replace(self._path)
        except (OSError, RuntimeError) as problem:  # torch reports a full disk as either
            with suppress(OSError):
                aside.unlink()
            self._warn("cannot be written", problem)
        self._saved = time.monotonic()

    def _origin(self) -> dict[str, str]:
        """What must be the same for the numbers to be the same."""
        import torch

        return {"cell": self._cell.key, "torch": str(torch.__version__)}

    def _warn(self, what: str, problem: Exception) -> None:
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        print(f"the checkpoint {self._path} {what}: {reason}", file=sys.stderr)
