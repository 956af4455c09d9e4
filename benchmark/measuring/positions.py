"""Own tokens by their position, counted from 1: where a tally puts them, and how positions are grouped.

Axes: B batch, T time (columns).
"""

from torch import Tensor

from benchmark.contracts.batch import own_positions
from benchmark.contracts.task import Task

Buckets = tuple[tuple[int, int], ...]


def slots(own: Tensor, size: int) -> Tensor:
    """Position of each own token of [B, T], flat [B T]; 0 for what is not the model's own.

    The last of `size` slots takes all that lies beyond the positions that are kept.
    """
    return own_positions(own).clamp_max(size - 1).flatten()


def position_buckets(task: Task) -> Buckets:
    """The curve's buckets where they are of positions, else 1-4, 5-8, 9-16 and so on to the longest output."""
    if task.curve.axis == "position":
        return task.curve.buckets
    ends = [4]
    while ends[-1] < task.curve.own_tokens:
        ends.append(2 * ends[-1])
    return tuple((low + 1, high) for low, high in zip([0, *ends], ends, strict=False))
