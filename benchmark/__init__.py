"""ebb, the exposure-bias benchmark: how the quality of a sequence ebbs away when a model lives on its own outputs."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.reporting.frames import Results

__version__ = "0.1.0"


def load(folder: str | Path) -> "Results":
    """Load the records of a folder as tidy pandas frames: `runs`, `measures`, `curves` and `learning`.

    Args:
        folder: where `ebb run` put its records.

    Raises:
        UsageError: if the folder holds no record.
    """
    from benchmark.reporting.frames import load_frames  # here, so that importing the package takes no time

    return load_frames(Path(folder))
