"""Where tables are printed."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def wide_console() -> "Console":
    """Standard output: as wide as the terminal, and 160 columns where it goes elsewhere."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)
