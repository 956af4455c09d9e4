"""Pieces of policy gradients: own sequences, what a token answers for, and what is subtracted to lower the variance.

Every baseline here is independent of the token that it is subtracted for, so that the gradient stays unbiased.

Axes: B batch, T time (columns).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output, own_positions
from benchmark.contracts.context import Context


def repeated_inputs(batch: Batch, samples: int) -> tuple[Batch, Batch]:
    """Keep one row in `samples`, and return these inputs and a batch that holds each so many times in adjoining rows.

    Own sequences drawn for the repeated ones are as many as the rows of the batch.
    """
    inputs = batch.select(torch.arange(-(-len(batch) // samples)))
    return inputs, inputs.select(torch.arange(len(inputs)).repeat_interleave(samples))


def reward_with_entropy(ctx: Context, batch: Batch, output: Output, log_q: Tensor, weight: float) -> Tensor:
    """Reward of each own token [B, T] plus an entropy bonus, -log_q [B, T] in units of the reward temperature."""
    bonus = -weight * ctx.reward_temperature * log_q.detach()
    return (ctx.reward(batch, output) + bonus) * output.own


def reward_to_go(reward: Tensor) -> Tensor:
    """Sum of the rewards [B, T] from each column on, [B, T]."""
    return reward.flip(1).cumsum(1).flip(1)


def sequence_reward(reward: Tensor) -> Tensor:
    """Sum of all rewards [B, T] of a row, at each of its columns, [B, T]."""
    return reward.sum(1, keepdim=True).expand_as(reward)


def at_next_own(values: Tensor, own: Tensor) -> Tensor:
    """At each own column the value [B, T] of the row's next own column, 0 after the last and elsewhere, [B, T]."""
    position = own_positions(own)  # [B, T]
    by_position = values.new_zeros(len(values), own.shape[1] + 2).scatter_(1, position, values)
    return by_position.gather(1, position + 1) * own


def leave_one_out(returns: Tensor, samples: int) -> Tensor:
    """Mean return of the other samples of the same input at each column (Kool et al. 2019).

    Args:
        returns: [B, T], the samples of an input in adjoining rows.
        samples: how many an input has, >= 2.
    """
    groups = returns.view(-1, samples, returns.shape[1])  # [inputs, samples, T]
    return ((groups.sum(1, keepdim=True) - groups) / (samples - 1)).view_as(returns)


def at_own_positions(values: Tensor, source: Output, target: Output, copies: int) -> Tensor:
    """Carry values of one run of each input to the same own positions of several others.

    Args:
        values: [inputs, T'] at the columns of the source.
        target: the other runs, `copies` adjoining rows an input.

    Returns:
        [B, T] at the columns of the target; 0 where the source has ended, as nothing was left to earn.
    """
    longest = int(max(source.lengths.max(), target.lengths.max()))
    by_position = values.new_zeros(len(values), longest + 1)
    by_position.scatter_(1, own_positions(source.own), values * source.own)
    by_position[:, 0] = 0
    return by_position.repeat_interleave(copies, 0).gather(1, own_positions(target.own))


class RunningMean:
    """Mean return per own position over past updates, by exponential decay."""

    def __init__(self, momentum: float) -> None:
        self.momentum = momentum
        self.mean = torch.zeros(0)  # [position]

    def before(self, returns: Tensor, output: Output) -> Tensor:
        """Return the mean of the updates before this one, [B, T], 0 where there is none; then take in this one."""
        position = own_positions(output.own)  # [B, T]
        size = max(int(position.max()) + 1, len(self.mean))
        total = returns.new_zeros(size).scatter_add(0, position.flatten(), (returns * output.own).flatten())
        count = returns.new_zeros(size).scatter_add(0, position.flatten(), output.own.to(returns.dtype).flatten())
        past = torch.cat([self.mean.to(returns), returns.new_zeros(size - len(self.mean))])
        fresh = torch.arange(size, device=returns.device) >= len(self.mean)
        weight = torch.where(fresh, 1.0, 1.0 - self.momentum) * (count > 0)
        self.mean = past + weight * (total / count.clamp_min(1) - past)
        return past[position]

    def state_dict(self) -> dict[str, Tensor]:
        """The mean of each own position."""
        return {"mean": self.mean}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""
        self.mean = state["mean"]
