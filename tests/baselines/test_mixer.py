"""MIXER against enumeration, and against what it is made of."""

import itertools
from typing import Any

import pytest
import torch

from baselines.mixer import Mixer
from baselines.reinforce import Reinforce
from benchmark.checking.policy_gradients import LENGTH, SAMPLES, SYMBOLS, gradient, log_likelihood, small_model, update
from benchmark.checking.policy_gradients import reward_of as reward
from benchmark.contracts import Baseline, Batch
from benchmark.contracts.registry import Registry
from benchmark.learning.loop import build_model, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation


@pytest.mark.parametrize("baseline", ["moving_average", "leave_one_out"])
def test_the_expected_gradient_is_likelihood_of_the_gold_part_and_expected_reward_of_the_drawn_part(baseline):
    model = small_model()
    runs = torch.tensor([[0, last] for last in range(SYMBOLS)])  # [V, T], after the gold token 0
    log_q = log_likelihood(model, runs)
    likelihood, probability = log_q[0, 0], log_q[:, 1].exp()
    exact = gradient(model, -(2.0 * likelihood + (probability * reward(runs)[:, 1]).sum()) / LENGTH)
    probability, expected = probability.detach(), torch.zeros_like(exact)
    for rows in itertools.product(range(SYMBOLS), repeat=SAMPLES):
        method: Any = Mixer(delta=0.5, stages=1, samples=SAMPLES, warm_start=0.0, likelihood=2.0, baseline=baseline)
        method.running_mean.mean = torch.tensor([0.0, 1.5, -0.5], dtype=torch.float64)
        expected += probability[list(rows)].prod() * update(model, method, runs[list(rows)])
    assert (expected - exact).abs().max() < 1e-10


def weights(baseline: Baseline) -> torch.Tensor:
    task = Registry().task("copycat_tagging")()
    model = build_model(GRU, task, {"width": 8}, seed=0)
    train(model, task, baseline, Budget(updates=6), Optimisation(batch=8), seed=0)
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_with_all_drawn_in_one_stage_it_is_reinforce_where_nothing_ends_a_sequence():
    assert torch.equal(weights(Mixer(stages=1, warm_start=0.3)), weights(Reinforce()))


def test_the_drawn_part_grows_stage_by_stage_to_delta():
    method = Mixer(delta=0.8, stages=4, warm_start=0.2)
    shares = [method.share_drawn(progress) for progress in (0.0, 0.19, 0.2, 0.39, 0.41, 0.61, 0.81, 1.0)]
    assert shares == pytest.approx([0.0, 0.0, 0.2, 0.2, 0.4, 0.6, 0.8, 0.8])


def test_the_last_own_tokens_are_drawn_and_no_given_one():
    own = torch.tensor([[0, 1, 0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 0, 0, 0]], dtype=torch.bool)
    batch = Batch(torch.zeros(2, 8, dtype=torch.int64), ~own, torch.ones_like(own))
    assert Mixer.last_own(batch, 0.5).int().tolist() == [[0, 0, 0, 0, 0, 1, 0, 1], [0, 0, 0, 1, 0, 0, 0, 0]]
    assert torch.equal(Mixer.last_own(batch, 1.0), own)
