"""Splits of generated sequences, where a draw could repeat: each split has its tenths of a hash of the example.

Axes: B batch, N numbers that make an example.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from benchmark.contracts.streams import stream
from benchmark.contracts.task import Split

_TENTHS: dict[Split, tuple[int, int]] = {"train": (0, 8), "validation": (8, 9), "test": (9, 10)}


@cache
def hash_weights(count: int, *names: str | int) -> Tensor:
    """Random weights [count] of a hash, int64, from the stream with these names; the same tensor for all who ask."""
    return torch.randint(2**62, (count,), generator=stream(*names))


def multilinear_hash(rows: Tensor, *names: str | int) -> Tensor:
    """Hash rows [B, N] of numbers >= 0 in their order, [B] int64."""
    return ((rows + 1) * hash_weights(rows.shape[1], *names)).sum(1)  # the products wrap around


def belongs_to(split: Split, hashed: Tensor) -> Tensor:
    """Whether examples with these hashes [B] belong to a split, [B] bool: 8 tenths are train, one each the others."""
    first, beyond = _TENTHS[split]
    tenth = (hashed >> 32) % 10
    return (tenth >= first) & (tenth < beyond)


def draw_of_split(split: Split, size: int, draw: Callable[[int], Tensor], hashed: Callable[[Tensor], Tensor]) -> Tensor:
    """Draw until `size` examples belong to a split, [size, N].

    Args:
        draw: makes so many examples, [count, N].
        hashed: gives their hashes, [count].
    """
    first, beyond = _TENTHS[split]
    kept: list[Tensor] = []
    while sum(map(len, kept)) < size:
        rows = draw(12 * size // (beyond - first) + 1)  # a fifth more than are needed on average
        kept.append(rows[belongs_to(split, hashed(rows))])
    return torch.cat(kept)[:size]
