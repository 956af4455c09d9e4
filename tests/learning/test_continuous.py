"""Continuous sequences through the same paths as discrete ones."""

import math

import pytest
import torch

from baselines.free_running import FreeRunning
from baselines.scheduled_sampling import ScheduledSampling
from baselines.teacher_forcing import TeacherForcing
from benchmark.contracts import Batch, Continuous, stream, token_log_likelihood
from benchmark.learning.free_running import Draw, either, roll_in, roll_out
from benchmark.learning.loop import build_model, train
from benchmark.learning.step_wise import step_wise, step_wise_nll
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tests.factories import MODELS, Rotation, make_model

TASK = Rotation()


def batch() -> Batch:
    drawn = TASK.sample("train", 5, (8, 8), stream("rotation"))
    return Batch(drawn.tokens.double(), drawn.given, drawn.valid)


@pytest.mark.parametrize("noise", ["none", "learned"])
@pytest.mark.parametrize("model_class", MODELS)
def test_the_step_wise_path_agrees_with_the_parallel_one(model_class, noise):
    model, tokens = make_model(model_class, Continuous(2, noise=noise)), batch().tokens
    parallel = model(tokens)  # [B, T, 2 D]
    logits, state = model.prefill(tokens[:, :3])
    stepped = [logits]
    for token in tokens[:, 3:].unbind(1):
        logits, state = model.step(token, state)
        stepped.append(logits)
    assert torch.allclose(torch.stack(stepped[:-1], 1), parallel[:, 3:], atol=1e-10)
    assert (parallel[..., 2:] == 0).all() == (noise == "none")


def test_the_likelihood_is_that_of_the_gaussian():
    values, own = torch.tensor([[[0.3, -1.0]], [[2.0, 0.5]]]), torch.tensor([[True], [False]])
    prediction = torch.tensor([[[0.1, 0.0, math.log(2.0), math.log(0.5)]]]).expand(2, -1, -1)
    expected = torch.distributions.Normal(torch.tensor([0.1, 0.0]), torch.tensor([2.0, 0.5])).log_prob(values[0, 0])
    found = token_log_likelihood(prediction, values, own)
    assert found.tolist() == [[pytest.approx(float(expected.sum()))], [0.0]]


def test_a_deterministic_output_is_its_mean_and_a_gaussian_one_is_drawn():
    prediction = torch.tensor([[1.0, -2.0, 0.0, math.log(0.5)]]).expand(20_000, -1)
    draw = Draw("sample", stream("draw"))
    assert torch.equal(draw(prediction, Continuous(2)), prediction[:, :2])
    drawn = draw(prediction, Continuous(2, noise="learned"))
    assert drawn.mean(0).tolist() == pytest.approx([1.0, -2.0], abs=0.03)
    assert drawn.std(0).tolist() == pytest.approx([1.0, 0.5], abs=0.02)


def test_a_free_run_keeps_what_is_given_and_continues_from_its_own_output():
    model, given = make_model(GRU, TASK.space), batch()
    output = roll_out(model, TASK, given, Draw("greedy", stream("x")))
    assert torch.equal(output.tokens[given.given], given.tokens[given.given])
    predicted = model(output.tokens).chunk(2, -1)[0]
    assert torch.allclose(output.tokens[given.own], predicted[given.own], atol=1e-10)


def test_rolling_in_and_one_parallel_pass_equals_the_naive_loop():
    model, gold = make_model(GRU, TASK.space), torch.rand(5, 12, generator=stream("coins")) < 0.5
    gold = gold | batch().given
    fed = roll_in(model, batch(), gold, Draw("greedy", stream("x")))
    log_q = token_log_likelihood(model(fed), batch().tokens, batch().own)
    loss, naive_fed = step_wise_nll(model, batch(), gold, Draw("greedy", stream("x")))
    assert torch.allclose(fed, naive_fed, atol=1e-10)
    assert torch.allclose(-log_q.sum() / batch().own.sum(), loss, atol=1e-10)


def unroll(model, batch, gold_share):
    """Feed gold_share * gold + (1 - gold_share) * the predicted mean."""

    def feed(prediction, gold, own):
        mixed = gold_share * gold + (1 - gold_share) * prediction.chunk(2, -1)[0]  # [B, D]
        return either(own, mixed, gold)

    return step_wise(model, batch, batch.own, feed)


def test_unrolling_with_share_one_is_teacher_forcing_and_with_share_zero_free_running():
    model = make_model(GRU, TASK.space)
    assert torch.allclose(unroll(model, batch(), 1.0), model(batch().tokens), atol=1e-10)
    free = roll_out(model, TASK, batch(), Draw("greedy", stream("x")))
    assert torch.allclose(unroll(model, batch(), 0.0), model(free.tokens), atol=1e-10)


def test_gradient_flows_through_what_is_fed_back():
    """By finite differences: the last prediction of an unrolled run against a weight of the head."""
    model = make_model(GRU, TASK.space)
    weight = model.head.weight
    last = unroll(model, batch(), 0.25)[:, -1].sum()
    (gradient,) = torch.autograd.grad(last, weight)
    step = 1e-6
    with torch.no_grad():
        ends = []
        for sign in (1, -1):
            weight[0, 0] += sign * step
            ends.append(float(unroll(model, batch(), 0.25)[:, -1].sum()))
            weight[0, 0] -= sign * step
    assert float(gradient[0, 0]) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("baseline", [TeacherForcing(), ScheduledSampling(), FreeRunning()])
def test_methods_for_discrete_sequences_learn_a_rotation(baseline):
    model = build_model(GRU, TASK, {"width": 24}, 0)
    train(model, TASK, baseline, Budget(updates=120), Optimisation(batch=32, learning_rate=1e-2), 0)
    test = TASK.sample("test", 64, (16, 16), stream("test"))
    output = roll_out(model, TASK, test, Draw("greedy", stream("x")))
    error = (output.tokens - test.tokens).square().mean(-1)[test.own].mean().sqrt()
    assert error < 0.35


def test_a_vector_is_one_evaluation():
    model = make_model(GRU, TASK.space)
    with torch.no_grad():
        model(batch().tokens)
    assert model.evaluations == 5 * 12
