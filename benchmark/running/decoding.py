"""A record as this suite writes it, decoded in half the time that its schema takes to read and to judge it.

Whatever is unusual is left to the schema, which accepts it or says why it does not. What is decoded here is what the
schema makes of the same bytes; `tests/running/test_decoding.py` holds the two against each other.
"""

import re
from dataclasses import fields
from functools import lru_cache
from itertools import chain
from typing import Annotated, Literal

import msgspec
import numpy as np

from benchmark.fields import LONGEST_TEXT, Number, check_labels
from benchmark.reading import parse_json
from benchmark.running.cell import Cell
from benchmark.running.record import MOST_POINTS, SCHEMA, Record, Status
from benchmark.values import Measure, Point, TaskFacts

_SEED = re.compile(rb'"seed":\s*(0|[1-9][0-9]{0,14})(?=\s*[,}])')


class _Written(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The layout of a file; no field has a default, as none is left out when a record is written."""

    schema_version: Literal[1]
    cell: msgspec.Raw
    status: Status
    reason: str
    traceback: str
    facts: msgspec.Raw
    measures: dict[str, Measure]
    curves: dict[str, Annotated[list[Point], msgspec.Meta(max_length=MOST_POINTS)]]
    training_log: Annotated[list[dict[str, float | None]], msgspec.Meta(max_length=MOST_POINTS)]
    spent: dict[str, Number]
    provenance: dict[str, str]


_COLON = ord(":")
_FIELDS_OF_MEASURE, _FIELDS_OF_POINT = len(fields(Measure)), len(fields(Point))
_FIELDS_OF_RECORD = len(Record.model_fields)
_DECODER = msgspec.json.Decoder(_Written)


def decode(content: bytes) -> Record | None:
    """Decode the bytes of a record; None for whatever else they are, and for a record that is written otherwise."""
    if b"\\" in content:  # an escaped colon would be miscounted
        return None
    try:
        found = _DECODER.decode(content)
        cell, colons_of_cell = _cell(bytes(found.cell))
        facts, colons_of_facts = _facts(bytes(found.facts))
        if len(found.reason) > LONGEST_TEXT or len(found.traceback) > LONGEST_TEXT:
            return None
        record = Record.model_construct(
            schema_version=SCHEMA,
            cell=cell,
            status=found.status,
            reason=found.reason,
            traceback=found.traceback,
            facts=facts,
            measures=found.measures,
            curves=found.curves,
            training_log=found.training_log,
            spent=found.spent,
            provenance=found.provenance,
        )
        record.check_keys()
        record.check_result()
        if _count_colons(content) != _colons(record) + colons_of_cell + colons_of_facts:
            return None  # a key stands twice, or is one that nobody knows
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None
    return record


def _count_colons(content: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(content, np.uint8) == _COLON))  # a third of the time of `bytes.count`


def _colons(record: Record) -> int:
    """Count the colons of a file without escapes in which every key stands once, those of its cell and facts left out.

    Every key has one after it, and texts hold the others; none is lost where a parser drops what stands twice.
    """
    texts = "".join((record.reason, record.traceback, *record.provenance.values()))
    return (
        _FIELDS_OF_RECORD
        + len(record.measures) * (1 + _FIELDS_OF_MEASURE)
        + _colons_within(record.labels)
        + len(record.curves)
        + sum(map(len, record.curves.values())) * _FIELDS_OF_POINT
        + sum(map(len, record.training_log))
        + len(record.spent)
        + len(record.provenance)
        + texts.count(":")
    )


@lru_cache(maxsize=1_000)
def _colons_within(labels: tuple[tuple[str, ...], ...]) -> int:
    check_labels(labels)
    return sum(label.count(":") for label in chain.from_iterable(labels))


def _cell(raw: bytes) -> tuple[Cell, int]:
    """Read a cell, and count its colons; what its seeds share is read once.

    Raises:
        ValueError: if it is none, or is not to be told from its seed.
    """
    seed = _SEED.search(raw)
    if seed is None or raw.count(b'"seed"') > 1:
        raise ValueError("a seed is written once")
    first, colons = _first_seed(raw[: seed.start(1)] + b"0" + raw[seed.end(1) :])
    return first.with_seed(int(seed[1])), colons


@lru_cache(maxsize=20_000)
def _first_seed(raw: bytes) -> tuple[Cell, int]:
    parse_json(raw)  # no key stands twice
    return Cell.model_validate_json(raw, strict=True), raw.count(b":")


@lru_cache(maxsize=1_000)
def _facts(raw: bytes) -> tuple[TaskFacts | None, int]:
    if raw.strip() == b"null":
        return None, 0
    parse_json(raw)
    return TaskFacts.model_validate_json(raw, strict=True), raw.count(b":")
