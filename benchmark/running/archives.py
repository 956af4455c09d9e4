"""Zip files of results from others: read in memory, within bounds, one file after the other. Free of torch."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from benchmark.reading import Refused
from benchmark.running.manifest import MOST_BYTES as MOST_BYTES_OF_MANIFEST
from benchmark.running.manifest import NAME
from benchmark.running.store import MOST_BYTES

MOST_MEMBERS = 200_000
MOST_IN_ALL = 2**33
"""Bytes of all members, unpacked."""

_MOST_RATIO = 200  # unpacked over packed; records are packed to about a tenth


def read_archive(source: Path | BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file in a zip file; nothing is written anywhere.

    A name is a relative path without `..`, so that whoever writes the content below a folder stays in it.

    Raises:
        Refused: for what is no zip file, or holds too much, a link, a name that leads elsewhere or stands twice.
        OSError: if it cannot be opened.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check(members)
            for member in members:
                yield member.filename, _unpack(archive, member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # the last: encrypted
        raise Refused(f"it is not a zip file that can be read: {error}") from None


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise Refused(f"it holds more than {MOST_MEMBERS:,} files ({len(members):,})")
    if sum(member.file_size for member in members) > MOST_IN_ALL:
        raise Refused(f"it would unpack to more than {MOST_IN_ALL:,} bytes")
    seen = set()
    for member in members:
        name = member.filename
        parts = name.split("/")
        if name.startswith("/") or "\\" in name or ":" in name or not name.isprintable() or {"", ".", ".."} & {*parts}:
            raise Refused(f"the name {name[:80]!a} leads out of the folder")
        if member.external_attr >> 28 == 0xA:  # the file type of a Unix mode
            raise Refused(f"{name!a} is a symbolic link")
        if name in seen:
            raise Refused(f"the name {name!a} stands twice")
        seen.add(name)
        most = MOST_BYTES_OF_MANIFEST if name == NAME else MOST_BYTES
        if member.file_size > most or member.file_size > _MOST_RATIO * max(member.compress_size, 100):
            raise Refused(f"{name!a} unpacks to {member.file_size:,} bytes from {member.compress_size:,}")


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack no more than the member says it holds, for what it says may be a lie."""
    with archive.open(member) as file:
        content = file.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise Refused(f"{member.filename!a} does not have the size that it says")
    return content
