"""Files from others: regular, of bounded size, and JSON in which nothing is said twice. Free of torch."""

import errno
import json
import os
import stat
import tomllib
from pathlib import Path
from typing import Any, NoReturn

_PART = 2**14  # bytes; to make room for the most that a file may hold takes longer than to read most files


class Refused(ValueError):
    """A file that will not be read, and why."""


def read_bounded(path: str | Path, most: int, follow: bool = False) -> bytes:
    """Read a regular file of at most so many bytes; a link, a pipe or a device is refused before a byte is read.

    Args:
        most: bytes.
        follow: whether a link may be followed, because the user named the file.

    Raises:
        Refused: for what is not such a file.
        OSError: if it cannot be opened.
    """
    links = 0 if follow else os.O_NOFOLLOW
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | links)  # a pipe must not block
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Refused("it is a symbolic link; only files are read, so put a copy in its place") from None
        if error.errno == errno.ENXIO:
            raise Refused("it is not a regular file") from None
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Refused("it is not a regular file")
        if found.st_size > most:
            raise Refused(f"it is larger than {most:,} bytes ({found.st_size:,})")
        content = os.read(descriptor, found.st_size + 1)
        while found.st_size != len(content) <= most and (part := os.read(descriptor, _PART)):  # it grows, or came short
            content += part
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise Refused(f"it is larger than {most:,} bytes and grows")
    return content


def parse_json(content: bytes | str) -> Any:
    """Parse JSON strictly: a key that stands twice in an object, NaN, infinity or deep nesting is an error.

    Raises:
        Refused: for anything else than such JSON.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
        return json.loads(text, **STRICT)
    except RecursionError:
        raise Refused("it is nested too deeply") from None
    except Refused:
        raise
    except ValueError as error:  # no JSON, no UTF-8, an integer of thousands of digits
        raise Refused(f"it is not JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(f"the key {twice!r} stands twice in one object")
    return found


def _not_a_number(text: str) -> NoReturn:
    raise Refused(f"{text} is not a number in JSON")


STRICT: dict[str, Any] = {"object_pairs_hook": _once, "parse_constant": _not_a_number}
"""For `json.loads`, where its other errors are worded otherwise."""


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file that the user named; a key that stands twice is an error in TOML itself.

    Raises:
        Refused: for anything else than TOML of at most a mebibyte.
        OSError: if it cannot be read.
    """
    try:
        return tomllib.loads(read_bounded(path, 2**20, follow=True).decode("utf-8"))
    except RecursionError:
        raise Refused("it is nested too deeply") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(str(error)) from None


def count_keys(content: bytes) -> int:
    """Count the keys of valid JSON; too many where a string holds an escaped quote before a colon, never too few.

    Where this is the number of keys that a parser kept, none stands twice. It takes a tenth of `parse_json`'s time.
    """
    return content.translate(None, b" \t\r\n").count(b'":')
