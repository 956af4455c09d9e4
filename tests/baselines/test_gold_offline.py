"""GOLD where its fixed point is known, and what it trades for what."""

import math

import pytest
import torch

from baselines.gold_offline import GoldOffline
from baselines.teacher_forcing import TeacherForcing
from benchmark.checking.policy_gradients import SEQUENCES, EnumeratedContext, log_likelihood, small_model
from benchmark.contracts import Baseline, Batch, stream, token_log_likelihood
from benchmark.contracts.registry import Registry
from benchmark.learning.free_running import Draw, roll_out
from benchmark.learning.loop import build_model, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation


def test_a_rare_symbol_falls_to_where_the_least_weight_holds_it():
    """Of two symbols with shares .7 and .3 the rare one, x, settles where x (.3 u + .7 (1 - x)) = .3 u."""
    model, method = small_model(), GoldOffline(warm_start=0.0)
    tokens = torch.tensor([[0]] * 7 + [[1]] * 3)
    batch = Batch(tokens, tokens < 0, tokens >= 0)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(400):
        optimiser.zero_grad()
        method.loss(model, batch, EnumeratedContext(tokens)).objective.backward()
        optimiser.step()
    assert model(tokens[:1]).softmax(-1)[0, 0, 1].item() == pytest.approx(0.06 / 0.7, abs=0.003)


@pytest.mark.parametrize("value", ["delta", "p", "s"])
def test_a_token_is_worth_what_the_start_model_makes_of_it_and_of_those_after_it(value):
    model, method = small_model(), GoldOffline(value=value)
    method.build(model, stream("build"))
    batch = Batch(SEQUENCES, SEQUENCES < 0, SEQUENCES >= 0)
    log_p = log_likelihood(model, SEQUENCES).detach()
    worth = {"delta": None, "p": log_p.exp(), "s": (log_p - math.log(0.01)).clamp_min(0)}[value]
    expected = torch.ones(9, 2) if worth is None else torch.stack([worth.sum(1), worth[:, 1]], 1)
    torch.testing.assert_close(method.values(model, batch).to(expected), expected)


def trained(baseline: Baseline) -> torch.Tensor:
    """Of each row [3, B]: accuracy of a sample on gold, the process's log-probability of an own run, nats of gold."""
    task = Registry().task("hmm_language")()
    model = build_model(GRU, task, {"width": 16}, seed=0)
    train(model, task, baseline, Budget(updates=120), Optimisation(batch=16, learning_rate=2e-2), seed=0)
    batch = task.sample("validation", 256, (32, 32), stream("gold"))
    with torch.no_grad():
        log_q = token_log_likelihood(model(batch.tokens), batch.tokens, batch.own)  # [B, T]
    run = roll_out(model, task, batch, Draw("sample", stream("draw"))).tokens
    quality = token_log_likelihood(task.process(batch, run), run, batch.own)
    return torch.stack([log_q.exp().double(), quality, -log_q.double()]).mean(-1)


def test_quality_rises_and_perplexity_worsens():
    difference = trained(GoldOffline()) - trained(TeacherForcing())  # [3, B]
    standard_error = difference.std(1) / difference.shape[1] ** 0.5
    assert bool((difference.mean(1) > 4 * standard_error).all())
