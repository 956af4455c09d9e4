"""Thousands of good records with something done to them: nothing crashes, and what is accepted renders inert."""

import json
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.running.record import Record
from benchmark.running.store import Damaged, Store, read_record
from tests.factories import make_cell, make_record
from tests.hostile.corpus import GOOD
from tests.hostile.inert import assert_inert, render_everywhere

EVIL = (
    "", " ", "<script>alert(1)</script>", "</script><!--", "&lt;b&gt;", "'\"><img src=x onerror=y>", "../../etc/passwd",
    "/", "..", "C:\\x", "\x00", "\x1b[2J", "\x07", "\r\n", "a\nb", "a|b|c", "| --- |", "[a](javascript:b)",
    "[a]: http://b", "![a](b)", "<http://a.b>", "http://a.b/c", "`x`", "**x**", "$\\frac{$", "$x^", "\\input{x}", "%",
    "#x", "~", "^", "{{x}}", "=1+1", "+1", "-1", "@x", "\t=1", "[bold red]x[/]", "[link=x]", "\u202eabc", "\u200b",
    "\u2028", "te\u0430cher", "\ufeff", "Å", "𝒳", "__proto__", "constructor", "NaN", "null", "ok", "teacher_forcing",
    "free_running", "x" * 400, "-", "--", "``", "''",
)  # fmt: skip
NUMBERS = (0, -0.0, 1, -1, 0.5, 1e-320, 1e49, -1e49, 1e50, 1e51, 1e308, 2**31, 2**53, 2**53 + 1, 2**64, 10**30)
PARTNERS = [make_record(make_cell(seed=seed)) for seed in range(2)]
BASES = [
    json.loads(record.to_json())
    for record in (
        GOOD,
        make_record(make_cell(baseline="reinforce", seed=1)),
        Record(cell=make_cell(seed=2), status="error", reason="KeyError: 'x'", traceback="Traceback\n  x"),
    )
]

values = st.one_of(
    st.sampled_from(EVIL),
    st.sampled_from(NUMBERS),
    st.text(max_size=20),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.sampled_from(([], {}, [[]], {"a": 1}, [1, 2], {"low": 1, "high": 2, "value": 3.0})),
)


def containers(value: Any) -> list[Any]:
    """Every object and list in JSON that is not empty."""
    found = [value] if value else []
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            found += containers(inner)
    return found


def leaves(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of every value in JSON that is neither an object nor a list."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return [path]


@st.composite
def plausible(draw: st.DrawFn) -> bytes:
    """A good record with another value of the same type in one to three places: many of these are accepted."""
    content = json.loads(json.dumps(draw(st.sampled_from(BASES))))
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(leaves(content)))
        inner = content
        for parent in parents:
            inner = inner[parent]
        text = st.one_of(st.sampled_from(EVIL), st.text(max_size=20))
        inner[last] = draw(
            text if isinstance(inner[last], str) else st.one_of(st.sampled_from(NUMBERS), st.floats(-9, 9))
        )
    return json.dumps(content).encode()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good record after one to three changes to its parts, its keys, its text or its bytes: most are refused."""
    content = json.loads(json.dumps(draw(st.sampled_from(BASES))))
    twice = None
    for _ in range(draw(st.integers(1, 3))):
        inner = draw(st.sampled_from(containers(content) or [content]))
        if isinstance(inner, list):
            at = draw(st.integers(0, len(inner) - 1))
            if draw(st.booleans()):
                inner[at] = deepcopy(draw(values))
            else:
                inner.insert(at, deepcopy(draw(st.sampled_from([inner[at], *EVIL]))))
            continue
        if not inner:
            continue
        key = draw(st.sampled_from(sorted(inner)))
        match draw(st.sampled_from(("set", "set", "set", "remove", "rename", "add", "twice"))):
            case "set":
                inner[key] = deepcopy(draw(values))
            case "remove":
                del inner[key]
            case "rename":
                inner[draw(st.sampled_from(EVIL))] = inner.pop(key)
            case "add":
                inner[draw(st.one_of(st.sampled_from(EVIL), st.text(max_size=8)))] = deepcopy(draw(values))
            case _:
                twice = key
    text = json.dumps(content, indent=draw(st.sampled_from((None, 1))), ensure_ascii=draw(st.booleans()))
    if twice is not None:
        text = text.replace(f'"{twice}":', f'"{twice}": 0, "{twice}":', 1)
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(("flip", "cut", "insert"))):
            case "flip":
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case _:
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
    return bytes(data)


def check(data: bytes) -> bool:
    """Read a mutated record, and render it beside others if it is accepted; return whether it is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "x.json"
        path.write_bytes(data)
        found = read_record(path)
        if isinstance(found, Damaged):
            assert found.reason
            assert found.reason.isprintable()
            return False
        store = Store(folder)
        place = store.save(found)
        assert place.resolve().is_relative_to(store.records.resolve())
        (again,), damaged = store.load_all()
        assert not damaged
        assert again == found
        assert_inert(render_everywhere([again, *PARTNERS], folder))
        return True


SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
few = settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
many = settings(max_examples=10_000, deadline=None, suppress_health_check=SLOW)


@few
@given(st.one_of(mutated(), plausible()))
def test_500_mutations_never_crash_and_what_is_accepted_is_inert(data):
    check(data)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_10_000_mutations_never_crash_and_what_is_accepted_is_inert():
    accepted = []

    @many
    @given(st.one_of(mutated(), plausible()))
    def mutate(data: bytes) -> None:
        accepted.append(check(data))

    mutate()
    assert len(accepted) >= 10_000
    assert 0.05 < sum(accepted) / len(accepted) < 0.95  # both happen: the test tests both
    print(f"{len(accepted)} mutations, {sum(accepted)} accepted")


@pytest.mark.parametrize("evil", EVIL)
def test_text_that_a_record_may_hold_is_inert_everywhere(evil, tmp_path):
    """Reasons and tracebacks hold anything; labels and the text of knobs hold what can be seen."""
    label = evil if evil.isprintable() and len(evil) < 300 else "label"
    facts = PARTNERS[0].facts
    assert facts
    facts = facts.model_copy(update=dict.fromkeys(("metric", "unit", "axis_unit", "failure", "source"), label))
    facts = facts.model_copy(update={"controls": {label: 0.5}})
    cell = make_cell(baseline="reinforce", coin=label)
    ok = make_record(cell, facts=facts)
    failed = Record(cell=make_cell(baseline="broken"), status="error", reason=evil, traceback=evil)
    twin = make_record(make_cell(baseline="reinforce", coin="other"), facts=facts)
    for record in (ok, failed):
        assert Record.model_validate_json(record.to_json(), strict=True) == record
    assert_inert(render_everywhere([ok, twin, failed, *PARTNERS], tmp_path))
