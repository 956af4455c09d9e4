"""The training loop: its budget, its seeds and its failures."""

import pytest
import torch
from pydantic import ValidationError

from baselines.reinforce import Reinforce
from baselines.scheduled_sampling import ScheduledSampling
from baselines.teacher_forcing import TeacherForcing
from benchmark.contracts import Baseline, Loss, token_nll
from benchmark.errors import Diverged, NotApplicable
from benchmark.learning.loop import build_model, learning_rate, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.copycat_tagging import CopycatTagging
from tests.factories import EndingTask

SMALL = Optimisation(batch=8)


def trained(baseline=None, seed: int = 0, budget: Budget | None = None, task=None):
    task = task or CopycatTagging()
    model = build_model(GRU, task, {"width": 8}, seed)
    return train(model, task, baseline or TeacherForcing(), budget or Budget(updates=3), SMALL, seed)


def weights(training) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in training.model.parameters()])


@pytest.mark.parametrize("baseline", [TeacherForcing, ScheduledSampling, Reinforce])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(baseline):
    assert torch.equal(weights(trained(baseline())), weights(trained(baseline())))


def test_two_seeds_differ_in_initial_weights_and_first_batch():
    assert not torch.equal(weights(trained(seed=0)), weights(trained(seed=1)))
    task = CopycatTagging()
    first, second = (build_model(GRU, task, {"width": 8}, seed) for seed in (0, 1))
    assert not torch.equal(first.head.weight, second.head.weight)


def test_a_budget_in_evaluations_counts_roll_outs():
    budget = Budget(evaluations=20_000)
    plain, sampled = trained(budget=budget), trained(ScheduledSampling(schedule="constant"), budget=budget)
    assert plain.spent.updates > sampled.spent.updates
    for training in (plain, sampled):
        per_update = training.spent.evaluations / training.spent.updates
        assert 20_000 <= training.spent.evaluations < 20_000 + per_update + 1
    assert plain.spent.evaluations == 3 * plain.spent.tokens


def test_scheduled_sampling_pays_for_its_roll_in():
    spent = trained(ScheduledSampling(schedule="constant", end=0.0)).spent
    assert 1.9 < spent.evaluations / (2 * spent.tokens) < 2.01  # one more evaluation a token, less the last column


@pytest.mark.parametrize("budget", [{}, {"updates": 3, "evaluations": 5}, {"updates": 0}, {"updates": -1}])
def test_a_budget_is_one_positive_number(budget):
    with pytest.raises(ValidationError):
        Budget(**budget)


def test_the_learning_rate_warms_up_and_decays_to_its_final_share():
    settings = Optimisation(learning_rate=1.0, warm_up=0.1, final=0.2)
    rates = [learning_rate(step / 100, settings) for step in range(101)]
    assert 0 < rates[0] < 0.02
    assert max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) == 10
    assert rates[-1] == pytest.approx(0.2)
    assert rates[10:] == sorted(rates[10:], reverse=True)


class NotANumber(Baseline):
    name, path = "not_a_number", "parallel"

    def loss(self, model, batch, ctx):
        nll = token_nll(model(batch.tokens), batch)
        return Loss(nll * float("nan") if ctx.step == 2 else nll)


class WantsAReward(Baseline):
    name, path = "wants_a_reward", "step-wise"

    def loss(self, model, batch, ctx):
        return Loss(ctx.reward(batch, ctx.roll_out(model, batch)).sum())


def test_an_objective_that_is_not_a_number_is_divergence_with_its_step():
    with pytest.raises(Diverged, match="the objective is nan at update 2"):
        trained(NotANumber())


def test_asking_for_a_reward_that_the_task_lacks_is_not_applicable():
    with pytest.raises(NotApplicable, match="needs reward"):
        trained(WantsAReward(), task=EndingTask())


def test_progress_is_observed_from_zero_to_just_under_one():
    seen = []
    task = CopycatTagging()
    train(build_model(GRU, task, {"width": 8}, 0), task, TeacherForcing(), Budget(updates=4), SMALL, 0, seen.append)
    assert seen == [0.0, 0.25, 0.5, 0.75]
