"""Records are decoded fast or judged by their schema, and it is not to be seen which."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmark.running.cell import canonical_key
from benchmark.running.decoding import decode
from benchmark.running.record import Record
from benchmark.running.store import Damaged, Store
from tests.factories import make_cell, make_record
from tests.hostile.corpus import GOOD, PLACE, RECORDS, TEXT
from tests.hostile.test_mutations import SLOW, mutated, plausible

COLON = "torch 2.13: oneDNN"


def by_schema(content: bytes) -> Record | None:
    """The record that the schema makes of bytes, whatever stands twice in them; None where it refuses them."""
    try:
        return Record.model_validate_json(content, strict=True)
    except ValidationError:
        return None


@pytest.mark.parametrize(
    "record",
    [
        GOOD,
        make_record(make_cell(seed=2**40)),
        make_record(make_cell()).model_copy(update={"provenance": {"torch": COLON}}),
        Record(cell=make_cell(), status="error", reason="KeyError: 3", traceback="a: b: c"),
    ],
)
def test_what_the_suite_writes_is_decoded_as_its_schema_reads_it(record):
    content = record.to_json().encode()
    found = decode(content)
    assert found is not None
    assert found == record == by_schema(content)
    assert found.cell.key == canonical_key(json.loads(content)["cell"])
    assert found.cell.group == record.cell.group


def test_cells_that_differ_in_the_seed_alone_share_their_parts():
    first, second = (decode(make_record(make_cell(seed=seed)).to_json().encode()) for seed in (3, 4))
    assert first is not None
    assert second is not None
    assert (first.cell.seed, second.cell.seed) == (3, 4)
    assert first.cell.task is second.cell.task
    assert first.facts is second.facts


@settings(max_examples=1_000, deadline=None, suppress_health_check=SLOW)
@given(st.one_of(mutated(), plausible()))
def test_what_is_decoded_of_1000_mutations_is_what_the_schema_reads(data):
    found = decode(data)
    assert found is None or found == by_schema(data)


@pytest.mark.parametrize("hostile", [hostile for hostile in RECORDS if hostile.family != "links"], ids=lambda h: h.name)
def test_no_hostile_record_is_decoded(hostile, tmp_path):
    hostile.make(tmp_path / "x.json")
    if (tmp_path / "x.json").stat().st_size < 2**22 and hostile.name != "in the place of another cell":
        assert decode((tmp_path / "x.json").read_bytes()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"value": 0.9', '"value":0.1,"value"  :\n0.9'),
        ('"reason": ""', '"reason": "a:b", "reason": ""'),
        ('"seed": 0', '"seed": 1, "seed": 0'),
        ('"failure": "', '"failure": "x:y", "failure": "'),
        ('"value": 0.9', '"other": "a:b", "value": 0.9'),
        ('"knobs": {}', '"knobs": {"seed": 1}'),
        ('"evaluations": 100.0', '"evaluations": ' + "9" * 400),
    ],
)
def test_what_stands_twice_or_is_unknown_or_too_large_is_left_to_the_schema(old, new):
    assert old in TEXT
    assert decode(TEXT.replace(old, new, 1).encode()) is None


def test_an_escaped_colon_does_not_hide_a_key_that_stands_twice(tmp_path):
    text = TEXT.replace('"reason": ""', '"reason": "\\u003a"', 1).replace('"value": 0.9', '"value": 1, "value": 0.9', 1)
    store = Store(tmp_path)
    (store.records / PLACE).parent.mkdir(parents=True)
    (store.records / PLACE).write_text(text)
    found = store.load(GOOD.cell)
    assert isinstance(found, Damaged)
    assert found.reason == "the key 'value' stands twice in one object"
