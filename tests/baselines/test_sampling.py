"""The kinds of scheduled sampling: what is fed, how often, and where gradient flows."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from baselines.confidence_scheduled_sampling import ConfidenceScheduledSampling
from baselines.decoding_step_scheduled_sampling import DecodingStepScheduledSampling
from baselines.differentiable_scheduled_sampling import DifferentiableScheduledSampling
from baselines.parallel_scheduled_sampling import ParallelScheduledSampling
from baselines.scheduled_sampling import ScheduledSampling
from benchmark.contracts import Batch, Discrete
from tests.baselines.feeding import context, fed_by, wide_batch
from tests.factories import MODELS, make_model, prompted_batch

SPACE = Discrete(6, emits=(0, 1, 2, 3))
CONSTANT: dict[str, Any] = {"schedule": "constant", "end": 0.3}


@pytest.mark.parametrize("model_class", MODELS)
def test_parallel_passes_approach_the_step_wise_roll_in_and_reach_it(model_class):
    batch, model = wide_batch(rows=20), make_model(model_class, SPACE, scale=4)
    exact = fed_by(ScheduledSampling(**CONSTANT), model, batch)
    fed = [fed_by(ParallelScheduledSampling(passes=k, **CONSTANT), model, batch) for k in (1, 2, 4, 8, 17)]
    differs = [float((tokens != exact)[batch.own].double().mean()) for tokens in fed]
    assert differs == sorted(differs, reverse=True)
    assert differs[0] > differs[1] > differs[-1] == 0
    assert torch.equal(fed[2][:, :7], exact[:, :7])  # three are given, and four own ones are right after four passes


def test_one_pass_chooses_own_tokens_given_gold_prefixes():
    batch, model = wide_batch(rows=20), make_model(MODELS[0], SPACE)
    method = ParallelScheduledSampling(passes=1, draw="greedy", schedule="constant", end=0.0)
    best = model(batch.tokens).argmax(-1)
    assert torch.equal(fed_by(method, model, batch), torch.where(batch.own, best, batch.tokens))


def test_parallel_passes_log_how_often_they_differ_from_the_step_wise_roll_in():
    batch, model = wide_batch(rows=20), make_model(MODELS[0], SPACE, scale=2)
    logged = []
    for passes in (1, 17):
        ctx = context(step=63)
        ParallelScheduledSampling(passes=passes, **CONSTANT).loss(model, batch, ctx)
        logged.append(ctx.figures["differs_from_exact"])
    assert logged[0] > 0 == logged[1]


@pytest.mark.parametrize("method", [ScheduledSampling, ParallelScheduledSampling])
def test_a_low_temperature_is_greedy_and_a_high_one_uniform_over_the_emitted_symbols(method):
    batch, model = wide_batch(), make_model(MODELS[0], SPACE)
    knobs = {"schedule": "constant", "end": 0.0}
    cold, hot = (fed_by(method(temperature=t, **knobs), model, batch)[batch.own] for t in (0.1, 10.0))
    greedy = fed_by(method(draw="greedy", **knobs), model, batch)[batch.own]
    plain = fed_by(method(**knobs), model, batch)[batch.own]
    agree = [float((tokens == greedy).double().mean()) for tokens in (cold, plain, hot)]
    assert agree == sorted(agree, reverse=True)
    share = torch.bincount(hot, minlength=6) / len(hot)
    assert share.tolist() == pytest.approx([0.25, 0.25, 0.25, 0.25, 0, 0], abs=0.03)


def test_the_decoding_step_sets_the_probability_of_gold():
    batch, uniform = wide_batch(rows=4000, columns=9), make_model(MODELS[0], SPACE, scale=0)
    kept = fed_by(DecodingStepScheduledSampling(k=0.8), uniform, batch) == batch.tokens
    expected = [0.8**t + (1 - 0.8**t) / 4 for t in range(1, 7)]  # one in four own tokens is gold by chance
    assert kept[batch.given].all()
    assert kept[batch.valid.all(1), 3:].double().mean(0).tolist() == pytest.approx(expected, abs=0.03)


class Confident(nn.Module):
    """Probabilities of the gold token that are fixed by column; symbol 5 has the rest, and 0 to 5 are emitted."""

    def __init__(self, batch: Batch, probability: list[float]) -> None:
        super().__init__()
        gold = torch.tensor(probability, dtype=torch.float64)[None, :, None]
        self.never = torch.zeros(6)
        one_hot = nn.functional.one_hot(batch.tokens, 6)
        self.logits = (gold * one_hot + (1 - gold) * nn.functional.one_hot(torch.tensor(5), 6)).log()

    def forward(self, tokens: Tensor) -> Tensor:
        return self.logits


def fed_when_confident(**knobs: Any) -> Tensor:
    """Gold is 1 2 3 4 with confidence .5, .92, .99 and .9 in every row; the first token is given."""
    tokens = torch.tensor([[0, 1, 2, 3, 4]]).expand(4000, -1)
    valid = torch.ones_like(tokens, dtype=torch.bool)
    batch = Batch(tokens, valid & (torch.arange(5) == 0), valid)
    model: Any = Confident(batch, [0.99, 0.5, 0.92, 0.99, 0.9])
    return ConfidenceScheduledSampling(**knobs).fed(model, batch, context())


@pytest.mark.parametrize(("noise", "symbols"), [("row", {1, 2, 3, 4}), ("emitted", {0, 1, 2, 3, 4, 5})])
def test_gold_is_fed_when_unsure_own_tokens_when_confident_and_noise_when_certain(noise, symbols):
    fed = fed_when_confident(noise=noise)
    for column, gold in ((0, 0), (1, 1), (4, 4)):
        assert (fed[:, column] == gold).all()
    assert set(fed[:, 2].tolist()) == {2, 5}
    assert float((fed[:, 2] == 2).double().mean()) == pytest.approx(0.92, abs=0.015)
    assert set(fed[:, 3].tolist()) == symbols
    assert float((fed[:, 3] == 3).double().mean()) == pytest.approx(1 / len(symbols), abs=0.03)


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize(("gumbel", "draw"), [(False, "greedy"), (True, "sample")])
def test_a_sharp_mixture_is_the_token_that_scheduled_sampling_feeds(model_class, gumbel, draw):
    batch, model = prompted_batch(symbols=4), make_model(model_class, SPACE, scale=2)
    soft, hard = DifferentiableScheduledSampling(gumbel=gumbel, **CONSTANT), ScheduledSampling(draw=draw, **CONSTANT)
    vars(soft).update(start=1e9, alpha=1e9)  # far beyond the knobs' range
    assert soft.loss(model, batch, context()).nll == pytest.approx(hard.loss(model, batch, context()).nll, abs=1e-10)


@pytest.mark.parametrize("gumbel", [False, True])
@pytest.mark.parametrize("model_class", MODELS)
def test_gradient_flows_through_the_mixtures_by_finite_differences(model_class, gumbel):
    batch, model = prompted_batch(symbols=4), make_model(model_class, SPACE)
    method = DifferentiableScheduledSampling(gumbel=gumbel, **CONSTANT)
    method.loss(model, batch, context()).objective.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    weight, step, ends = model.head.weight, 1e-6, []
    with torch.no_grad():
        for sign in (1, -1):
            weight[3, 2] += sign * step
            ends.append(method.loss(model, batch, context()).nll)
            weight[3, 2] -= sign * step
    assert weight.grad is not None
    assert float(weight.grad[3, 2]) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)
