"""MANIFEST.json: which cells were planned, and the hash of every record and of every file of a report."""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints, ValidationError

from benchmark.errors import UsageError
from benchmark.fields import Label
from benchmark.reading import Refused, parse_json, read_bounded
from benchmark.running.cell import Cell
from benchmark.running.store import MOST_BYTES as MOST_BYTES_OF_RECORD
from benchmark.running.store import Store, write_whole
from benchmark.settings import Frozen

NAME = "MANIFEST.json"
MOST_BYTES = 2**28
"""Of a manifest."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Place = Annotated[str, StringConstraints(max_length=500, pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*$")]


class Manifest(Frozen):
    """What a folder of results should hold.

    Attributes:
        planned: readable id of every cell that any run into this folder was to compute, by its key.
        records: sha256 of the bytes of every record, by its path below `records`.
        files: sha256 of the bytes of every file that `ebb report` made of them, by its path below the folder.
        sources: sha256 of the source of each built-in task and method, by kind, name and version, when a run into this
            folder first had it.
    """

    schema_version: Literal[1] = 1
    planned: dict[Digest, Place]
    records: dict[Place, Digest]
    files: dict[Place, Digest] = {}
    sources: dict[Label, Digest] = {}


def write_manifest(store: Store, cells: Iterable[Cell], sources: Mapping[str, str] | None = None) -> Path:
    """Write the manifest of a store after a run of these cells; what former runs had planned stays planned."""
    planned, sources = {cell.key: cell.id for cell in cells}, sources or {}
    path = store.root / NAME
    if path.exists():
        former = read_manifest(store)
        if isinstance(former, Manifest):
            planned, sources = former.planned | planned, {**sources, **former.sources}
    return _write(Manifest(planned=planned, records=hash_records(store), sources=dict(sources)), store.root)


def list_files(store: Store, out: Path, files: Iterable[Path]) -> Path:
    """Write the manifest of a report: its files below `out`, and the records of the store that it was made from.

    Beside the records themselves their hashes stay those that the run wrote, by which `ebb verify` judges them.
    """
    found = read_manifest(store)
    whole = isinstance(found, Manifest)
    planned, records, sources = (found.planned, found.records, found.sources) if whole else ({}, None, {})
    if records is None or out.resolve() != store.root.resolve():
        records = hash_records(store)
    hashes = {path.relative_to(out).as_posix(): _sha256(path.read_bytes()) for path in sorted(files)}
    return _write(Manifest(planned=planned, records=records, files=hashes, sources=sources), out)


def _write(manifest: Manifest, folder: Path) -> Path:
    path = folder / NAME
    write_whole(path, manifest.model_dump_json(indent=1) + "\n")
    return path


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_manifest(store: Store) -> Manifest | str:
    """Read the manifest of a store, or say why it cannot be read."""
    try:
        return parse_manifest(read_bounded(store.root / NAME, MOST_BYTES))
    except FileNotFoundError:
        return "there is none; `ebb run` writes it when it ends"
    except (Refused, OSError) as error:
        return str(error)


def parse_manifest(content: bytes) -> Manifest:
    """Validate JSON as a manifest.

    Raises:
        Refused: if it is none.
    """
    try:
        parse_json(content)
        return Manifest.model_validate_json(content, strict=True)
    except ValidationError as error:
        raise Refused(str(error.errors(include_url=False, include_input=False)[0]["msg"])) from None


def hash_records(store: Store) -> dict[str, str]:
    """Hash every file that stands where a record stands and can be read; one that cannot is no record."""
    hashes = {}
    for path in store.files():
        try:
            content = read_bounded(path, MOST_BYTES_OF_RECORD)
        except (Refused, OSError):
            continue
        hashes[Path(path).relative_to(store.records).as_posix()] = _sha256(content)
    return hashes


def hash_files(root: Path, places: Iterable[str]) -> dict[str, str]:
    """Hash files below a folder; one that cannot be read has none."""
    hashes = {}
    for place in places:
        with suppress(Refused, OSError):
            hashes[place] = _sha256(read_bounded(root / place, MOST_BYTES))
    return hashes


def existing(folder: Path) -> Store:
    """Open the results of a folder.

    Raises:
        UsageError: if there are none.
    """
    store = Store(folder)
    if not store.records.is_dir():
        raise UsageError(f"there are no records in {folder}; `ebb run --out {folder}` makes them")
    return store
