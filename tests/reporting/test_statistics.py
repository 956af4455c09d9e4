"""Intervals and horizons against textbook values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.reporting.statistics import ABSENT, horizon_50, t_interval


def test_a_t_interval_is_the_textbook_one():
    """Mean 2, standard deviation 1, n = 3: half-width t(.975; 2) / sqrt(3) = 4.30265 / 1.73205."""
    interval = t_interval([1.0, 2.0, 3.0])
    assert interval.mean == 2.0
    assert interval.high is not None
    assert interval.high - 2.0 == pytest.approx(4.30265 / math.sqrt(3), abs=1e-4)


def test_one_seed_has_a_mean_and_no_interval():
    assert t_interval([0.5]) == (0.5, None, None)


@pytest.mark.parametrize("values", [[], [None], [1.0, None, 2.0]])
def test_a_missing_value_is_never_averaged_away(values):
    assert t_interval(values) == ABSENT


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=10), st.randoms())
def test_the_order_of_seeds_does_not_matter(values, random):
    shuffled = values.copy()
    random.shuffle(shuffled)
    assert t_interval(values) == pytest.approx(t_interval(shuffled), abs=1e-6)


@pytest.mark.parametrize(("p", "expected"), [(0.9, 7), (0.95, 14), (0.99, 69), (0.995, 139), (0.999, 693)])
def test_with_independent_errors_half_survive_until_the_known_length(p, expected):
    lengths = list(range(1, 1000))
    found = horizon_50(lengths, [p**length for length in lengths], floor=0.0, ceiling=1.0)
    assert found is not None
    assert math.ceil(found - 1e-9) == expected


def test_between_lengths_the_horizon_is_interpolated_in_log_length():
    assert horizon_50([4, 16], [0.75, 0.25], floor=0.0, ceiling=1.0) == pytest.approx(8.0)


def test_a_lower_is_better_metric_is_normalised_by_its_controls():
    assert horizon_50([4, 16], [0.25, 0.75], floor=1.0, ceiling=0.0) == pytest.approx(8.0)


def test_a_horizon_that_is_never_reached_is_censored_and_one_reached_at_once_is_the_first_length():
    assert horizon_50([4, 16], [0.9, 0.8], floor=0.0, ceiling=1.0) is None
    assert horizon_50([4, 16], [0.3, 0.2], floor=0.0, ceiling=1.0) == 4
    assert horizon_50([4, 8, 16], [0.9, None, 0.1], floor=0.0, ceiling=1.0) == pytest.approx(8.0)
