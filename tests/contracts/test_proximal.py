"""Proximal policy optimisation on known answers."""

import pytest
import torch

from benchmark.contracts import RollOuts, clipped_objective, group_relative

OLD = torch.tensor([[-1.0, -2.0, -0.5]], dtype=torch.float64)


def gradient(log_ratio: float, advantage: float, clip: float = 0.2) -> float:
    log_q = torch.tensor([[-1.0 + log_ratio]], dtype=torch.float64, requires_grad=True)
    clipped_objective(log_q, OLD[:, :1], torch.tensor([[advantage]]), clip).sum().backward()
    assert log_q.grad is not None
    return float(log_q.grad)


def test_at_ratio_one_the_gradient_is_that_of_reinforce():
    advantage = torch.tensor([[2.0, -1.0, 0.5]], dtype=torch.float64)
    log_q = OLD.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(clipped_objective(log_q, OLD, advantage, 0.2).sum(), log_q)
    assert torch.equal(gradient, -advantage)


def test_inside_the_clip_the_gradient_is_weighted_by_the_ratio():
    assert gradient(log_ratio=0.1, advantage=3.0) == pytest.approx(-3.0 * 2.718281828**0.1)


@pytest.mark.parametrize(("log_ratio", "advantage"), [(0.5, 1.0), (-0.5, -1.0)])
def test_a_token_that_has_moved_far_enough_the_right_way_is_left_alone(log_ratio, advantage):
    assert gradient(log_ratio, advantage) == 0


@pytest.mark.parametrize(("log_ratio", "advantage"), [(0.5, -1.0), (-0.5, 1.0)])
def test_a_token_that_has_moved_the_wrong_way_is_brought_back(log_ratio, advantage):
    assert gradient(log_ratio, advantage) * advantage < 0


def test_group_relative_advantages_have_mean_0_and_unit_deviation_in_each_group():
    returns = torch.randn(12, 5, generator=torch.Generator().manual_seed(0)) * 7 + 100
    groups = group_relative(returns, samples=4).view(3, 4, 5)
    assert torch.allclose(groups.mean(1), torch.zeros(3, 5), atol=1e-4)
    assert torch.allclose(groups.std(1, correction=0), torch.ones(3, 5), atol=1e-4)


def test_a_group_whose_samples_are_equally_good_has_no_advantage():
    assert group_relative(torch.full((4, 3), 5.0), samples=4).abs().max() == 0


def test_roll_outs_that_are_kept_go_on_from_a_state():
    kept, other = RollOuts(), RollOuts()
    kept.keep(3, {"return": 2.0}, tokens=torch.tensor([[1, 2]]))
    kept.take()
    other.load_state_dict(kept.state_dict())
    assert other.left == 2 and other.figures == {"return": 2.0}
    assert other.take()["tokens"].tolist() == [[1, 2]] and kept.left == 2
