"""Learning from preferences: what the reward model learns, and what the policy is told."""

import copy
from typing import Any

import pytest
import torch

from baselines.rlhf import RLHF
from benchmark.checking.policy_gradients import SAMPLES, SEQUENCES, EnumeratedContext, gradient, small_model
from benchmark.contracts import Batch, Output, token_log_likelihood, token_nll
from benchmark.learning.loop import Trainer, build_model
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.copycat_tagging import CopycatTagging


def trainer(updates: int = 12, dropout: float = 0.0, batch: int = 8, width: int = 8, **knobs) -> Any:
    task = CopycatTagging()
    model = build_model(GRU, task, {"width": width, "dropout": dropout}, seed=0)
    settings = Optimisation(batch=batch, learning_rate=1e-2)
    return Trainer(model, task, RLHF(**knobs), Budget(updates=updates), settings, seed=0)


def built(model, **knobs) -> RLHF:
    method = RLHF(warm_start=0.0, samples=SAMPLES, thinned=True, online=False, **({"likelihood": 0.0} | knobs))
    method.build(model, torch.Generator().manual_seed(0))
    return method


def update(method: RLHF, model, samples: torch.Tensor) -> torch.Tensor:
    empty = torch.zeros(1, samples.shape[1], dtype=torch.int64)
    loss = method.loss(model, Batch(empty, empty > 0, empty == 0), EnumeratedContext(samples))
    return gradient(model, loss.objective)


def test_the_first_update_of_a_roll_out_is_that_of_reinforce_on_the_scores():
    model = small_model()
    method, samples = built(model, kl=0.0), SEQUENCES[[3, 7]]
    own = torch.ones_like(samples, dtype=torch.bool)
    scores = method.reward_model.module.scores(Output(samples, own, samples, own[:, 0] & False)).detach()
    to_go = torch.stack([scores.sum(1), scores[:, 1]], 1)
    advantage = to_go - to_go.flip(0)  # of two samples, the other is the mean of the others
    log_q = token_log_likelihood(model(samples), samples, own)
    expected = gradient(model, -(advantage * log_q).sum() / own.sum())
    assert torch.allclose(update(method, model, samples), expected, atol=1e-12)
    assert expected.abs().max() > 0.01


def test_golds_likelihood_weighs_in_beside_the_scores():
    model, samples, gold = small_model(), SEQUENCES[[3, 7]], torch.zeros(1, 2, dtype=torch.int64)
    one, both = (update(built(model, likelihood=weight), model, samples) for weight in (0.0, 2.5))
    nll = gradient(model, token_nll(model(gold), Batch(gold, gold > 0, gold == 0)))
    assert torch.allclose(both, one + 2.5 * nll, atol=1e-12)
    assert nll.abs().max() > 0.01


def test_the_penalty_is_the_weighted_log_ratio_to_the_start():
    method, zero = RLHF(kl=0.25, credit="sequence"), torch.zeros(1, 2)
    ratio = torch.tensor([[0.4, -1.2]])
    returns = method.returns(zero, zero, ratio, EnumeratedContext(SEQUENCES))
    assert returns[0].tolist() == pytest.approx([0.2, 0.2])


def test_a_token_answers_for_scores_from_its_own_on():
    method, scores = RLHF(kl=0.0), torch.tensor([[1.0, 2.0, 4.0]])
    zero = torch.zeros_like(scores)
    assert method.returns(scores, zero, zero, EnumeratedContext(SEQUENCES)).tolist() == [[7.0, 6.0, 4.0]]


def test_until_the_policy_learns_from_scores_training_is_teacher_forcing():
    one, other = trainer(warm_start=0.5, reward_share=0.25, dropout=0.2), trainer(warm_start=1.0, dropout=0.2)
    for _ in range(9):
        one.update()
        other.update()
    states = zip(one.model.parameters(), other.model.parameters(), strict=True)
    assert all(torch.equal(first, second) for first, second in states)
    assert not one.baseline.reward_model.untrained and other.baseline.reward_model.untrained


def test_the_reward_model_starts_from_the_policys_own_judgement():
    model = small_model()
    method = RLHF(
        warm_start=0.0, reward_share=0.5, samples=SAMPLES, thinned=True, reward_rate=1e-4, reward_likelihood=0.0
    )
    method.build(model, torch.Generator().manual_seed(0))
    context = EnumeratedContext(SEQUENCES[[3, 3]])  # a tie: the reward model does not move but for weight decay
    context.progress = 0.0
    empty = torch.zeros(SAMPLES, 2, dtype=torch.int64)
    method.loss(model, Batch(empty, empty > 0, empty == 0), context)
    trunk = method.reward_model.module.trunk
    assert torch.allclose(trunk(SEQUENCES), model(SEQUENCES), atol=1e-4)


def test_the_reward_model_keeps_up_with_golds_likelihood():
    def behind(weight: float) -> float:
        """How much less likely gold is to the reward model than to the policy, which goes on learning, in nats."""
        shares: dict[str, Any] = {"warm_start": 0.2, "reward_share": 0.5}
        run = trainer(updates=60, batch=32, reward_rate=1e-2, reward_likelihood=weight, **shares)  # the policy's rate
        while run.progress < 0.7:
            run.update()
        batch = run.task.sample("validation", 64, (32, 32), torch.Generator().manual_seed(0))
        models = run.baseline.reward_model.module.trunk, run.model
        judge, policy = (token_nll(model.eval()(batch.tokens), batch).item() for model in models)
        return judge - policy

    assert behind(10.0) < 0.5 * behind(0.0)


def test_training_goes_on_in_the_middle_of_a_roll_out_as_if_it_had_not_stopped():
    options = {"warm_start": 0.2, "reward_share": 0.2, "epochs": 4, "dropout": 0.2}
    whole, half = trainer(**options), trainer(**options)
    while whole.baseline.roll_outs.left != 2:
        whole.update()
    half.load_state_dict(copy.deepcopy(whole.state_dict()))
    assert half.baseline.roll_outs.left == 2
    whole.run()
    half.run()
    states = zip(whole.model.parameters(), half.model.parameters(), strict=True)
    assert all(torch.equal(first, second) for first, second in states)


def test_a_strong_penalty_keeps_the_policy_near_its_start():
    def divergence(kl: float) -> float:
        run = trainer(updates=60, batch=32, warm_start=0.1, reward_share=0.1, likelihood=0.0, kl=kl).run()
        return sum(line["kl"] for line in run.log[-5:]) / 5

    assert divergence(1.0) < 0.5 * divergence(0.0)


@pytest.mark.slow
def test_the_reward_model_ranks_fresh_pairs_and_the_policy_gains():
    log = trainer(updates=400, batch=64, width=32, warm_start=0.2, reward_share=0.3).run().log
    judged = [line["reward_model_accuracy"] for line in log if "return" not in line and "reward_model_accuracy" in line]
    returns = [line["return"] for line in log if "return" in line]
    assert sum(judged[-5:]) / 5 > 0.75
    assert sum(returns[-5:]) / 5 > returns[0] + 2
