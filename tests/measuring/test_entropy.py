"""Entropy by position on distributions whose entropy is known."""

import math

import pytest
import torch

from benchmark.contracts import Output
from benchmark.measuring.entropy import EntropyTally
from benchmark.measuring.evaluated import Evaluated


def output(*sizes: int) -> Output:
    """One row, at each column uniform over the first `size` of 8 symbols; the first column is given."""
    rows = [torch.full((8,), -math.inf).index_fill(0, torch.arange(size), -math.log(size)) for size in sizes]
    own = torch.tensor([[False] + [True] * (len(sizes) - 1)])
    tokens = torch.zeros_like(own, dtype=torch.int64)
    return Output(tokens, own, tokens, own[:, 0], torch.stack(rows)[None])


def test_entropy_is_averaged_over_own_tokens_by_position():
    tally, result = EntropyTally(4, ((1, 1), (2, 2), (3, 4))), Evaluated()
    tally.add_prefixes("own", output(8, 1, 2, 4, 8))
    tally.add_prefixes("own", output(8, 4, 2))
    tally.add_prefixes("gold", output(8, 2, 2, 2, 2))
    tally.put_into(result)
    log2 = math.log(2)
    assert [point.value for point in result.curves["entropy_own"]] == pytest.approx([log2, log2, 2.5 * log2])
    assert [point.value for point in result.curves["entropy_gold"]] == pytest.approx([log2] * 3)
    assert result.measures["entropy_drift"].value == pytest.approx(1.5 * log2)


def test_a_bucket_that_no_row_reached_is_absent():
    tally, result = EntropyTally(4, ((1, 1), (2, 4))), Evaluated()
    tally.add_prefixes("own", output(8, 1))
    tally.put_into(result)
    assert [point.value for point in result.curves["entropy_own"]] == [0.0, None]
    assert result.measures["entropy_drift"].reason == "one bucket was reached"
