"""Ring tracking: the filter against brute force, and what each oracle reaches."""

import itertools

import pytest
import torch

from benchmark.contracts import Batch, stream
from benchmark.learning.free_running import Draw
from tasks.ring_tracking import RingTracking
from tests.factories import run_process_freely

TASK = RingTracking()
LABELS = 128


@pytest.fixture(scope="module")
def batch() -> Batch:
    return TASK.sample("test", 512, (LABELS, LABELS), stream("ring", "known answers"))


def accuracy(batch: Batch, tokens: torch.Tensor) -> float:
    return float((tokens == batch.tokens)[batch.own].double().mean())


def test_every_row_has_its_own_labels_after_a_gold_prefix(batch):
    assert (batch.lengths == LABELS).all()
    prefix = batch.given[0, 1::2].sum()
    assert 8 <= prefix <= 16
    assert batch.given[:, 1::2].int().diff(dim=1).max() <= 0  # given labels come first


def test_the_walk_stays_half_of_the_time_and_moves_by_one_else(batch):
    cells = batch.tokens[:, 1::2] - 24
    moves = (cells[:, 1:] - cells[:, :-1]) % 24
    shares = torch.bincount(moves.flatten(), minlength=24).double() / moves.numel()
    assert shares[[0, 1, 23]].tolist() == pytest.approx([0.5, 0.25, 0.25], abs=0.006)


def test_observations_are_near_six_times_in_ten_and_anywhere_else(batch):
    offset = (batch.tokens[:, 0::2] - batch.tokens[:, 1::2] + 24) % 24
    near = torch.isin(offset, torch.tensor([0, 1, 2, 22, 23])).double().mean()
    assert near == pytest.approx(0.6 + 0.4 * 5 / 24, abs=0.005)


def test_the_expert_is_the_filter_by_brute_force():
    """P(label | observations, given labels) by summing over all walks of the three steps after the prefix."""
    full = TASK.sample("test", 4, (3, 3), stream("brute force"))
    expert = TASK.expert(full, full.tokens)[:, 1::2, 24:].exp()  # [B, L, K]
    prefix = int(full.given[0, 1::2].sum())
    for row in range(4):
        seen = full.tokens[row, 0::2]
        start = int(full.tokens[row, 2 * prefix - 1]) - 24
        weight = torch.zeros(24, dtype=torch.float64)
        for moves in itertools.product((-1, 0, 0, 1), repeat=3):
            cells = [start]
            for move in moves:
                cells.append((cells[-1] + move) % 24)
            likelihood = [TASK.emission[cell, seen[prefix + step]] for step, cell in enumerate(cells[1:])]
            weight[cells[-1]] += torch.stack(likelihood).prod()
        assert torch.allclose(expert[row, -1], weight / weight.sum())


def test_the_frozen_controls_are_what_the_oracles_reach(batch):
    expert = TASK.expert(batch, batch.tokens)  # it does not read the model's own labels
    found = {
        "process on gold prefixes": accuracy(batch, TASK.process(batch, batch.tokens).argmax(-1)),
        "process run freely": accuracy(batch, run_process_freely(TASK, batch, Draw("greedy", stream("free")))),
        "process run freely, sampled": accuracy(batch, run_process_freely(TASK, batch, Draw("sample", stream("free")))),
        "expert run freely, sampled": accuracy(batch, Draw("sample", stream("expert"))(expert)),
    }
    assert found == pytest.approx(TASK.controls, abs=0.015)
    assert accuracy(batch, expert.argmax(-1)) == pytest.approx(TASK.ceiling, abs=0.015)


def test_the_expert_does_not_read_the_models_own_labels(batch):
    other = torch.where(batch.own, (batch.tokens + 1) % 24 + 24, batch.tokens)
    assert torch.equal(TASK.expert(batch, batch.tokens), TASK.expert(batch, other))


def test_a_uniform_guess_scores_the_floor(batch):
    guess = torch.randint(24, 48, batch.tokens.shape, generator=stream("guess"))
    assert accuracy(batch, guess) == pytest.approx(TASK.floor, abs=0.005)
