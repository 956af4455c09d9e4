"""Traces beside the records: what is kept is what is read, and what is no trace is named and takes no other along."""

import json

import pytest
from pydantic import ValidationError

from benchmark.running.store import Store
from benchmark.running.traces import Trace, load_traces, save_trace, trace_of
from tests.factories import make_cell

FOLLOWED = {
    "given": ["a", "b"],
    "gold": ["A", "\n"],
    "own": ["A", ""],
    "wrong": [False, False],
    "on_own": [0.9, None],
    "on_gold": [0.9, 0.5],
    "first_error": None,
    "recoveries": [],
}


@pytest.fixture
def trace() -> Trace:
    return trace_of(make_cell(), 3, 5, 8, "ebb trace FILE --example 3", FOLLOWED)


def test_a_trace_comes_back_as_it_was_kept(trace, tmp_path):
    store = Store(tmp_path)
    save_trace(store, "one", trace)
    assert load_traces(store) == ([trace], [])
    assert trace.title == "copycat_tagging/gru/teacher_forcing/s0, example 3 of length 5 to 8"


def test_a_folder_without_traces_has_none(tmp_path):
    assert load_traces(Store(tmp_path)) == ([], [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[", "not JSON"),
        ({"gold": ["A"]}, "as long as each other"),
        ({"task": "../x"}, "a name is up to 100 letters"),
        ({"on_own": [2.0, None]}, "less than or equal to 1"),
        ({"given": ["x" * 101]}, "at most 100 characters"),
        ({"more": 1}, "Extra inputs"),
        ({"given": ["x"] * 1001}, "at most 1000 items"),
        (" " * (2**20 + 1), "larger than 1,048,576 bytes"),
    ],
)
def test_a_file_that_is_no_trace_is_named_with_its_reason(content, reason, trace, tmp_path):
    store = Store(tmp_path)
    path = save_trace(store, "bad", trace)
    save_trace(store, "good", trace)
    if isinstance(content, dict):
        content = json.dumps(json.loads(path.read_text()) | content)
    path.write_text(content)
    traces, damaged = load_traces(store)
    assert traces == [trace]
    assert [file.path for file in damaged] == [path]
    assert reason in damaged[0].reason


def test_a_link_is_not_followed(trace, tmp_path):
    store = Store(tmp_path)
    path = save_trace(store, "real", trace)
    path.with_name("link.json").symlink_to(path)
    traces, damaged = load_traces(store)
    assert len(traces) == 1
    assert "symbolic link" in damaged[0].reason


def test_steps_of_different_numbers_are_refused():
    with pytest.raises(ValidationError, match="as long as each other"):
        trace_of(make_cell(), 0, 1, 1, "", FOLLOWED | {"own": ["A"]})
