"""The exposure grid and what is read off it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.measuring.exposure import accumulated_error, exposure_ratio, sequence_kl
from benchmark.measuring.grid import DIVERGENCES, GridTally, divergences, sampled_grid

weights = st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda values: sum(values) > 0.1)


def log_probabilities(values) -> torch.Tensor:
    row = torch.tensor(values, dtype=torch.float64)
    return (row / row.sum()).log()


def random_rows(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).log_softmax(-1)


@given(weights, weights)
def test_divergences_keep_their_bounds(one, other):
    forward, reverse, variation, jensen_shannon = divergences(log_probabilities(one), log_probabilities(other)).tolist()
    assert forward >= -1e-12
    assert reverse >= -1e-12
    assert -1e-12 <= variation <= 1 + 1e-12
    assert -1e-12 <= jensen_shannon <= math.log(2) + 1e-12


@given(weights)
def test_a_distribution_is_at_no_distance_from_itself(values):
    p = log_probabilities(values)
    assert divergences(p, p).tolist() == pytest.approx([0.0] * 4, abs=1e-12)


def test_zeros_make_one_direction_infinite_and_leave_the_bounded_ones_finite():
    narrow, wide = log_probabilities([1, 1, 0, 0]), log_probabilities([1, 1, 1, 1])
    forward, reverse, variation, jensen_shannon = divergences(narrow, wide).tolist()
    assert (forward, reverse) == (pytest.approx(math.log(2)), math.inf)
    assert variation == pytest.approx(0.5)
    assert 0 < jensen_shannon < math.log(2)


def tallied(rows: list[int]):
    p, q = random_rows(6, 4, 5), random_rows(6, 4, 5, seed=1)
    own = torch.arange(4) < torch.tensor([4, 4, 3, 2, 4, 1])[:, None]
    return sampled_grid([("gold", p[rows], q[rows], own[rows]), ("own", q[rows], p[rows], own[rows])], positions=4)


@given(st.permutations(range(6)))
def test_the_order_of_sequences_changes_nothing(order):
    one, other = tallied(list(range(6))), tallied(order)
    assert torch.allclose(one.mean, other.mean)
    assert torch.allclose(one.error, other.error, equal_nan=True)
    assert torch.equal(one.count, other.count)


def test_only_rows_that_reach_a_position_count_there():
    assert tallied(list(range(6))).count.tolist() == [[6, 5, 4, 3]] * 2


def test_given_columns_are_left_out():
    p, q = random_rows(3, 4, 5), random_rows(3, 4, 5, seed=1)
    own = torch.tensor([[False, True, False, True]] * 3)
    grid = sampled_grid([("gold", p, q, own)], positions=2)
    expected = divergences(p, q)[:, [1, 3]].mean(0).T
    assert torch.allclose(grid.mean[0], expected)
    assert grid.mean[1].isnan().all()


def test_batches_add_up():
    p, q = random_rows(6, 4, 5), random_rows(6, 4, 5, seed=1)
    own = torch.ones(6, 4, dtype=torch.bool)
    whole, parts = GridTally(4), GridTally(4)
    whole.add("own", p, q, own)
    for rows in (slice(0, 2), slice(2, 6)):
        parts.add("own", p[rows], q[rows], own[rows])
    assert torch.allclose(whole.grid().mean, parts.grid().mean, equal_nan=True)
    assert torch.allclose(whole.grid().error, parts.grid().error, equal_nan=True)


def test_infinite_divergences_are_counted_and_make_the_mean_infinite():
    p = log_probabilities([1, 1, 0, 0]).expand(3, 1, 4)
    q = torch.stack([log_probabilities([1, 1, 0, 0])[None], log_probabilities([1, 1, 1, 1])[None], p[0]])
    grid = sampled_grid([("own", p, q, torch.ones(3, 1, dtype=torch.bool))], positions=1)
    reverse = DIVERGENCES.index("KL(Q||P)")
    assert grid.infinite[1, reverse, 0] == 1
    assert grid.mean[1, reverse, 0] == math.inf
    assert sequence_kl(grid)[1] == math.inf


def test_without_error_on_gold_prefixes_a_ratio_is_undefined_and_says_so():
    p, own = random_rows(3, 4, 5), torch.ones(3, 4, dtype=torch.bool)
    grid = sampled_grid([("gold", p, p, own), ("own", p, random_rows(3, 4, 5, seed=1), own)], positions=4)
    assert exposure_ratio(grid, "TV").isnan().all()
    found = accumulated_error(grid)
    assert found.ratio.isnan().all()
    assert found.excess.isnan().all()
    assert found.reason.startswith("undefined")
    assert (found.regret > 0).all()


def test_equal_error_on_both_prefixes_accumulates_linearly():
    p, q, own = random_rows(3, 4, 5), random_rows(3, 4, 5, seed=1), torch.ones(3, 4, dtype=torch.bool)
    found = accumulated_error(sampled_grid([("gold", p, q, own), ("own", p, q, own)], positions=4))
    assert torch.allclose(found.ratio, torch.arange(1.0, 5.0, dtype=torch.float64))
    assert torch.allclose(found.excess, torch.zeros(4, dtype=torch.float64), atol=1e-10)
    assert found.reason == ""
