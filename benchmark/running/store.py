"""A folder of records. A file is whole or it is not there: it is written aside and renamed."""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmark.errors import UsageError
from benchmark.fields import LARGEST
from benchmark.reading import Refused, count_keys, parse_json, read_bounded
from benchmark.running.cell import Cell, canonical_key
from benchmark.running.decoding import decode
from benchmark.running.record import Record

MOST_BYTES = 2**21
"""Of a record's file; those of the suites have 20 to 40 thousand."""


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


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all: aside, to the disk, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


class Store:
    """The records below `root/records`, one JSON file a cell."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.records = root / "records"
        self.checkpoints = root / "checkpoints"
        self.logs = root / "logs"

    def prepare(self) -> None:
        """Make the folder and prove that it can be written to, before anything has been computed.

        Raises:
            UsageError: if it cannot.
        """
        make_writable(self.records)

    def tidy(self) -> None:
        """Remove what a run that was killed had not written to the end; for who holds the folder alone."""
        for aside in self.records.rglob(".*.part"):
            aside.unlink(missing_ok=True)

    def path(self, cell: Cell) -> Path:
        """Return where the record of a cell belongs: its readable id, then the beginning of its key."""
        return Path(_place(str(self.records), cell, cell.key))

    def file_of(self, record: Record) -> Path:
        """Return the file of a record of this store; the name of one of an older version has another key."""
        beside = sorted(self.path(record.cell).parent.glob(f"s{record.cell.seed}-*.json"))
        return next((path for path in beside if self._read(str(path)) == record), self.path(record.cell))

    def save(self, record: Record) -> Path:
        """Write a record by atomic rename, replacing an older one of the same cell.

        A record too large to be read again is replaced by one that says so.
        """
        path, text = self.path(record.cell), record.to_json()
        if len(text.encode()) > MOST_BYTES:
            reason = f"its record would be larger than {MOST_BYTES:,} bytes ({len(text):,} characters)"
            failed = Record(cell=record.cell, status="error", reason=reason, provenance=record.provenance)
            text = failed.to_json()
        write_whole(path, text)
        return path

    def mark(self, cell: Cell) -> tuple[int, ...] | None:
        """Return what changes whenever the file of a cell's record is written to, None where there is none.

        The time of the last change of a file can be set by nobody; that of its content can.
        """
        try:
            found = self.path(cell).lstat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns

    def load(self, cell: Cell) -> Record | Damaged | None:
        """Read the record of a cell, None where there is none."""
        path = self.path(cell)
        return self._read(str(path)) if os.path.lexists(path) else None

    def load_all(self, keep: Callable[[Record], Record] = lambda record: record) -> tuple[list[Record], list[Damaged]]:
        """Read every record, and name every file that is not one.

        Args:
            keep: returns as much of a record as is needed; with many records the rest is better forgotten.
        """
        records, damaged = [], []
        with _without_collector():
            for path in self.files():
                found = self._read(path)
                if isinstance(found, Record):
                    records.append(keep(found))
                else:
                    damaged.append(found)
        return records, damaged

    def files(self) -> Iterator[str]:
        """Yield what stands where records stand, by name: what ends in .json, and folders that are links."""
        for folder, folders, names in os.walk(self.records):
            folders.sort()
            yield from (f"{folder}/{name}" for name in sorted(names) if name.endswith(".json"))
            for entry in (f"{folder}/{name}" for name in folders):
                if entry.endswith(".json") or Path(entry).is_symlink():
                    yield entry  # a folder is refused when it is read

    def _read(self, path: str) -> Record | Damaged:
        """Read a file that must be the record of the cell that its name says."""
        try:
            return parse_in_place(read_bounded(path, MOST_BYTES), path, str(self.records))
        except (Refused, OSError) as error:
            return Damaged(Path(path), _reason(error))


def parse_in_place(content: bytes, path: str, root: str) -> Record:
    """Validate JSON as the record of the cell that its path below a root names.

    The name may have the key of the cell as an older version has written it.

    Raises:
        Refused: if it is none, or that of another cell.
    """
    record = _parse(content)
    if path != _place(root, record.cell, record.cell.key):
        place = _place(root, record.cell, canonical_key(parse_json(content)["cell"]))
        if path != place:
            raise Refused(f"it holds the record of another cell, whose place is {place}")
    return record


def _place(root: str, cell: Cell, key: str) -> str:
    return f"{root}/{cell.id}-{key[:12]}.json"


@contextmanager
def _without_collector() -> Iterator[None]:
    """Records hold no cycles; to look for some among a hundred thousand, even once, takes a quarter of reading them."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # what was read stays for long
        if collected:
            gc.enable()


def read_record(path: Path) -> Record | Damaged:
    """Read one file, wherever it is."""
    try:
        return _parse(read_bounded(path, MOST_BYTES))
    except (Refused, OSError) as error:
        return Damaged(path, _reason(error))


def _parse(content: bytes) -> Record:
    """Validate JSON as a record.

    Raises:
        Refused: if it is none.
    """
    if decoded := decode(content):
        return decoded
    try:
        record = Record.model_validate_json(content, strict=True)
    except ValidationError as error:
        raise Refused(_first(error)) from None
    if count_keys(content) != record.count_keys():
        parse_json(content)
    return record


def _first(error: ValidationError) -> str:
    """The first of the errors: where, and what."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(ascii(str(part)[:40])[1:-1] for part in first["loc"] if part != "[key]")
    bound = first.get("ctx", {}).get("le") or first.get("ctx", {}).get("ge")
    if bound and abs(bound) == LARGEST:
        return f"{where}: a number may be as large as {LARGEST:g}"  # pydantic writes out its 51 digits
    what = first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what


def _reason(error: Refused | OSError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
