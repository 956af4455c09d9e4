"""Diversity and repetition of token sequences; needs no oracle.

All functions take `tokens` [B, L] and `own` [B, L] bool, own tokens moved to the left (`errors_in_time.by_position`).

Axes: B rows, L positions.
"""

import math
from collections import Counter
from collections.abc import Iterator

import torch
from torch import Tensor


def _rows(tokens: Tensor, own: Tensor) -> Iterator[list[int]]:
    for row, there in zip(tokens, own, strict=True):
        yield row[there].tolist()


def _ngrams(row: list[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(row[begin : begin + size]) for begin in range(len(row) - size + 1)]


def distinct_ngrams(tokens: Tensor, own: Tensor, size: int) -> float:
    """Share of distinct n-grams among all of the rows together (Li et al. 2016, arXiv 1510.03055), in (0, 1].

    Higher is more diverse. Falls with the number of tokens, so compare only equal amounts. NaN without any n-gram.
    """
    found = Counter(gram for row in _rows(tokens, own) for gram in _ngrams(row, size))
    return len(found) / total if (total := found.total()) else math.nan


def repeated_ngrams(tokens: Tensor, own: Tensor, size: int) -> float:
    """Share of n-grams that stood in the same row before (Welleck et al. 2020, arXiv 1908.04319), in [0, 1].

    Higher is more repetitive. NaN without any n-gram.
    """
    per_row = [Counter(_ngrams(row, size)) for row in _rows(tokens, own)]
    total = sum(row.total() for row in per_row)
    return sum(row.total() - len(row) for row in per_row) / total if total else math.nan


def distinct_prefixes(tokens: Tensor, own: Tensor, size: int) -> float:
    """Share of distinct first `size` tokens among the rows that have so many, in (0, 1]; NaN if none has.

    Small where a model has collapsed onto few sequences. Rows with different prompts differ for that reason too.
    """
    long_enough = own[:, :size].all(1) if own.shape[1] >= size else torch.zeros(len(own), dtype=torch.bool)
    prefixes = tokens[long_enough][:, :size].tolist()
    return len(set(map(tuple, prefixes))) / len(prefixes) if prefixes else math.nan
