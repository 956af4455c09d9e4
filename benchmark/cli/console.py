"""Where tables are printed."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from benchmark.reporting.tables import Table

_WORDS = ("id", "claim", "source", "baseline", "part", "status", "verdict")  # columns of words, set left


def wide_console() -> "Console":
    """Standard output: as wide as the terminal, and 160 columns where it goes elsewhere."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def inert(text: str, style: str = "") -> "Text":
    """Text that a terminal shows and does not obey: no markup, no control characters."""
    from rich.text import Text

    from benchmark.reporting.escapes import plain

    return Text(plain(text), style)


def print_table(console: "Console", table: "Table") -> None:
    """Print a table of text with its caption, and an empty line."""
    from rich.table import Table as Printed

    printed = Printed(caption=inert(table.caption), caption_justify="left")
    for column in table.columns:
        printed.add_column(column, justify="left" if column in _WORDS else "right")
    for cells in table.cells:
        printed.add_row(*map(inert, cells))
    console.print(printed, "")
