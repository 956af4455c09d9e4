"""A folder of records. A file is whole or it is not there: it is written aside and renamed."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmark.errors import UsageError
from benchmark.running.cell import Cell
from benchmark.running.record import Record


@dataclass(frozen=True)
class Damaged:
    """A file that stands where a record should, and what is wrong with it."""

    path: Path
    reason: str


def make_writable(folder: Path) -> None:
    """Make a folder and write a file in it that is gone at once.

    Raises:
        UsageError: if that fails.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"cannot write to the output folder {folder}: {error.strerror or error}; choose another with --out"
        ) from None


class Store:
    """The records below `root/records`, one JSON file a cell."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.records = root / "records"
        self.checkpoints = root / "checkpoints"

    def prepare(self) -> None:
        """Make the folder and prove that it can be written to, before anything has been computed.

        Raises:
            UsageError: if it cannot.
        """
        make_writable(self.records)

    def path(self, cell: Cell) -> Path:
        """Return where the record of a cell belongs: its readable id, then the beginning of its key."""
        return self.records / f"{cell.id}-{cell.key[:12]}.json"

    def save(self, record: Record) -> Path:
        """Write a record by atomic rename, replacing an older one of the same cell."""
        path = self.path(record.cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(record.to_json())
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        return path

    def load(self, cell: Cell) -> Record | Damaged | None:
        """Read the record of a cell, None where there is none."""
        path = self.path(cell)
        return read_record(path) if path.exists() else None

    def load_all(self) -> tuple[list[Record], list[Damaged]]:
        """Read every record, and name every file that is not one."""
        found = [read_record(path) for path in sorted(self.records.rglob("*.json"))]
        return [f for f in found if isinstance(f, Record)], [f for f in found if isinstance(f, Damaged)]


def read_record(path: Path) -> Record | Damaged:
    """Read one file."""
    try:
        record = Record.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return Damaged(path, f"{where}: {first['msg']}" if where else first["msg"])
    except OSError as error:
        return Damaged(path, str(error))
    return record
