"""Aggregates over tasks and seeds of normalised scores: 0 the floor, 1 the ceiling, outside shown as it is.

Interquartile mean, optimality gap, performance profile and probability of improvement are those of Agarwal et al. 2021
(arXiv 2108.13264). A method that lacks a value on a task has none here: NaN is passed on, never skipped.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.reporting.statistics import Interval

Array = NDArray[np.float64]


def normalise(values: ArrayLike, floor: float, ceiling: float) -> Array:
    """Put a metric on the scale from floor (0) to ceiling (1); the direction is that from floor to ceiling.

    Raises:
        ValueError: if floor and ceiling are equal.
    """
    if floor == ceiling:
        raise ValueError(f"floor and ceiling must differ, got {floor}")
    return (np.asarray(values, dtype=float) - floor) / (ceiling - floor)


def interquartile_mean(scores: ArrayLike) -> float:
    """Mean of the middle half of all values; NaN if there is a NaN."""
    values = np.asarray(scores, dtype=float).ravel()
    if len(values) == 0 or np.isnan(values).any():
        return math.nan
    cut = len(values) // 4
    ends = (cut, len(values) - 1 - cut)
    return float(np.partition(values, ends)[cut : len(values) - cut].mean())  # a third of the time of sorting


def optimality_gap(scores: ArrayLike, target: float = 1.0) -> float:
    """Mean amount by which values stay below the target; >= 0, lower is better."""
    values = np.asarray(scores, dtype=float)
    return float(np.maximum(target - values, 0.0).mean()) if values.size else math.nan


def performance_profile(scores: ArrayLike, thresholds: ArrayLike) -> Array:
    """Share of (task, seed) values above each threshold, [threshold]; falls from 1 towards 0."""
    values = np.asarray(scores, dtype=float).ravel()
    if np.isnan(values).any():
        return np.full(np.shape(thresholds), math.nan)
    return (values[None, :] > np.asarray(thresholds, dtype=float)[:, None]).mean(1)


def win_rates(means: ArrayLike) -> Array:
    """Share of (other method, task) pairs that each method wins, ties half: [method, task] -> [method]."""
    values = np.asarray(means, dtype=float)
    first, second = values[:, None, :], values[None, :, :]
    known = ~np.isnan(first + second) & ~np.eye(len(values), dtype=bool)[:, :, None]
    wins = np.where(first > second, 1.0, np.where(first == second, 0.5, 0.0))
    pairs = known.sum((1, 2))
    return np.where(pairs > 0, (wins * known).sum((1, 2)) / np.maximum(pairs, 1), math.nan)


def ranks_by_task(means: ArrayLike) -> Array:
    """Rank on each task, 1 the best, ties shared: [method, task] -> [method, task]; NaN ranks last on its task."""
    from scipy.stats import rankdata

    return rankdata(-np.nan_to_num(np.asarray(means, dtype=float), nan=-math.inf), axis=0)


def mean_ranks(means: ArrayLike) -> Array:
    """Mean over tasks of the ranks: [method, task] -> [method]."""
    return ranks_by_task(means).mean(1)


def probability_of_improvement(first: ArrayLike, second: ArrayLike) -> float:
    """Mean over tasks of P(first > second) for a random seed each, ties half: [task, seed] each."""
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if np.isnan(one).any() or np.isnan(other).any():
        return math.nan
    difference = one[:, :, None] - other[:, None, :]  # [task, seed, seed]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def bootstrap(scores: ArrayLike, aggregate: Callable[[Array], float], seed: int, draws: int = 2_000) -> Interval:
    """95 % interval of an aggregate over many tasks, by resampling the seeds of each task.

    Deviations from the estimate are inflated by sqrt(S / (S - 1)), because the spread of S resampled seeds is too small
    by that. There is no interval for one seed.

    Args:
        scores: [task, seed].
        seed: of the resampling.
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 2:
        raise ValueError(f"scores must be [task, seed], got shape {values.shape}")
    estimate, (tasks, seeds) = aggregate(values), values.shape
    if math.isnan(estimate):
        return Interval(None, None, None)
    if seeds < 2:
        return Interval(estimate, None, None)
    rows = np.arange(tasks)[:, None]
    generator = np.random.default_rng(seed)
    drawn = [aggregate(values[rows, generator.integers(seeds, size=(tasks, seeds))]) for _ in range(draws)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    inflation = math.sqrt(seeds / (seeds - 1))
    return Interval(
        estimate, estimate + inflation * float(low - estimate), estimate + inflation * float(high - estimate)
    )
