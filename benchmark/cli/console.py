"""Where tables are printed."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def wide_console() -> "Console":
    """Standard output: as wide as the terminal, and 160 columns where it goes elsewhere."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def inert(text: str, style: str = "") -> "Text":
    """Text that a terminal shows and does not obey: no markup, no control characters."""
    from rich.text import Text

    from benchmark.reporting.escapes import plain

    return Text(plain(text), style)
