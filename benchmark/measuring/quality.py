"""Quality along the curve axis of a task.

Axes: B batch, T time (columns), K statistics.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from benchmark.contracts.task import Metric, Score
from benchmark.fields import LARGEST
from benchmark.values import Point


def weighted_mean(scores: Sequence[Score]) -> Tensor:
    """Mean of all values by weight, [] or [K], whatever they are grouped in; NaN where all weights are 0."""
    weight, total = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for score in scores:
        weighed = score.weight if score.value.dim() == score.weight.dim() else score.weight[..., None]
        kept = score.value.double().masked_fill(weighed == 0, 0.0) * weighed  # 0 * inf is not 0
        weight = weight + score.weight.double().sum()
        total = total + kept.flatten(0, score.weight.dim() - 1).sum(0)
    return torch.where(weight > 0, total / weight, math.nan)


def figure_of(metric: Metric, scores: Sequence[Score]) -> float:
    """The metric of a group of scores; NaN where all weights are 0."""
    mean = weighted_mean(scores)
    return math.nan if bool(mean.isnan().any()) else float(metric.figure(mean))


def by_bucket(score: Score, position: Tensor, buckets: Sequence[tuple[int, int]]) -> list[Score]:
    """Split per-token scores [B, T] into inclusive buckets of positions [B, T], counted from 1."""
    return [Score(score.value, _within(score.weight, position, low, high)) for low, high in buckets]


def _within(weight: Tensor, position: Tensor, low: int, high: int) -> Tensor:
    return weight * ((position >= low) & (position <= high))


def points(buckets: Sequence[tuple[int, int]], values: Sequence[float]) -> list[Point]:
    """Put one value to each bucket; a value that is not finite is None."""
    pairs = zip(buckets, values, strict=True)
    return [Point(low=low, high=high, value=finite(value)) for (low, high), value in pairs]


def finite(value: float) -> float | None:
    """Return the value, or None where it is not a number that a record holds."""
    return value if abs(value) <= LARGEST else None  # false for NaN too
