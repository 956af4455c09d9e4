"""REINFORCE against the exact gradient, by enumeration of every sample it could have drawn."""

import itertools

import pytest
import torch
from torch import Tensor

from baselines.reinforce import Reinforce
from benchmark.contracts import Batch, Discrete, Output, RunningMean, at_own_positions
from benchmark.learning.context import Origin, UpdateContext
from benchmark.models.recurrent import GRU
from tests.factories import EndingTask, make_model

SYMBOLS, LENGTH, SAMPLES = 3, 2, 2
SPACE = Discrete(SYMBOLS)
SEQUENCES = torch.tensor(list(itertools.product(range(SYMBOLS), repeat=LENGTH)))  # [9, T]
REWARD = torch.tensor([[0.0, 1.0, 3.0], [2.0, -1.0, 0.5]], dtype=torch.float64)  # [T, V], and a product of the two


def reward_of(tokens: Tensor) -> Tensor:
    each = REWARD[torch.arange(LENGTH), tokens]  # [B, T]
    return torch.stack([each[:, 0], each[:, 1] * (1 + tokens[:, 0])], 1)


def output_of(tokens: Tensor) -> Output:
    own = torch.ones_like(tokens, dtype=torch.bool)
    return Output(tokens, own, tokens, own[:, 0] & False)


class Fixed(UpdateContext):
    """A context in which the samples are what we say and the greedy run is the first sequence."""

    def __init__(self, tokens: Tensor) -> None:
        super().__init__(EndingTask(), Origin("fixed", 0), step=0, progress=1.0)
        self.tokens = tokens

    def roll_out(self, model, batch, decoding="sample"):
        return output_of(SEQUENCES[4:5].expand(len(batch), -1) if decoding == "greedy" else self.tokens)

    def reward(self, batch, output):
        return reward_of(output.tokens)


def gradient(model, scalar: Tensor) -> Tensor:
    return torch.cat([g.flatten() for g in torch.autograd.grad(scalar, list(model.parameters()))])


def log_probabilities(model) -> Tensor:
    log_q = model(SEQUENCES).log_softmax(-1)
    return log_q.gather(-1, SEQUENCES[..., None]).sum((1, 2))


@pytest.mark.parametrize("credit", ["reward_to_go", "sequence"])
@pytest.mark.parametrize("baseline", ["none", "moving_average", "self_critical", "leave_one_out"])
def test_the_expected_gradient_is_that_of_the_expected_reward(baseline, credit):
    model = make_model(GRU, SPACE, scale=2, width=4)
    exact = gradient(model, -(log_probabilities(model).exp() * reward_of(SEQUENCES).sum(1)).sum() / LENGTH)
    probability = log_probabilities(model).exp().detach()
    empty = torch.zeros(SAMPLES, LENGTH, dtype=torch.int64)
    batch = Batch(empty, empty > 0, empty == 0)

    expected = torch.zeros_like(exact)
    for rows in itertools.product(range(len(SEQUENCES)), repeat=SAMPLES):
        method = Reinforce(baseline=baseline, credit=credit, samples=SAMPLES, warm_start=0.0)
        method.running_mean.mean = torch.tensor([0.0, 1.5, -0.5], dtype=torch.float64)
        loss = method.loss(model, batch, Fixed(SEQUENCES[list(rows)]))
        expected += probability[list(rows)].prod() * gradient(model, loss.objective)
    assert (expected - exact).abs().max() < 1e-10


@pytest.mark.parametrize(("baseline", "moves"), [("none", True), ("leave_one_out", False), ("self_critical", False)])
def test_a_constant_added_to_the_reward_moves_only_a_gradient_without_baseline(monkeypatch, baseline, moves):
    model, rows = make_model(GRU, SPACE, width=4), torch.tensor([3, 7])
    empty = torch.zeros(SAMPLES, LENGTH, dtype=torch.int64)
    batch = Batch(empty, empty > 0, empty == 0)

    def with_constant(constant: float) -> Tensor:
        monkeypatch.setattr(Fixed, "reward", lambda self, batch, output: reward_of(output.tokens) + constant)
        method = Reinforce(baseline=baseline, samples=SAMPLES, warm_start=0.0)
        return gradient(model, method.loss(model, batch, Fixed(SEQUENCES[rows])).objective)

    difference = (with_constant(0.0) - with_constant(10.0)).abs().max()
    assert difference > 1 if moves else difference < 1e-10


def test_the_moving_average_is_used_before_it_is_updated():
    method = RunningMean(momentum=0.5)
    returns = torch.tensor([[4.0, 2.0], [2.0, 0.0]])
    first = method.before(returns, output_of(torch.zeros(2, 2, dtype=torch.int64)))
    second = method.before(returns + 2, output_of(torch.zeros(2, 2, dtype=torch.int64)))
    third = method.before(returns, output_of(torch.zeros(2, 2, dtype=torch.int64)))
    assert first.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert second.tolist() == [[3.0, 1.0], [3.0, 1.0]]
    assert third.tolist() == [[4.0, 2.0], [4.0, 2.0]]


def test_values_are_carried_to_the_same_own_position_of_other_runs():
    tokens = torch.zeros(1, 4, dtype=torch.int64)
    short = Output(tokens, torch.tensor([[False, True, True, False]]), tokens, torch.tensor([True]))
    long = Output(tokens.repeat(2, 1), torch.tensor([[False, True, True, True]] * 2), tokens, torch.tensor([True] * 2))
    carried = at_own_positions(torch.tensor([[9.0, 5.0, 3.0, 9.0]]), short, long, copies=2)
    assert carried.tolist() == [[0.0, 5.0, 3.0, 0.0]] * 2
