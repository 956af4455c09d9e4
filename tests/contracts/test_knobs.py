"""Knobs, spaces, streams and schedules: what is declared, and what is refused."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.scheduled_sampling import ScheduledSampling
from benchmark.contracts import SCHEDULES, Discrete, seeded, stream, stream_seed
from benchmark.errors import UsageError
from benchmark.models.recurrent import GRU


def test_a_knob_is_its_default_until_it_is_set():
    assert ScheduledSampling().end == 0.0
    assert ScheduledSampling(end=0.5).end == 0.5
    assert ScheduledSampling(end=0.5).knobs == {
        "end": 0.5, "schedule": "inverse_sigmoid", "coin": "token", "draw": "sample", "temperature": 1.0,
    }  # fmt: skip


def test_knobs_of_a_model_include_those_of_its_base():
    assert set(GRU.declared_knobs()) == {"width", "dropout", "layers"}


def test_a_knob_given_as_text_is_read_in_its_own_type():
    assert ScheduledSampling.resolve_knobs({"end": "0.25"})["end"] == 0.25
    assert GRU.resolve_knobs({"width": "32"})["width"] == 32


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"end": 1.5}, r"knob 'end' must lie in \[0.0, 1.0\], got 1.5"),
        ({"end": float("nan")}, "must lie in"),
        ({"end": "much"}, "knob 'end' takes float, got 'much'"),
        ({"end": None}, "knob 'end' takes float, got None"),
        ({"coin": "tokens"}, "did you mean 'token'"),
        ({"ends": 0.5}, "unknown knob of scheduled_sampling 'ends'; did you mean 'end'"),
    ],
)
def test_a_wrong_knob_is_refused_with_what_was_received(knobs, message):
    with pytest.raises(UsageError, match=message):
        ScheduledSampling(**knobs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be >= 1, got 0"),
        ({"size": 3, "emits": (1, 3)}, r"emits must lie in \[0, 3\), got \[3\]"),
        ({"size": 3, "end": 0, "emits": (1, 2)}, "end symbol must be among"),
        ({"size": 3, "symbols": ("a",)}, "must name all 3 symbols, got 1"),
    ],
)
def test_a_wrong_space_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Discrete(**arguments)


def test_streams_of_the_same_name_are_equal_and_others_differ():
    def draw(*names):
        return torch.rand(4, generator=stream(*names)).tolist()

    assert draw("a", 0, "order") == draw("a", 0, "order")
    names = [
        ("a", 0, "order"),
        ("a", 1, "order"),
        ("b", 0, "order"),
        ("a", 0, "weights"),
        ("a", "0", "order"),
        ("a", 0),
    ]
    assert len({stream_seed(*name) for name in names}) == len(names)


def test_seeded_code_draws_as_named_and_leaves_the_global_generator_alone():
    with seeded("a", 0):
        first = torch.rand(3)
    with seeded("a", 0):
        assert torch.equal(first, torch.rand(3))


@given(st.sampled_from(sorted(set(SCHEDULES) - {"increasing"})), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_schedules_fall_from_one_to_their_end(name, one, other, end):
    schedule, early, late = SCHEDULES[name], min(one, other), max(one, other)
    assert schedule(1.0, end) == pytest.approx(end)
    assert end - 1e-12 <= schedule(late, end) <= schedule(early, end) + 1e-12 <= 1 + 1e-9
    if name != "constant":
        assert schedule(0.0, end) == 1.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_increasing_schedule_rises_from_its_end_to_one(one, other, end):
    rising = SCHEDULES["increasing"]
    assert rising(0.0, end) == end
    assert rising(1.0, end) == pytest.approx(1.0)
    assert rising(min(one, other), end) <= rising(max(one, other), end) + 1e-12


def test_the_inverse_sigmoid_passes_half_way_at_half_of_training():
    assert SCHEDULES["inverse_sigmoid"](0.5, 0.0) == pytest.approx(0.5, abs=0.01)
