"""Paired contrasts, adjustments, sign-flips and aggregates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmark.reporting import aggregates
from benchmark.reporting.contrasts import (
    adjust,
    detectable_effect,
    paired_contrast,
    sign_flips_over_tasks,
    stands_apart,
    t_test_power,
)
from benchmark.reporting.scores import Scores

FIRST, SECOND = [0.9, 0.8, 0.7, 0.95, 0.6], [0.5, 0.55, 0.4, 0.6, 0.35]


def test_a_contrast_is_the_paired_t_test():
    found = paired_contrast(FIRST, SECOND)
    expected = stats.ttest_rel(FIRST, SECOND)
    interval = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert found.detectable == pytest.approx(1.682 * np.std(np.subtract(FIRST, SECOND), ddof=1), rel=1e-3)
    assert found.correlation == pytest.approx(np.corrcoef(FIRST, SECOND)[0, 1])


def test_three_seeds_show_a_direction_and_no_verdict():
    found = adjust([paired_contrast(FIRST[:3], SECOND[:3])])[0]
    assert found.p is not None
    assert found.note == "3 seeds: direction only, no verdict"
    assert found.verdict == ""
    assert adjust([paired_contrast(FIRST, SECOND)])[0].verdict == "higher"
    assert adjust([paired_contrast(SECOND, FIRST)])[0].verdict == "lower"


@pytest.mark.parametrize(
    ("first", "second", "count", "note"),
    [
        ([math.nan, 0.5], [0.4, 0.2], 1, "no test: 1 seed ok in both arms"),
        ([math.nan, 0.5], [0.4, math.nan], 0, "no test: 0 seeds ok in both arms"),
        ([0.4, 0.5], [0.4, 0.5], 2, "no test: all differences are zero"),
    ],
)
def test_a_test_that_cannot_be_run_says_why(first, second, count, note):
    found = paired_contrast(first, second)
    assert (found.seeds, found.note, found.p) == (count, note, None)
    assert adjust([found])[0].adjusted is None


def test_arms_of_different_length_are_an_error():
    with pytest.raises(ValueError, match=r"got \(2,\) and \(3,\)"):
        paired_contrast([1, 2], [1, 2, 3])


def test_adjustment_is_benjamini_and_hochbergs_and_skips_what_was_not_tested():
    contrasts = [
        paired_contrast(FIRST, np.subtract(FIRST, shift))
        for shift in ([0.1, 0.3, 0.2, 0.0, 0.1], [0.5, 0.4, 0.6, 0.5, 0.4])
    ]
    untested = paired_contrast([1.0], [0.0])
    adjusted = adjust([contrasts[0], untested, contrasts[1]])
    expected = stats.false_discovery_control([contrasts[0].p, contrasts[1].p])
    assert [adjusted[0].adjusted, adjusted[2].adjusted] == pytest.approx(expected)
    assert adjusted[1].adjusted is None


@pytest.mark.parametrize(("seeds", "one", "of_many"), [(3, 3.26, 16), (5, 1.68, 4.0), (10, 1.00, 1.7)])
def test_detectable_effects_are_the_known_ones(seeds, one, of_many):
    assert detectable_effect(seeds) == pytest.approx(one, abs=0.006)
    assert detectable_effect(seeds, 0.05 / 24) == pytest.approx(of_many, rel=0.02)


def test_power_is_the_level_without_an_effect_and_grows_with_it():
    assert t_test_power(0.0, 5) == pytest.approx(0.05, abs=1e-6)
    powers = [t_test_power(effect, 5) for effect in (0.5, 1.0, 2.0, 4.0, 20.0)]
    assert powers == sorted(powers)
    assert powers[-1] == pytest.approx(1.0)


def test_whole_tasks_are_flipped():
    """8 tasks of one sign: only the two extreme of 256 flips are as far out."""
    assert sign_flips_over_tasks([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]).p == pytest.approx(2 / 256)
    assert sign_flips_over_tasks([1, -1] * 4).p == 1.0
    sampled = sign_flips_over_tasks([0.1] * 15)
    assert sampled.p is not None
    assert sampled.p < 0.01


def test_few_tasks_are_descriptive_only():
    found = sign_flips_over_tasks([0.1] * 7)
    assert found.p is None
    assert found.note == "no test: 7 tasks; below 8 the result is descriptive only"
    assert sign_flips_over_tasks([0.0] * 9).p is None


def labelled(values: np.ndarray, status: np.ndarray | None = None) -> Scores:
    methods, tasks, seeds = values.shape
    return Scores(
        tuple(f"m{i}" for i in range(methods)), tuple(f"t{i}" for i in range(tasks)), tuple(range(seeds)),
        values, np.full(values.shape, "ok") if status is None else status,
    )  # fmt: skip


def test_a_labelled_array_refuses_wrong_shapes_and_unexplained_gaps():
    values = np.zeros((2, 3, 4))
    assert labelled(values).of("m1", "t2").shape == (4,)
    with pytest.raises(ValueError, match=r"must be \[method, task, seed\] = \(2, 3, 4\), got \(3, 2, 4\)"):
        Scores(("a", "b"), ("x", "y", "z"), (0, 1, 2, 3), np.zeros((3, 2, 4)), np.full((2, 3, 4), "ok"))
    with pytest.raises(ValueError, match="methods must differ"):
        Scores(("a", "a"), ("x", "y", "z"), (0, 1, 2, 3), values, np.full(values.shape, "ok"))
    values[1, 2, 3] = math.nan
    with pytest.raises(ValueError, match="m1 on t2, seed 3 is not a number, yet its status is ok"):
        labelled(values)


def test_failures_count_as_worst_and_what_is_not_applicable_does_not():
    values, status = np.ones((1, 2, 2)), np.full((1, 2, 2), "ok", dtype="<U20")
    values[0, 0, 1] = values[0, 1, 0] = math.nan
    status[0, 0, 1], status[0, 1, 0] = "diverged", "not_applicable"
    filled = labelled(values, status).failures_as([-5.0, -7.0]).values
    assert filled[0, 0].tolist() == [1.0, -5.0]
    assert math.isnan(filled[0, 1, 0])


def test_aggregates_of_a_small_case_by_hand():
    scores = np.array([[0.0, 0.5, 1.0, 0.5], [0.25, 0.75, 0.5, 0.5]])
    assert aggregates.interquartile_mean(scores) == pytest.approx(0.5)
    assert aggregates.interquartile_mean([0, 0, 1, 2, 3, 4, 100, 100]) == pytest.approx(2.5)
    assert aggregates.optimality_gap([0.5, 1.5]) == pytest.approx(0.25)
    assert aggregates.performance_profile(scores, [0.0, 0.5, 1.0]).tolist() == [7 / 8, 2 / 8, 0.0]
    assert aggregates.normalise([0.25, 0.0, 0.5], floor=0.5, ceiling=0.0).tolist() == [0.5, 1.0, 0.0]
    means = np.array([[1.0, 3.0], [2.0, 3.0], [0.0, 1.0]])
    assert aggregates.win_rates(means).tolist() == pytest.approx([2.5 / 4, 3.5 / 4, 0.0])
    assert aggregates.mean_ranks(means).tolist() == pytest.approx([1.75, 1.25, 3.0])
    assert aggregates.probability_of_improvement([[1, 2]], [[0, 1]]) == pytest.approx(3.5 / 4)


def test_a_missing_value_is_never_trimmed_or_averaged_away():
    gap = np.array([[0.1, math.nan, 0.3, 0.4]])
    assert math.isnan(aggregates.interquartile_mean(gap))
    assert math.isnan(aggregates.optimality_gap(gap))
    assert math.isnan(aggregates.probability_of_improvement(gap, gap))
    assert np.isnan(aggregates.performance_profile(gap, [0.5])).all()
    assert aggregates.mean_ranks([[math.nan], [0.0]]).tolist() == [2.0, 1.0]
    assert aggregates.bootstrap(gap, aggregates.middle_means, seed=0).mean is None


def test_a_bootstrap_is_seeded_and_has_no_interval_for_one_seed():
    scores = np.random.default_rng(0).normal(size=(12, 5))
    one, again = (aggregates.bootstrap(scores, np.mean, seed=3, draws=200) for _ in range(2))
    assert one == again
    assert one.low is not None
    assert one.low < scores.mean() < (one.high or 0)
    assert aggregates.bootstrap(scores[:, :1], np.mean, seed=3).low is None
    with pytest.raises(ValueError, match=r"must be \[task, seed\]"):
        aggregates.bootstrap(scores.ravel(), np.mean, seed=3)


@given(st.permutations(range(5)))
def test_the_order_of_seeds_changes_no_contrast(order):
    one = paired_contrast(FIRST, SECOND)
    other = paired_contrast([FIRST[i] for i in order], [SECOND[i] for i in order])
    assert one.p == pytest.approx(other.p)
    assert one.low == pytest.approx(other.low)


def test_a_seed_that_collapses_is_pointed_out_beside_the_verdict():
    """Grubbs' test: with 5 seeds and four differences within .01, one at -1 lies far outside."""
    differences = [0.10, 0.11, 0.105, 0.095, -1.0]
    assert stands_apart(differences)
    assert "stands apart" in paired_contrast(differences, [0.0] * 5).warning
    assert not stands_apart(differences[:4])
    assert not stands_apart([0.1, 0.1, -1.0])  # below four nothing can be said
    assert not stands_apart([0.5] * 5)


