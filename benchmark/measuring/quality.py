"""Quality along the curve axis of a task.

Axes: B batch, T time (columns).
"""

import math

from torch import Tensor

from benchmark.contracts.batch import Output, own_positions
from benchmark.contracts.task import Curve, Score
from benchmark.values import Point


def weighted_mean(scores: list[Score]) -> float:
    """Mean of all values by weight, whatever they are grouped in; NaN where all weights are 0."""
    weight = sum(float(score.weight.sum()) for score in scores)
    kept = (score.value.masked_fill(score.weight == 0, 0.0) * score.weight for score in scores)  # 0 * inf is not 0
    total = sum(float(values.sum()) for values in kept)
    return total / weight if weight else math.nan


def by_position(score: Score, output: Output, curve: Curve) -> list[Score]:
    """Split per-token scores [B, T] into the curve's buckets of own positions, counted from 1."""
    position = own_positions(output.own)  # [B, T]
    return [Score(score.value, _within(score.weight, position, low, high)) for low, high in curve.buckets]


def _within(weight: Tensor, position: Tensor, low: int, high: int) -> Tensor:
    return weight * ((position >= low) & (position <= high))


def points(curve: Curve, values: list[float]) -> list[Point]:
    """Put one value to each bucket of the curve; a value that is not finite is None."""
    pairs = zip(curve.buckets, values, strict=True)
    return [Point(low=low, high=high, value=finite(value)) for (low, high), value in pairs]


def finite(value: float) -> float | None:
    """Return the value, or None where it is not a finite number."""
    return value if math.isfinite(value) else None
