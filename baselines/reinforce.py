"""REINFORCE (Williams 1992) on the task's reward, with the usual ways of lowering its variance."""

import torch
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Output,
    SequenceModel,
    mean_over_own,
    own_positions,
    token_log_likelihood,
    token_nll,
)


class Reinforce(Baseline):
    """Raise the log-probability of own sequences in proportion to how much better than expected they were rewarded.

    The batch's gold sequences are thinned to one in `samples`, so that an update sees as many sequences as in teacher
    forcing. Starts with teacher forcing for a share of the budget.
    """

    name = "reinforce"
    path = "step-wise"
    needs = ("reward",)
    reduces_to = {"teacher_forcing": {"warm_start": 1.0}}
    baseline = Knob(
        "leave_one_out",
        choices=("none", "moving_average", "self_critical", "leave_one_out"),
        help="what is subtracted: nothing; a running mean per position; the greedy run's return (Rennie et al. 2017, "
        "arXiv 1612.00563); the mean of the other samples of the same input (Kool et al. 2019)",
    )
    credit = Knob("reward_to_go", choices=("reward_to_go", "sequence"), help="rewards that a token answers for")
    samples = Knob(4, low=2, high=64, help="own sequences drawn for each input")
    warm_start = Knob(0.3, low=0.0, high=1.0, help="share of the budget spent on teacher forcing first")
    likelihood = Knob(0.0, low=0.0, high=10.0, help="weight of teacher forcing added to the objective")
    entropy = Knob(1.0, low=0.0, high=10.0, help="entropy bonus, in units of the task's reward temperature")
    momentum = Knob(0.9, low=0.0, high=0.999, help="of the running mean", active_when={"baseline": ("moving_average",)})
    citation = """@article{williams1992simple,
  title = {Simple statistical gradient-following algorithms for connectionist reinforcement learning},
  author = {Williams, Ronald J.}, journal = {Machine Learning}, volume = {8}, pages = {229--256}, year = {1992}
}"""

    running_mean: Tensor | None = None  # [position], of the returns

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        if ctx.progress < self.warm_start:
            nll = token_nll(model(batch.tokens), batch)
            return Loss(nll, nll=nll.item())
        thinned = batch.select(torch.arange(-(-len(batch) // self.samples)))
        repeated = batch.select(torch.arange(len(thinned)).repeat_interleave(self.samples))  # rows of an input adjoin
        output = ctx.roll_out(model, repeated)
        log_q = token_log_likelihood(model(output.tokens), output.tokens, output.own)  # [B, T]
        returns = self.returns(repeated, output, log_q, ctx)  # [B, T]
        advantage = returns - self.expected(model, thinned, output, returns, ctx)
        objective = -mean_over_own(advantage * log_q, output.own)
        if self.likelihood > 0:
            objective = objective + self.likelihood * token_nll(model(thinned.tokens), thinned)
        return Loss(
            objective, parts={"return": returns[:, :].gather(1, output.own.int().argmax(1)[:, None]).mean().item()}
        )

    def returns(self, batch: Batch, output: Output, log_q: Tensor, ctx: Context) -> Tensor:
        """Sum of rewards (and of the entropy bonus, -temperature * log Q) from each token on, or of all; [B, T]."""
        bonus = -self.entropy * ctx.reward_temperature * log_q.detach()
        reward = (ctx.reward(batch, output) + bonus) * output.own
        if self.credit == "sequence":
            return reward.sum(1, keepdim=True).expand_as(reward)
        return reward.flip(1).cumsum(1).flip(1)

    def expected(self, model: SequenceModel, inputs: Batch, output: Output, returns: Tensor, ctx: Context) -> Tensor:
        """What is subtracted from the returns, [B, T] or broadcast to it; it never depends on the token judged."""
        if self.baseline == "none":
            return torch.zeros(())
        if self.baseline == "leave_one_out":
            groups = returns.view(-1, self.samples, returns.shape[1])  # [inputs, samples, T]
            return ((groups.sum(1, keepdim=True) - groups) / (self.samples - 1)).view_as(returns)
        if self.baseline == "self_critical":
            greedy = ctx.roll_out(model, inputs, decoding="greedy")
            with torch.no_grad(), ctx.side_pass(model):
                log_q = token_log_likelihood(model(greedy.tokens), greedy.tokens, greedy.own)
            return align(self.returns(inputs, greedy, log_q, ctx), greedy, output, self.samples)
        return self.moving_average(returns, output)

    def moving_average(self, returns: Tensor, output: Output) -> Tensor:
        """Mean return per own position over past updates, [B, T]; this update's returns enter afterwards."""
        position = own_positions(output.own)  # [B, T]
        size = max(int(position.max()) + 1, 0 if self.running_mean is None else len(self.running_mean))
        total = torch.zeros(size).scatter_add(0, position.flatten(), (returns * output.own).flatten())
        count = torch.zeros(size).scatter_add(0, position.flatten(), output.own.float().flatten())
        mean = total / count.clamp_min(1)
        before = mean if self.running_mean is None else torch.cat([self.running_mean, mean[len(self.running_mean) :]])
        self.running_mean = torch.where(count > 0, self.momentum * before + (1 - self.momentum) * mean, before)
        return before[position]


def align(values: Tensor, source: Output, target: Output, copies: int) -> Tensor:
    """Carry values [inputs, T'] from the own positions of one run to the same positions of others, [B, T].

    Where the source has ended, its value is 0: there was nothing left to earn.
    """
    longest = int(max(source.lengths.max(), target.lengths.max()))
    by_position = values.new_zeros(len(values), longest + 1)
    by_position.scatter_(1, own_positions(source.own), values * source.own)
    by_position[:, 0] = 0
    return by_position.repeat_interleave(copies, 0).gather(1, own_positions(target.own))
