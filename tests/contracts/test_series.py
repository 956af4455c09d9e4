"""Windows of a series, and what is asked of their continuation."""

import pytest
import torch
from torch import Tensor

from benchmark.contracts import Continuous, Coordinates, Curve, Forecasting, Metric, Output, Split, stream


class Counting(Forecasting):
    """Three trajectories of 20 samples that count up: 0, 1, ..., 100, 101, ..., 200, 201, ..."""

    name = "counting"
    space = Continuous(2)
    metric = Metric("MSE", "squares", "lower", 0.0, None)
    curve = Curve("position", "steps", ((1, 8),), (5, 5))
    coordinates = Coordinates("open", "deterministic", "never", False, "synthetic", "prompt")
    prefix = 4

    def series(self, split: Split) -> Tensor:
        count = torch.arange(3.0)[:, None] * 100 + torch.arange(20.0)  # [R, N]
        return torch.stack([count, -count], 2)


TASK = Counting()


def output_of(tokens: Tensor, own: Tensor) -> Output:
    return Output(tokens, own, tokens, torch.zeros(len(tokens), dtype=torch.bool))


def test_a_row_is_a_stretch_of_one_trajectory_whose_first_vectors_are_given():
    batch = TASK.sample("train", 200, (5, 5), stream("windows"))
    first = batch.tokens[:, :1, 0]  # [B, 1]
    assert torch.equal(batch.tokens[..., 0], first + torch.arange(9))
    assert torch.equal(batch.tokens[..., 1], -batch.tokens[..., 0])
    assert (first % 100).max() == 11  # the last start at which nine samples are left
    assert set((first // 100).flatten().tolist()) == {0, 1, 2}
    assert torch.equal(batch.own, (torch.arange(9) >= 4).expand(200, -1))


def test_held_out_windows_are_drawn_without_replacement_and_no_more_than_there_are():
    batch = TASK.sample("test", 1000, (5, 5), stream("all"))
    assert len(batch) == len(set(batch.tokens[:, 0, 0].tolist())) == 3 * 12
    assert len(set(TASK.sample("validation", 30, (5, 5), stream("some")).tokens[:, 0, 0].tolist())) == 30


def test_all_lengths_of_a_range_are_drawn():
    lengths = {int(TASK.sample("train", 2, (5, 8), stream("length", index)).lengths[0]) for index in range(50)}
    assert lengths == {5, 6, 7, 8}


def test_the_score_is_the_squared_error_and_the_reward_its_negative_cut_at_four():
    batch = TASK.sample("train", 3, (5, 5), stream("windows"))
    error = torch.tensor([0.0, 1.0, 2.0, 3.0, 0.5])
    tokens = batch.tokens.clone()
    tokens[:, 4:, 0] += error
    tokens[:, :4] += 7  # what is given is not judged
    output = output_of(tokens, batch.own)
    score = TASK.score(batch, output)
    assert torch.equal(score.weight > 0, batch.own)
    assert score.value[0, 4:].tolist() == pytest.approx((error.square() / 2).tolist())
    assert TASK.reward(batch, output)[0].tolist() == [0, 0, 0, 0, 0, -0.5, -2, -4, -0.125]