def test_a_seed_stands_apart_by_chance_in_one_of_twenty_boards_and_mostly_when_it_collapsed():
    generator = np.random.default_rng(0)
    normal = generator.standard_normal((2000, 5))
    collapsed = normal.copy()
    collapsed[:, 0] -= 20
    rates = [np.mean([stands_apart(row) for row in rows]) for rows in (normal, collapsed)]
    assert rates[0] == pytest.approx(0.05, abs=0.015)
    assert rates[1] > 0.8


@pytest.mark.parametrize("shape", [(8, 3), (9, 25), (40, 7)])
def test_a_bootstrap_has_the_bits_of_one_that_draws_resample_after_resample(shape):
    scores, (tasks, seeds) = np.random.default_rng(1).normal(size=shape), shape
    generator, places = np.random.default_rng(0), np.arange(tasks)[:, None]
    drawn = [aggregates.interquartile_mean(scores[places, generator.integers(seeds, size=shape)]) for _ in range(250)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    estimate, inflation = aggregates.interquartile_mean(scores), math.sqrt(seeds / (seeds - 1))
    found = aggregates.bootstrap(scores, aggregates.middle_means, seed=0, draws=250)
    assert found == (estimate, estimate + inflation * (low - estimate), estimate + inflation * (high - estimate))


def test_differences_that_are_equal_but_for_rounding_have_no_spread_and_none_stands_apart():
    logarithms = [math.log(5.291)] * 5  # their mean is another number
    found = paired_contrast(logarithms, [math.log(2)] * 5)
    assert (found.deviation, found.p, found.warning) == (0.0, 0.0, "")
    assert found.low == found.high == found.difference
