"""Preferences between samples, on known answers."""

import math

import pytest
import torch

from benchmark.contracts import (
    Batch,
    Discrete,
    Output,
    bradley_terry,
    draw_samples,
    log_ratio,
    pairwise,
    preferred_margin,
    ranking_accuracy,
)
from benchmark.learning.context import Origin, UpdateContext
from benchmark.models.recurrent import GRU
from tasks.copycat_tagging import CopycatTagging
from tests.factories import make_model


def test_each_pair_of_samples_of_one_input_is_compared():
    differences = pairwise(torch.tensor([1.0, 2.0, 4.0, 10.0, 10.0, 0.0]), samples=3)
    assert differences.tolist() == [[-1.0, -3.0, -2.0], [0.0, 10.0, 10.0]]


def test_without_a_margin_a_preference_costs_the_log_of_two():
    assert float(bradley_terry(torch.zeros(2, 3), torch.ones(2, 3))) == pytest.approx(math.log(2))


@pytest.mark.parametrize(("preference", "probability"), [(1.0, 0.75), (-1.0, 0.25)])
def test_the_loss_is_the_surprisal_of_the_preference_under_bradley_and_terry(preference, probability):
    margin = torch.tensor([[math.log(3.0)]], dtype=torch.float64)  # the odds are three to one
    loss = bradley_terry(margin, torch.full_like(margin, preference))
    assert float(loss) == pytest.approx(-math.log(probability))


def test_the_gradient_on_a_margin_is_the_probability_of_the_other_preference():
    margin = torch.tensor([[math.log(3.0)]], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(bradley_terry(margin, torch.ones(1, 1)), margin)
    assert gradient.item() == pytest.approx(-0.25)


def test_ties_neither_cost_nor_dilute():
    decided, tied = torch.tensor([[2.0]]), torch.tensor([[2.0, -7.0]])
    assert torch.equal(bradley_terry(decided, torch.tensor([[1.0]])), bradley_terry(tied, torch.tensor([[1.0, 0.0]])))
    margin = torch.tensor([[3.0]], requires_grad=True)
    loss = bradley_terry(margin, torch.zeros(1, 1))
    (gradient,) = torch.autograd.grad(loss, margin)
    assert loss.item() == 0 and gradient.item() == 0


def test_accuracy_and_margin_look_at_decided_pairs_only():
    margin, preference = torch.tensor([[1.0, -2.0, 5.0, 3.0]]), torch.tensor([[1.0, -1.0, 0.0, -1.0]])
    assert ranking_accuracy(margin, preference) == pytest.approx(2 / 3)
    assert preferred_margin(margin, preference) == pytest.approx(0.0)
    assert math.isnan(ranking_accuracy(margin, torch.zeros(1, 4)))
    assert math.isnan(preferred_margin(margin, torch.zeros(1, 4)))


def test_the_sample_with_more_reward_is_preferred():
    task = CopycatTagging()
    batch = task.sample("train", 6, (8, 8), torch.Generator().manual_seed(0))
    drawn = draw_samples(make_model(GRU, task.space), batch, UpdateContext(task, Origin("test", 0), 0, 0.5), samples=3)
    right = ((drawn.output.tokens == drawn.batch.tokens) & drawn.batch.own).sum(1)
    assert drawn.returns.tolist() == right.tolist()
    assert torch.equal(drawn.preference[:, 0], (right[::3] - right[1::3]).sign())
    assert torch.equal(drawn.batch.tokens[0], drawn.batch.tokens[2])
    assert len(drawn.batch) == len(batch)


def test_the_mean_log_ratio_of_all_sequences_is_the_divergence():
    model, start = (make_model(GRU, Discrete(3), scale=scale) for scale in (3.0, 1.0))
    tokens = torch.cartesian_prod(torch.arange(3), torch.arange(3))  # [9, 2], all there are
    own = torch.ones_like(tokens, dtype=torch.bool)
    log_q, ratio = log_ratio(model, start, Output(tokens, own, tokens, own[:, 0] & False))
    log_p = [network(tokens).log_softmax(-1).gather(2, tokens[..., None]).sum((1, 2)) for network in (model, start)]
    exact = (log_p[0].exp() * (log_p[0] - log_p[1])).sum()
    assert (log_q.sum(1).exp() * ratio.sum(1)).sum().item() == pytest.approx(exact.item())
    assert exact.item() > 0.01


def test_pairs_need_no_more_sequences_than_teacher_forcing():
    task = CopycatTagging()
    batch = task.sample("train", 8, (4, 4), torch.Generator().manual_seed(0))
    drawn = draw_samples(make_model(GRU, task.space), batch, UpdateContext(task, Origin("test", 0), 0, 0.5), samples=4)
    assert isinstance(drawn.batch, Batch) and len(drawn.output.tokens) == 8 and drawn.preference.shape == (2, 6)
