"""JSON lines of a user's own: each line is read, and what is damaged is reported by its number."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from benchmark.errors import UsageError
from benchmark.reading import STRICT

L = TypeVar("L")

_LONGEST = 2**20  # bytes of a line
_SHOWN = 3  # damaged lines that are described; the others are counted


def read_lines(path: Path, read: Callable[[dict[str, Any]], L]) -> list[L]:
    """Read a file of one JSON object a line; empty lines count for nothing.

    Args:
        read: makes an example of an object, or raises ValueError with what is wrong with it.

    Raises:
        UsageError: if there is no such file, it holds no example, or a line is damaged: with the numbers of the lines.
    """
    if not path.is_file():
        raise UsageError(f"there is no data file {path}")
    examples, damaged = [], []
    for number, line in _numbered(path):
        try:
            examples.append(read(_object(line)))
        except ValueError as problem:  # JSON and Unicode errors are ValueErrors too
            damaged.append(f"line {number}: {problem}")
    if damaged:
        further = f"; and {len(damaged) - _SHOWN} further lines" if len(damaged) > _SHOWN else ""
        raise UsageError(f"{path} is damaged in {_lines(len(damaged))}. {'; '.join(damaged[:_SHOWN])}{further}")
    if not examples:
        raise UsageError(f"{path} holds no examples")
    return examples


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield lines that are not empty with their numbers, counted from 1."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST + 1), b""), 1):
            if len(line) > _LONGEST:
                raise UsageError(f"{path} is damaged: line {number} is longer than {_LONGEST:,} bytes")
            if line.strip():
                yield number, line.strip()


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line.decode("utf-8-sig"), **STRICT)
    except UnicodeDecodeError as problem:
        raise ValueError(f"not UTF-8 (byte {problem.start + 1})") from None
    except RecursionError:
        raise ValueError("not JSON (nested too deep)") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"not JSON ({problem.msg} at character {problem.pos + 1})") from None
    if not isinstance(found, dict):
        raise ValueError(f"a JSON object is expected, got {type(found).__name__}")
    return found


def _lines(count: int) -> str:
    return "one line" if count == 1 else f"{count:,} lines"
