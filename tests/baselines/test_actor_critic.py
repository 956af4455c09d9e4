"""Actor-critic where all returns can be enumerated."""

import pytest
import torch

from baselines.actor_critic import ActorCritic
from benchmark.checking.policy_gradients import (
    LENGTH,
    SEQUENCES,
    SYMBOLS,
    EnumeratedContext,
    exact_gradient,
    gradient,
    log_likelihood,
    reward_of,
    small_model,
)
from benchmark.contracts import Batch, SequenceModel, at_next_own, stream

BATCH = Batch(SEQUENCES, SEQUENCES < 0, SEQUENCES >= 0)
CONTEXT = EnumeratedContext(SEQUENCES)


@pytest.fixture(scope="module")
def model() -> SequenceModel:
    return small_model()


@pytest.fixture(scope="module")
def trained(model) -> ActorCritic:
    """A method whose critic has learned from every sequence, and learns no more."""
    method = ActorCritic(warm_start=0.0, critic_rate=0.03, target_rate=0.1, spread=0.0, likelihood=0.0)
    method.build(model, stream("build"))
    with torch.no_grad():
        log_pi = method.policy(model, CONTEXT.roll_out(model, BATCH))
    for rate in (0.03, 0.003):
        method.critic.optimiser.param_groups[0]["lr"] = rate
        for _ in range(200):
            method.judge(BATCH, CONTEXT.roll_out(model, BATCH), log_pi, CONTEXT)
    method.critic.optimiser.param_groups[0]["lr"] = 0.0
    return method


def test_the_critic_comes_to_know_the_expected_returns(model, trained):
    values = trained.critic.module.before(SEQUENCES)  # [N, T, V]
    each = reward_of(SEQUENCES).view(SYMBOLS, SYMBOLS, LENGTH)  # [first, second, T]
    after = log_likelihood(model, SEQUENCES)[:, 1].exp().view(SYMBOLS, SYMBOLS)  # [first, second]
    first = each[:, 0, 0] + (after * each[:, :, 1]).sum(1)  # [first]
    torch.testing.assert_close(values[0, 0], first, rtol=0, atol=0.02)
    torch.testing.assert_close(values[::SYMBOLS, 1], each[:, :, 1], rtol=0, atol=0.02)


def test_the_expected_gradient_of_the_actor_is_that_of_the_expected_reward(model, trained):
    exact = exact_gradient(model)
    probability = log_likelihood(model, SEQUENCES).sum(1).exp().detach()
    rows = [(BATCH.select(slice(row, row + 1)), EnumeratedContext(SEQUENCES[row : row + 1])) for row in range(9)]
    parts = [gradient(model, trained.loss(model, batch, context).objective) for batch, context in rows]
    expected = sum(share * part for share, part in zip(probability, parts, strict=True))
    assert (expected - exact).abs().max() < 0.02 * exact.abs().max()


def test_the_next_own_column_counts_and_nothing_after_the_last():
    own = torch.tensor([[0, 1, 0, 0, 1, 1, 0], [1, 1, 0, 0, 0, 0, 0]], dtype=torch.bool)
    values = torch.arange(1.0, 15.0).view(2, 7)
    assert at_next_own(values, own).tolist() == [[0, 5, 0, 0, 6, 0, 0], [9, 0, 0, 0, 0, 0, 0]]
