"""Hazard, survival, contagion and recovery on small cases worked by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.measuring.errors_in_time import by_position, contagion, first_errors, half_life, self_recovery, survival

WRONG = torch.tensor([
    [0, 1, 0, 1],
    [0, 0, 0, 0],
    [1, 1, 0, 0],
    [0, 0, 1, 0],
]).bool()  # fmt: skip
ALL = torch.ones_like(WRONG)
SHORT = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]).bool()


def test_the_first_error_of_a_row_or_its_length():
    time, happened = first_errors(WRONG, ALL)
    assert time.tolist() == [2, 4, 1, 3]
    assert happened.tolist() == [True, False, True, True]
    assert first_errors(WRONG, SHORT)[0].tolist() == [2, 2, 1, 3]


def test_survival_without_censoring_is_the_share_that_is_still_right():
    found = survival(WRONG, ALL)
    assert found.survival.tolist() == pytest.approx([0.75, 0.5, 0.25, 0.25])
    assert found.hazard.tolist() == pytest.approx([0.25, 1 / 3, 0.5, 0.0])
    assert found.at_risk.tolist() == [4, 3, 2, 1]


def test_a_row_that_ends_is_at_risk_until_then_and_not_afterwards():
    """Row 2 ends right after position 2: 4 at risk, then 3, then only row 4."""
    found = survival(WRONG, SHORT)
    assert found.hazard[:3].tolist() == pytest.approx([1 / 4, 1 / 3, 1.0])
    assert found.survival[:3].tolist() == pytest.approx([3 / 4, 1 / 2, 0.0])
    assert math.isnan(found.hazard[3])


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=12))
def test_survival_never_rises_and_is_the_product_of_what_the_hazard_leaves(rows):
    wrong = torch.tensor(rows)
    found = survival(wrong, torch.ones_like(wrong))
    kept = found.survival[~np.isnan(found.survival)]
    assert (np.diff(kept) <= 1e-12).all()
    assert np.allclose(kept, np.cumprod(1 - found.hazard[: len(kept)]))


def test_error_rates_after_good_and_bad_histories_by_hand():
    """From position 2 on.

    Good: row 1 at 2; row 2 at 2, 3, 4; row 4 at 2, 3. Bad: row 1 at 3, 4; row 3 at 2, 3, 4; row 4 at 4.
    """
    found = contagion(WRONG, ALL)
    assert found.after_good == pytest.approx(2 / 6)
    assert found.after_bad == pytest.approx(2 / 6)
    assert found.ratio == pytest.approx(1.0)
    assert contagion(WRONG, ALL, first=1).after_good == pytest.approx(3 / 10)


def test_contagion_without_any_error_is_undefined_and_says_why():
    right = torch.zeros(3, 4, dtype=torch.bool)
    found = contagion(right, ~right)
    assert (found.after_good, math.isnan(found.after_bad), math.isnan(found.ratio)) == (0.0, True, True)
    assert found.reason == "undefined: no bad history"


def test_recovery_is_read_at_each_lag_after_the_first_error():
    recovery = self_recovery(WRONG, ALL, lags=(1, 2, 3, 9))
    assert recovery[1] == pytest.approx(2 / 3)  # row 1 right at 3, row 3 wrong at 2, row 4 right at 4
    assert recovery[2] == pytest.approx(1 / 2)  # row 1 wrong at 4, row 3 right at 3
    assert recovery[3] == 1.0  # row 3 right at 4
    assert math.isnan(recovery[9])


def test_the_half_life_is_interpolated_between_lags():
    assert half_life({1: 0.0, 2: 0.25, 4: 0.75, 8: 1.0}) == pytest.approx(3.0)
    assert half_life({1: 0.9, 2: 0.9}) == 0.0
    assert math.isnan(half_life({1: 0.5, 2: math.nan}))
    assert math.isnan(half_life({1: 0.9, 2: 0.5}))


def test_own_columns_become_positions():
    own = torch.tensor([[False, True, False, True], [False, True, True, False]])
    values = torch.tensor([[True, False, True, True], [True, True, False, True]])
    moved, there = by_position(values, own)
    assert moved.tolist() == [[False, True], [True, False]]
    assert there.all()
    tokens, _ = by_position(torch.tensor([[9, 6, 9, 7], [9, 5, 4, 9]]), own)
    assert tokens.tolist() == [[6, 7], [5, 4]]


@given(st.permutations(range(4)))
def test_the_order_of_rows_changes_nothing(order):
    one, other = contagion(WRONG, SHORT), contagion(WRONG[list(order)], SHORT[list(order)])
    assert one == other
    found = survival(WRONG[list(order)], SHORT[list(order)])
    assert np.array_equal(survival(WRONG, SHORT).survival, found.survival, equal_nan=True)
