"""Small-sample statistics over seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A mean with its 95 % t interval; the ends are None below two values."""

    mean: float | None
    low: float | None
    high: float | None


ABSENT = Interval(None, None, None)


def t_interval(values: Sequence[float | None], level: float = 0.95) -> Interval:
    """Mean and Student t interval over seeds.

    A missing value makes the mean missing: seeds are left out by their status, never by their value.
    """
    return t_intervals([values], level)[0]


def t_intervals(table: Sequence[Sequence[float | None]], level: float = 0.95) -> list[Interval]:
    """Mean and Student t interval of each of several figures over the same seeds: [figure, seed] -> [figure]."""
    whole = [index for index, values in enumerate(table) if values and None not in values]
    intervals = [ABSENT] * len(table)
    if not whole:
        return intervals
    sample = np.asarray([table[index] for index in whole], dtype=float)  # [figure, seed]
    means, seeds = sample.mean(1), sample.shape[1]
    if seeds < 2:
        for index, mean in zip(whole, means.tolist(), strict=True):
            intervals[index] = Interval(mean, None, None)
        return intervals
    from scipy.special import stdtrit  # the t quantile without the second that scipy.stats takes to import

    halves = float(stdtrit(seeds - 1, 0.5 + level / 2)) * sample.std(1, ddof=1) / math.sqrt(seeds)
    for index, mean, half in zip(whole, means.tolist(), halves.tolist(), strict=True):
        intervals[index] = Interval(mean, mean - half, mean + half)
    return intervals


def horizon_50(lengths: Sequence[float], quality: Sequence[float | None], floor: float, ceiling: float) -> float | None:
    """Smallest length at which the normalised quality (floor 0, ceiling 1) is <= 1/2, interpolated in log length.

    Args:
        lengths: increasing, one for each quality.
        quality: the metric; its direction is that from floor to ceiling.

    Returns:
        The length; the first one where quality begins at or below half; None (censored: beyond the last length) where
        it stays above half.
    """
    before: tuple[float, float] | None = None
    for length, value in zip(lengths, quality, strict=True):
        if value is None:
            continue
        normalised = (value - floor) / (ceiling - floor)
        if normalised <= 0.5:
            if before is None:
                return length
            share = (before[1] - 0.5) / (before[1] - normalised)
            return math.exp(math.log(before[0]) + share * (math.log(length) - math.log(before[0])))
        before = (length, normalised)
    return None
