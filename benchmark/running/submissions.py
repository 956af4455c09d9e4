"""Results that travel: a folder's manifest and records as one archive, and such an archive read back. Free of torch."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import UsageError
from benchmark.reading import Refused, read_bounded
from benchmark.running.archives import read_archive
from benchmark.running.manifest import NAME, Manifest, parse_manifest, read_manifest
from benchmark.running.record import Record
from benchmark.running.store import MOST_BYTES, Store, parse_in_place, write_whole
from benchmark.running.verifying import find_faults

_RECORDS = "records"
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can say
_PLAIN_FILE = 0o100644


@dataclass(frozen=True)
class Submission:
    """What an archive holds.

    Attributes:
        name: of its file.
        records: as much of each as was asked for.
        unfinished: readable ids of cells that were planned and have no record.
    """

    name: str
    records: Sequence[Record]
    unfinished: Sequence[str]


def pack(store: Store, path: Path) -> Submission:
    """Write the manifest and the records of a store to one zip file; the same files give the same bytes.

    Returns:
        What a reader will find in it: it is read back before it is put in place.

    Raises:
        UsageError: if the store does not hold what its manifest says.
        OSError: if it cannot be written.
    """
    manifest = read_manifest(store)
    if isinstance(manifest, Manifest):
        manifest = manifest.model_copy(update={"files": {}})  # a report is made from the records again
    faults = [f for f in find_faults(store, store.load_all()[1], manifest) if f.check != "completeness"]
    if faults or isinstance(manifest, str):
        first, more = faults[0], f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise UsageError(
            f"{store.root} cannot be packed: {first.where}: {first.what}{more}; `ebb verify {store.root}` lists all, "
            "and `ebb run` computes again what is missing"
        )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        _add(archive, NAME, (manifest.model_dump_json(indent=1) + "\n").encode())
        for place in sorted(manifest.records):
            _add(archive, f"{_RECORDS}/{place}", read_bounded(store.records / place, MOST_BYTES))
    try:
        packed = _read(path.name, target, _all_of_it)
    except Refused as problem:
        raise UsageError(f"{store.root} cannot be packed: {problem}") from None
    write_whole(path, target.getvalue())
    return packed


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file whose entry says nothing of this machine or of the time."""
    member = zipfile.ZipInfo(name, _NO_TIME)
    member.create_system, member.external_attr = 3, _PLAIN_FILE << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, content)


def _all_of_it(record: Record) -> Record:
    return record


def read_submission(path: Path, keep: Callable[[Record], Record] = _all_of_it) -> Submission:
    """Read an archive that `pack` may have made; anything else is refused as a whole, and nothing is written.

    Args:
        keep: returns as much of a record as is needed.

    Raises:
        Refused: for what is no such archive, with the first reason.
        OSError: if it cannot be opened.
    """
    return _read(path.name, path, keep)


def _read(name: str, source: Path | io.BytesIO, keep: Callable[[Record], Record]) -> Submission:
    manifest, records, hashes = None, {}, {}
    for member, content in read_archive(source):
        try:
            if member == NAME:
                manifest = parse_manifest(content)
                continue
            if not (member.startswith(f"{_RECORDS}/") and member.endswith(".json")):
                raise Refused("it is neither the manifest nor a record")
            record = parse_in_place(content, member, _RECORDS)
            if record.cell.key in records:
                raise Refused("a record of the same cell stands beside it")
        except Refused as problem:
            raise Refused(f"{member!a}: {problem}") from None
        records[record.cell.key] = keep(record)
        hashes[member.removeprefix(f"{_RECORDS}/")] = hashlib.sha256(content).hexdigest()
    if manifest is None:
        raise Refused(f"it holds no {NAME}; `ebb pack` puts one in")
    _check(manifest, hashes)
    unfinished = [cell for key, cell in manifest.planned.items() if f"{cell}-{key[:12]}.json" not in hashes]
    return Submission(name, list(records.values()), sorted(unfinished))


def _check(manifest: Manifest, hashes: dict[str, str]) -> None:
    """Refuse records that are not those of the manifest, all of them and no others."""
    for place in sorted(manifest.records.keys() | hashes.keys()):
        if place not in hashes:
            raise Refused(f"{place!a}: the manifest lists it, and it is not there")
        if place not in manifest.records:
            raise Refused(f"{place!a}: the manifest does not list it")
        if hashes[place] != manifest.records[place]:
            raise Refused(f"{place!a}: its hash is not that of the manifest")
