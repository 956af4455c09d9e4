"""MIXER (Ranzato et al. 2016, arXiv 1511.06732): from likelihood to REINFORCE, from the end of a sequence backwards."""

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
    leave_one_out,
    likelihood_loss,
    own_positions,
    repeated_inputs,
    reward_to_go,
    reward_with_entropy,
    token_log_likelihood,
)


class Mixer(Baseline):
    """Likelihood of gold on the first own tokens of a sequence, REINFORCE on the last ones, which the model draws.

    The part that is drawn grows stage by stage. A sequence keeps gold's length, unless an end symbol is drawn, so one
    parallel pass over gold and drawn tokens gives both terms. As in `reinforce`, an update sees as many sequences as in
    teacher forcing; the paper's baseline, a regression on the hidden state, is replaced by one of that method's.
    """

    name = "mixer"
    path = "step-wise"
    needs = ("reward", "discrete")
    reduces_to = (
        Reduction("teacher_forcing", {"delta": 0.0}),
        Reduction("teacher_forcing", {"warm_start": 1.0}),
    )
    delta = Knob(1.0, low=0.0, high=1.0, help="share of own tokens that is drawn in the last stage")
    stages = Knob(3, low=1, high=32, help="stages, in which the drawn part grows by delta / stages each")
    warm_start = Knob(0.1, low=0.0, high=1.0, help="share of the budget spent on teacher forcing first")
    likelihood = Knob(1.0, low=0.0, high=10.0, help="weight of a gold token's log-likelihood")
    baseline = Knob(
        "leave_one_out",
        choices=("moving_average", "leave_one_out"),
        help="what is subtracted from returns: a running mean per position, or the mean of the input's other samples",
    )
    samples = Knob(4, low=2, high=64, help="own sequences drawn for each input")
    entropy = Knob(1.0, low=0.0, high=10.0, help="entropy bonus, in units of the task's reward temperature")
    momentum = Knob(0.9, low=0.0, high=0.999, help="of the running mean", active_when={"baseline": ("moving_average",)})
    citation = """@inproceedings{ranzato2016sequence,
  title = {Sequence Level Training with Recurrent Neural Networks},
  author = {Ranzato, Marc'Aurelio and Chopra, Sumit and Auli, Michael and Zaremba, Wojciech},
  booktitle = {International Conference on Learning Representations}, year = {2016}
}"""

    def __init__(self, **knobs: Any) -> None:
        super().__init__(**knobs)
        self.running_mean = RunningMean(self.momentum)

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        share = self.share_drawn(ctx.progress)
        if share == 0:
            return likelihood_loss(model, batch)
        _, repeated = repeated_inputs(batch, self.samples)
        drawn = self.last_own(repeated, share)  # [B, T]
        fed = ctx.roll_in(model, repeated, (~drawn).float())  # [B, T]
        output = Output.of_roll_in(repeated, fed, model.space.end)
        log_q = token_log_likelihood(model(fed), fed, output.own)  # [B, T]
        returns = reward_to_go(reward_with_entropy(ctx, repeated, output, log_q, self.entropy))
        weight = torch.where(drawn, returns - self.expected(returns, output), self.likelihood)
        objective = -(weight * log_q).sum() / repeated.own.sum()  # by gold's count: own lengths are random
        return Loss(objective, parts={"share_drawn": share})

    def share_drawn(self, progress: float) -> float:
        """Share of own tokens that is drawn: none during the warm start, delta in the last stage."""
        if progress < self.warm_start or self.delta == 0:
            return 0.0
        stage = 1 + int(self.stages * (progress - self.warm_start) / (1 - self.warm_start))
        return self.delta * min(stage, self.stages) / self.stages

    @staticmethod
    def last_own(batch: Batch, share: float) -> Tensor:
        """The last own tokens of each row, [B, T] bool: this share of them, and at least one."""
        drawn = (share * batch.lengths).round().clamp_min(1)  # [B]
        return batch.own & (own_positions(batch.own) > (batch.lengths - drawn)[:, None])

    def expected(self, returns: Tensor, output: Output) -> Tensor:
        """What is subtracted from the returns, [B, T]."""
        if self.baseline == "leave_one_out":
            return leave_one_out(returns, self.samples)
        return self.running_mean.before(returns, output)
