"""`ebb board DIR --with FILE`: the board with the results of others, and what they change."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cli.board import print_board, stored_records, write_board_of, written
from benchmark.cli.console import inert, wide_console
from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.reporting.board import Row
    from benchmark.reporting.merging import Merged, Origin
    from benchmark.running.record import Record
    from benchmark.running.submissions import Submission

HERE = "preview"
"""Folder for the board, beside the folder's own."""


class _Noted:
    """Keeps of records what a board needs, and notes where each comes from."""

    def __init__(self) -> None:
        from benchmark.reporting.board import AsNeeded

        self.origins: dict[str, Origin] = {}
        self._keep, self.name = AsNeeded(), ""

    def __call__(self, record: "Record") -> "Record":
        from benchmark.reporting.merging import origin_of

        self.origins.setdefault(record.cell.key, origin_of(record, self.name))
        return self._keep(record)


def preview(folder: Path, archives: Sequence[Path], as_json: bool) -> int:
    """Write and print the board of a folder with the records of archives, each row with its origin, and the changes.

    Raises:
        UsageError: if the folder holds no record, two archives have one name, or one of them is refused.
    """
    from benchmark.reporting.merging import changes, mark, merge

    names = [path.name for path in archives]
    if len(set(names)) < len(names):
        raise UsageError(f"archives are told apart by the names of their files, and two are called {names}")
    noted = _Noted()
    noted.name = folder.resolve().name
    own = stored_records(folder, noted)
    merged = merge(own, {path.name: _read(path, noted).records for path in archives})
    command = " ".join(["ebb board", str(folder), *(f"--with {path}" for path in archives)])
    rows, summary = write_board_of(
        merged.records, folder / HERE, command, lambda rows: mark(rows, merged.records, noted.origins)
    )
    changed = changes(own, merged.records)
    if as_json:
        content = {"rows": rows, "overall": summary, "changes": changed}
        print(json.dumps(content, allow_nan=False, indent=1))
        return 0
    print_board(rows, summary)
    _report(merged)
    _print_changes(changed)
    print(f"\n{written(folder / HERE)}")
    return 0


def _read(path: Path, noted: _Noted) -> "Submission":
    """Read an archive; it is refused as a whole, and the folder stays as it is.

    Raises:
        UsageError: with the reason.
    """
    from benchmark.reading import Refused
    from benchmark.running.submissions import read_submission

    noted.name = path.name
    try:
        return read_submission(path, noted)
    except Refused as problem:
        raise UsageError(f"the archive {path} is refused: {problem}") from None
    except OSError as error:
        raise UsageError(f"the archive {path} cannot be opened: {error.strerror or error}") from None


def _report(merged: "Merged") -> None:
    """Say of each archive how many of its records are new, and which differ from those that are here."""
    from benchmark.reporting.escapes import plain

    for name, count in merged.added.items():
        print(plain(f"{name}: {count} records are new, {merged.same[name]} are here already with the same numbers"))
        for cell in merged.different[name]:
            print(plain(f"{name}: {cell} is here with other numbers, which stay"), file=sys.stderr)


def _print_changes(changed: "Sequence[Row]") -> None:
    from rich.table import Table

    from benchmark.reporting.tables import CHANGES

    if not changed:
        print("The leaderboard does not change.")
        return
    table = Table(title="What changes", title_justify="left")
    for column in CHANGES:
        table.add_column(column, justify="left" if column in ("task", "model", "baseline") else "right")
    for row in changed:
        table.add_row(*(inert(text(row)) for text in CHANGES.values()))
    wide_console().print(table)
