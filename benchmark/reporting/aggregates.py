"""Aggregates over tasks and seeds of normalised scores: 0 the floor, 1 the ceiling, outside shown as it is.

Interquartile mean, optimality gap, performance profile and probability of improvement are those of Agarwal et al. 2021
(arXiv 2108.13264). A method that lacks a value on a task has none here: NaN is passed on, never skipped.
"""

import math
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.reporting.statistics import Interval

Array = NDArray[np.float64]

_AT_ONCE = 100  # resamples; more of them do not stay in the processor's cache


class Aggregate(Protocol):
    """Makes one figure of the values along an axis, as `np.mean` does; they rise along it."""

    def __call__(self, a: Array, /, *, axis: int) -> Array:
        """Return an array without the axis."""
        ...


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
    return float(middle_means(np.sort(values), axis=-1))


def middle_means(values: Array, *, axis: int) -> Array:
    """Mean of the middle half along an axis of values that rise along it: their interquartile mean."""
    rows = np.moveaxis(values, axis, -1)
    cut = rows.shape[-1] // 4
    return rows[..., cut : rows.shape[-1] - cut].mean(-1)


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


def bootstrap(scores: ArrayLike, aggregate: Aggregate, seed: int, draws: int = 2_000) -> Interval:
    """95 % interval of an aggregate over many tasks, by resampling the seeds of each task.

    Deviations from the estimate are inflated by sqrt(S / (S - 1)), because the spread of S resampled seeds is too small
    by that. There is no interval for one seed.

    Args:
        scores: [task, seed].
        aggregate: of all values of an array along an axis.
        seed: of the resampling, which is the same for all methods.
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 2:
        raise ValueError(f"scores must be [task, seed], got shape {values.shape}")
    if values.size == 0 or np.isnan(values).any():
        return Interval(None, None, None)
    rising, (tasks, seeds) = np.sort(values, axis=None), values.shape
    estimate = float(aggregate(rising, axis=-1))
    if seeds < 2:
        return Interval(estimate, None, None)
    chosen, ranks = _resamples(seed, draws, tasks, seeds), _ranks(values)
    samples = (np.sort(ranks[chosen[at : at + _AT_ONCE]]) for at in range(0, draws, _AT_ONCE))  # [draw, task * seed]
    drawn = np.concatenate([aggregate(rising[sample], axis=-1) for sample in samples])  # [draw]
    low, high = np.quantile(drawn, [0.025, 0.975])
    inflation = math.sqrt(seeds / (seeds - 1))
    return Interval(
        estimate, estimate + inflation * float(low - estimate), estimate + inflation * float(high - estimate)
    )


def _ranks(values: Array) -> NDArray[np.unsignedinteger]:
    """Place of each value, flat, among all in rising order; short integers are sorted in a third of the time."""
    ranks = np.empty(values.size, np.min_scalar_type(values.size))
    ranks[np.argsort(values, axis=None)] = np.arange(values.size)
    return ranks


@lru_cache(maxsize=1)
def _resamples(seed: int, draws: int, tasks: int, seeds: int) -> NDArray[np.int64]:
    """Places in flat [task, seed] values, with the seeds of each task drawn anew: [draw, task * seed]."""
    drawn = np.random.default_rng(seed).integers(seeds, size=(draws, tasks, seeds))
    return (drawn + seeds * np.arange(tasks)[:, None]).reshape(draws, -1)
