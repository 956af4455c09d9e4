"""JSON that is short and can still be compared line by line."""

import json
from collections.abc import Mapping
from typing import Any


def json_lines(content: Mapping[str, Any]) -> str:
    """Write an object as JSON, with a line for each entry of its fields: a line for each number is a third longer.

    Raises:
        ValueError: for a number that is not finite.
    """
    return "{\n" + ",\n".join(f"{_compact(name)}: {_entries(value)}" for name, value in content.items()) + "\n}\n"


def _entries(value: Any) -> str:
    if not value or not isinstance(value, dict | list):
        return _compact(value)
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(_compact, value)) + "\n]"
    return "{\n" + ",\n".join(f"{_compact(name)}: {_compact(entry)}" for name, entry in value.items()) + "\n}"


def _compact(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))  # ASCII: no text of others moves a terminal
