"""`ebb board`: from a folder of records to a leaderboard and its figure."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from benchmark.cli.console import inert, print_table, wide_console
from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.reporting.board import Row
    from benchmark.running.record import Record
    from benchmark.running.store import Damaged

_MOST_LAID_OUT = 500  # rows


def board(
    folder: Path,
    *,
    others: Annotated[list[Path] | None, Parameter(name="--with")] = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Print the leaderboard of a folder and write it there, with the figure of quality against length.

    With archives of `ebb pack`, the board of all records together is printed, with the origin and the versions of each
    row and how the ranks change. It is written to FOLDER/preview; the folder's own board and records stay as they are.

    Examples:

        ebb board results/runs/quick
        ebb board results/runs/quick --with mine.zip

    Args:
        folder: where `ebb run` put its records.
        others: an archive of `ebb pack`; may be given more than once. A damaged one is refused as a whole.
        as_json: print the rows as JSON and nothing else; with archives, `changes` too.
    """
    if others:
        from benchmark.cli.preview import preview

        return preview(folder, others, as_json)
    rows, summary = write_reports(folder)
    if as_json:
        from benchmark.reporting.tables import to_json

        print(to_json(rows, summary), end="")
    else:
        print_board(rows, summary)
        print(f"\n{written(folder)}")
    return 0


def write_reports(folder: Path) -> "tuple[list[Row], list[Row]]":
    """Read the records of a folder, write its board and its figure there, and return the rows and those over all tasks.

    Raises:
        UsageError: if the folder holds no record, or cannot be written to.
    """
    from benchmark.reporting.board import AsNeeded

    return write_board_of(stored_records(folder, AsNeeded()), folder)


def write_board_of(
    records: "list[Record]",
    folder: Path,
    command: str | None = None,
    marked: "Callable[[list[Row]], list[Row]]" = lambda rows: rows,
) -> "tuple[list[Row], list[Row]]":
    """Write the board and the figures of records to a folder, and return the rows and those over all tasks.

    Args:
        command: what makes the figures again, for them to say; `ebb report` if not given.
        marked: returns the rows with what else they are to show.

    Raises:
        UsageError: if the folder cannot be written to.
    """
    from benchmark.reporting.figures.catalogue import OF_A_BOARD
    from benchmark.reporting.figures.writing import write_figures
    from benchmark.reporting.report import stamp_of
    from benchmark.reporting.results import Results
    from benchmark.reporting.tables import write_board

    results = Results.of(records, folder)
    rows, summary = marked(results.rows), results.overall
    stamp = stamp_of(results)
    try:
        folder.mkdir(exist_ok=True)
        write_board(rows, folder, summary)
        drawn = write_figures(results, folder / "figures", OF_A_BOARD, replace(stamp, command=command or stamp.command))
    except OSError as error:
        raise UsageError(f"cannot write the board to {folder}: {error.strerror or error}") from None
    for figure, reason in drawn.skipped.items():
        print(f"no figure {figure}: {reason}", file=sys.stderr)
    return rows, summary


def stored_records(folder: Path, keep: "Callable[[Record], Record]" = lambda record: record) -> "list[Record]":
    """Read the records of a folder, as much of each as is to be kept, and name files that are none.

    Raises:
        UsageError: if the folder holds no record.
    """
    from benchmark.running.store import Store

    records, damaged = Store(folder).load_all(keep)
    report_damaged(damaged)
    if not records:
        raise UsageError(f"there are no records in {folder}; `ebb run --out {folder}` makes them")
    return records


def written(folder: Path) -> str:
    """Name the board and the figures of a folder."""
    figures = " ".join(sorted(path.stem for path in (folder / "figures").glob("*.pdf")))
    return f"written: {folder}/leaderboard.md .csv .json; figures (.pdf .svg .png): {figures}"


def report_damaged(damaged: "Sequence[Damaged]") -> None:
    """Name files that are no records."""
    from benchmark.reporting.escapes import plain

    for file in damaged:
        print(plain(f"damaged record {file.path}: {file.reason}; `ebb run` makes it again"), file=sys.stderr)


def print_board(rows: "Sequence[Row]", summary: "Sequence[Row]") -> None:
    """Print the board, a section for each task and model and one over all; a large one in Markdown.

    To lay out thousands of rows would take as long as to read the records that they are made of.
    """
    from benchmark.reporting.tables import FOOTNOTE, overall_section, sections, to_markdown

    if len(rows) > _MOST_LAID_OUT:
        print(to_markdown(rows, summary), end="")
        return
    console = wide_console()
    for section in [*sections(rows), *([overall_section(summary)] if summary else [])]:
        console.print(inert(section.title, "bold"))
        for part in section.tables:
            print_table(console, part)
    console.print(FOOTNOTE, style="dim")
