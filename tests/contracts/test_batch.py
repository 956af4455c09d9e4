"""Batches and masks."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contracts import Batch, fed_before, own_positions

rows = st.lists(
    st.tuples(st.lists(st.integers(0, 9), max_size=5), st.lists(st.integers(0, 9), min_size=1, max_size=6)),
    min_size=1,
    max_size=6,
)


@given(rows)
def test_rows_laid_out_as_a_batch_can_be_read_back(pairs):
    batch = Batch.from_rows([prompt for prompt, _ in pairs], [target for _, target in pairs])
    for row, (prompt, target) in enumerate(pairs):
        assert batch.tokens[row][batch.valid[row] & batch.given[row]].tolist() == prompt
        assert batch.tokens[row][batch.own[row]].tolist() == target
        assert batch.lengths[row] == len(target)


@given(rows)
def test_own_positions_count_from_one_without_gaps(pairs):
    batch = Batch.from_rows([prompt for prompt, _ in pairs], [target for _, target in pairs])
    positions = own_positions(batch.own)
    for row, length in enumerate(batch.lengths.tolist()):
        assert positions[row][batch.own[row]].tolist() == list(range(1, length + 1))
    assert (positions[~batch.own] == 0).all()


@given(rows, st.permutations(range(6)))
def test_selected_rows_are_those_rows(pairs, order):
    batch = Batch.from_rows([prompt for prompt, _ in pairs], [target for _, target in pairs])
    chosen = torch.tensor([row for row in order if row < len(pairs)])
    part = batch.select(chosen)
    assert torch.equal(part.tokens, batch.tokens[chosen])
    assert torch.equal(part.own, batch.own[chosen])


def test_the_shift_puts_the_start_symbol_first_and_keeps_the_last_token():
    assert fed_before(torch.tensor([[4, 5, 6]]), start=9).tolist() == [[9, 4, 5, 6]]


TOKENS = torch.zeros(2, 3, dtype=torch.int64)
NONE, ALL = torch.zeros(2, 3, dtype=torch.bool), torch.ones(2, 3, dtype=torch.bool)


@pytest.mark.parametrize(
    ("tokens", "given_mask", "valid", "message"),
    [
        (TOKENS[0], NONE, ALL, r"tokens must be \[batch, time\], got shape \(3,\)"),
        (TOKENS.float(), NONE, ALL, r"torch.float32 tokens must be \[batch, time, size\], got shape \(2, 3\)"),
        (TOKENS.int(), NONE, ALL, "tokens must be torch.int64 of shape"),
        (TOKENS, NONE[:1], ALL, r"given must be torch.bool of shape \(2, 3\), got torch.bool of shape \(1, 3\)"),
        (TOKENS, NONE, ALL.long(), "valid must be torch.bool"),
        (TOKENS, NONE, torch.tensor([[True, True, True], [True, False, True]]), "row 1 has a gap"),
        (TOKENS, torch.tensor([[True] * 3, [False] * 3]), ALL, "row 0 has none"),
    ],
)
def test_a_wrong_batch_is_refused_with_what_was_received(tokens, given_mask, valid, message):
    with pytest.raises(ValueError, match=message):
        Batch(tokens, given_mask, valid)
