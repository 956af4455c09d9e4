"""Minimum risk training (Shen et al. 2016, arXiv 1512.02433)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Output,
    Reduction,
    SequenceModel,
    likelihood_loss,
    repeated_inputs,
    reward_with_entropy,
    token_log_likelihood,
)


class MinimumRisk(Baseline):
    """Lower the expected cost, minus the return of a sequence, under Q^alpha over a set of sequences of each input.

    The set is drawn from the model and each sequence counts once in it. The risk is divided by alpha, which gives it
    the scale of a policy gradient: as alpha goes to 0 the gradient is that of REINFORCE with the mean of the set as
    baseline, and where the set holds every sequence and alpha is 1 it is that of the expected return.
    """

    name = "minimum_risk"
    path = "step-wise"
    needs = ("reward", "discrete")
    reduces_to = (Reduction("teacher_forcing", {"warm_start": 1.0}),)
    alpha = Knob(0.005, low=0.001, high=1.0, help="sharpness of the distribution over the set")
    samples = Knob(8, low=2, high=64, help="own sequences drawn for the set of an input")
    gold = Knob(False, help="whether gold belongs to the set as well")
    warm_start = Knob(0.3, low=0.0, high=1.0, help="share of the budget spent on teacher forcing first")
    entropy = Knob(1.0, low=0.0, high=10.0, help="entropy bonus, in units of the task's reward temperature")
    citation = """@inproceedings{shen2016minimum,
  title = {Minimum Risk Training for Neural Machine Translation},
  author = {Shen, Shiqi and Cheng, Yong and He, Zhongjun and He, Wei and Wu, Hua and Sun, Maosong and Liu, Yang},
  booktitle = {Annual Meeting of the Association for Computational Linguistics}, year = {2016}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        if ctx.progress < self.warm_start:
            return likelihood_loss(model, batch)
        inputs, repeated = repeated_inputs(batch, self.samples)
        runs = [(repeated, ctx.roll_out(model, repeated))]
        if self.gold:
            runs.append((inputs, Output.of_roll_in(inputs, inputs.tokens, model.space.end)))
        judged = [self.judge(model, rows, output, ctx) for rows, output in runs]
        log_q, returns = (torch.cat([part.view(len(inputs), -1) for part in parts], 1)
                          for parts in zip(*judged, strict=True))  # [inputs, S] each  # fmt: skip
        counts = first_of_each(own_tokens([output for _, output in runs], len(inputs)))  # [inputs, S]
        share = (self.alpha * log_q).masked_fill(~counts, float("-inf")).softmax(1)
        expected = (share * returns).sum()
        return Loss(-expected / self.alpha / inputs.own.sum(), parts={"return": expected.item() / len(inputs)})

    def judge(self, model: SequenceModel, batch: Batch, output: Output, ctx: Context) -> tuple[Tensor, Tensor]:
        """Log-probability and return of each sequence, [B]."""
        log_q = token_log_likelihood(model(output.tokens), output.tokens, output.own)  # [B, T]
        return log_q.sum(1), reward_with_entropy(ctx, batch, output, log_q, self.entropy).sum(1)


def own_tokens(outputs: list[Output], inputs: int) -> Tensor:
    """The own tokens of all sequences of each input, [inputs, S, T], -1 elsewhere."""
    longest = max(output.own.shape[1] for output in outputs)
    own = [F.pad(output.tokens.masked_fill(~output.own, -1), (0, longest - output.own.shape[1]), value=-1)
           for output in outputs]  # [B, T]  # fmt: skip
    return torch.cat([tokens.view(inputs, -1, longest) for tokens in own], 1)


def first_of_each(sequences: Tensor) -> Tensor:
    """Is a sequence of the set [inputs, S, T] the first of its kind, [inputs, S] bool?"""
    same = (sequences[:, :, None] == sequences[:, None]).all(-1)  # [inputs, S, S]
    return ~same.tril(-1).any(-1)
