"""REINFORCE (Williams 1992) on the task's reward, with the usual ways of lowering its variance."""

from typing import Any

import torch
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Output,
    Reduction,
    RunningMean,
    SequenceModel,
    at_own_positions,
    leave_one_out,
    likelihood_loss,
    repeated_inputs,
    reward_to_go,
    reward_with_entropy,
    sequence_reward,
    token_log_likelihood,
    token_nll,
)


class Reinforce(Baseline):
    """Raise the log-probability of own sequences by how much better than expected they were rewarded.

    The gold sequences are thinned to one in `samples`, so that an update sees as many sequences as in teacher forcing.
    """

    name = "reinforce"
    path = "step-wise"
    needs = ("reward", "discrete")
    reduces_to = (Reduction("teacher_forcing", {"warm_start": 1.0}),)
    baseline = Knob(
        "leave_one_out",
        choices=("none", "moving_average", "self_critical", "leave_one_out"),
        help="what is subtracted: nothing; a running mean per position; the greedy run's return (Rennie et al. 2017, "
        "arXiv 1612.00563); the mean of the other samples of the same input (Kool et al. 2019)",
    )
    credit = Knob("reward_to_go", choices=("reward_to_go", "sequence"), help="the rewards that a token answers for")
    samples = Knob(4, low=2, high=64, help="own sequences drawn for each input")
    warm_start = Knob(0.3, low=0.0, high=1.0, help="share of the budget spent on teacher forcing first")
    likelihood = Knob(0.0, low=0.0, high=10.0, help="weight of teacher forcing added to the objective")
    entropy = Knob(1.0, low=0.0, high=10.0, help="entropy bonus, in units of the task's reward temperature")
    momentum = Knob(0.9, low=0.0, high=0.999, help="of the running mean", active_when={"baseline": ("moving_average",)})
    citation = """@article{williams1992simple,
  title = {Simple statistical gradient-following algorithms for connectionist reinforcement learning},
  author = {Williams, Ronald J.}, journal = {Machine Learning}, volume = {8}, pages = {229--256}, year = {1992}
}"""

    def __init__(self, **knobs: Any) -> None:
        super().__init__(**knobs)
        self.running_mean = RunningMean(self.momentum)

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        if ctx.progress < self.warm_start:
            return likelihood_loss(model, batch)
        inputs, repeated = repeated_inputs(batch, self.samples)
        output = ctx.roll_out(model, repeated)
        log_q = token_log_likelihood(model(output.tokens), output.tokens, output.own)  # [B, T]
        returns = self.returns(repeated, output, log_q, ctx)
        advantage = returns - self.expected(model, inputs, output, returns, ctx)
        objective = -(advantage * log_q).sum() / repeated.own.sum()  # by gold's count: own lengths are random
        if self.likelihood > 0:
            objective = objective + self.likelihood * token_nll(model(inputs.tokens), inputs)
        first = output.own.int().argmax(1, keepdim=True)  # [B, 1]
        return Loss(objective, parts={"return": returns.gather(1, first).mean().item()})

    def returns(self, batch: Batch, output: Output, log_q: Tensor, ctx: Context) -> Tensor:
        """Rewards, with the entropy bonus -temperature log Q, that each token answers for, [B, T]."""
        reward = reward_with_entropy(ctx, batch, output, log_q, self.entropy)
        return reward_to_go(reward) if self.credit == "reward_to_go" else sequence_reward(reward)

    def expected(self, model: SequenceModel, inputs: Batch, output: Output, returns: Tensor, ctx: Context) -> Tensor:
        """What is subtracted from the returns, [B, T]."""
        if self.baseline == "leave_one_out":
            return leave_one_out(returns, self.samples)
        if self.baseline == "self_critical":
            greedy = ctx.roll_out(model, inputs, decoding="greedy")
            with torch.no_grad(), ctx.side_pass(model):
                log_q = token_log_likelihood(model(greedy.tokens), greedy.tokens, greedy.own)
            return at_own_positions(self.returns(inputs, greedy, log_q, ctx), greedy, output, self.samples)
        if self.baseline == "moving_average":
            return self.running_mean.before(returns, output)
        return torch.zeros_like(returns)
