"""Differentiable scheduled sampling (Goyal et al. 2017, arXiv 1704.06970)."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.contracts import Batch, Coin, Context, Knob, Loss, Reduction, Scheduled, SequenceModel, gumbel, token_nll


class DifferentiableScheduledSampling(Scheduled):
    """Scheduled sampling that feeds a mixture of all tokens in place of one, so that gradient flows through it.

    The mixture softmax(alpha * logits) turns into the most probable token as alpha grows; with Gumbel noise on the
    logits it is a relaxed sample at temperature 1 / alpha (Jang et al. 2017, arXiv 1611.01144).
    """

    name = "differentiable_scheduled_sampling"
    path = "step-wise"
    needs = ("discrete",)
    reduces_to = (Reduction("teacher_forcing", {"end": 1.0}, same_operations=False),)
    start = Knob(1.0, low=0.1, high=100.0, help="alpha at the start of training")
    alpha = Knob(10.0, low=0.1, high=100.0, help="alpha at the end of training; it changes linearly")
    gumbel = Knob(False, help="whether mixtures are relaxed samples, by Gumbel noise")
    citation = """@inproceedings{goyal2017differentiable,
  title = {Differentiable Scheduled Sampling for Credit Assignment},
  author = {Goyal, Kartik and Dyer, Chris and Berg-Kirkpatrick, Taylor},
  booktitle = {Annual Meeting of the Association for Computational Linguistics}, year = {2017}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        gold_probability, noise = self.gold_probability(ctx), ctx.stream("draw")
        alpha = self.start + ctx.progress * (self.alpha - self.start)

        def feed(logits: Tensor, gold: Tensor, own: Tensor) -> Tensor:
            if self.gumbel:
                logits = logits + gumbel(logits.shape, logits.dtype, noise).to(logits.device)
            one_hot = F.one_hot(gold, logits.shape[-1]).to(logits)  # [B, V]
            return torch.where(own[:, None], (alpha * logits).softmax(-1), one_hot)

        own = ~ctx.gold_positions(batch, gold_probability, cast(Coin, self.coin))  # [B, T]
        nll = token_nll(ctx.step_wise(model, batch, feed, own), batch)
        return Loss(nll, nll=nll.item(), parts={"gold_probability": gold_probability, "alpha": alpha})
