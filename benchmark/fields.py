"""What a record from anyone may hold: names, labels and numbers within bounds. Free of torch.

Records are read from others. A name ends in a path, a label on a page and a number in a sum: each is bounded here,
once, so that what a schema accepts can be joined, printed and added up.
"""

import re
from functools import lru_cache
from itertools import chain
from typing import Annotated

from msgspec import Meta
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

LARGEST = 1e50
"""Bound of a number's size: differences, quotients and their squares stay finite."""

LONGEST_TEXT = 20_000
"""Characters of a reason or a traceback; what is longer loses its middle."""

Version = Annotated[str, StringConstraints(max_length=200, pattern=r"^([A-Za-z0-9][A-Za-z0-9:._+ -]*)?$")]
"""Of a plugin."""

LONGEST_LABEL = 300

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.()|@+-]{0,99}")


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@lru_cache(maxsize=10_000)
def check_name(name: str) -> str:
    """Return a name unchanged.

    Raises:
        ValueError: if a folder or a page might read it as anything else.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"a name is up to 100 letters, digits and _.-, the first no sign, got {name[:50]!a}")
    return name


@lru_cache(maxsize=10_000)
def check_key(key: str) -> str:
    """Return a key unchanged.

    Raises:
        ValueError: if it may not stand where a key stands.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"a key is up to 100 letters, digits and _.()|@+-, the first no sign, got {key[:50]!a}")
    return key


def check_label(label: str) -> str:
    """Return a label unchanged.

    Raises:
        ValueError: if it is too long, or holds what cannot be seen or changes what is seen.
    """
    if len(label) > LONGEST_LABEL:
        raise ValueError(f"a label holds at most {LONGEST_LABEL} characters, got {len(label):,}")
    if not label.isprintable():
        raise ValueError(f"a label holds printable characters alone, got {label[:50]!a}")
    return label


@lru_cache(maxsize=1_000)
def check_keys(keys: tuple[str, ...]) -> None:
    """Check the keys of a large object; those of many records are the same, and are checked once."""
    for key in keys:
        check_key(key)


@lru_cache(maxsize=1_000)
def check_labels(labels: tuple[tuple[str, ...], ...]) -> None:
    """Check the labels of a large object, some an entry; those of many records are the same, and are checked once."""
    for label in sorted(set(chain.from_iterable(labels))):
        check_label(label)


Name = Annotated[str, AfterValidator(check_name)]
"""Of a task, model or baseline: a folder can have it, no page reads it as anything else, and no two look alike."""

Key = Annotated[str, AfterValidator(check_key)]
"""Of a measure, a curve, a knob and the like, e.g. `grid_own_KL(P||Q)`."""

Label = Annotated[str, AfterValidator(check_label)]
"""One line to be printed, such as a unit: no control, formatting (right-to-left, zero width) or unassigned characters,
and no space but the usual one."""

# pydantic judges by `Field`, and msgspec, which reads many records, by `Meta`.
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST), Meta(ge=-LARGEST, le=LARGEST)]
"""Finite, and so are its square and a sum of many."""

Count = Annotated[int, Field(ge=0, le=2**53), Meta(ge=0, le=2**53)]
"""A whole number that a float holds exactly."""


def shorten(text: object) -> object:
    """Cut the middle out of a text that is too long, and replace what no encoding can hold (lone surrogates)."""
    if not isinstance(text, str):
        return text
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= LONGEST_TEXT:
        return text
    mark = f"\n[... {len(text) - LONGEST_TEXT:,} characters left out ...]\n"
    half = (LONGEST_TEXT - len(mark)) // 2
    return text[:half] + mark + text[-half:]


Text = Annotated[str, BeforeValidator(shorten)]
"""What an error said: anything at all, so whoever prints it escapes it."""
