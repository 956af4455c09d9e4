"""REINFORCE against the exact gradient, by enumeration of every sample it could have drawn."""

import pytest
import torch

from baselines.reinforce import Reinforce
from benchmark.checking.policy_gradients import SAMPLES, SEQUENCES, bias, small_model, update
from benchmark.contracts import Output, RunningMean, at_own_positions


def output_of(tokens: torch.Tensor) -> Output:
    own = torch.ones_like(tokens, dtype=torch.bool)
    return Output(tokens, own, tokens, own[:, 0] & False)


@pytest.mark.parametrize("credit", ["reward_to_go", "sequence"])
@pytest.mark.parametrize("baseline", ["none", "moving_average", "self_critical", "leave_one_out"])
def test_the_expected_gradient_is_that_of_the_expected_reward(baseline, credit):
    assert bias(baseline=baseline, credit=credit) < 1e-10


@pytest.mark.parametrize(("baseline", "moves"), [("none", True), ("leave_one_out", False), ("self_critical", False)])
def test_a_constant_added_to_the_reward_moves_only_a_gradient_without_baseline(baseline, moves):
    model, samples = small_model(), SEQUENCES[[3, 7]]
    method = Reinforce(baseline=baseline, samples=SAMPLES, warm_start=0.0)
    difference = (update(model, method, samples) - update(model, method, samples, constant=10.0)).abs().max()
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
