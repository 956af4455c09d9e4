"""Confidence-aware scheduled sampling (Liu et al. 2021, arXiv 2107.10427)."""

import torch
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    random_tokens,
    token_log_likelihood,
    token_nll,
)


class ConfidenceScheduledSampling(Baseline):
    """Feed gold where the model is unsure of it, its own token where it is confident, a random one where it is certain.

    Confidence is the probability of the gold token given the gold prefix. Own tokens are drawn given the gold prefix in
    the same pass. Where the model is certain they would nearly always be gold, which teaches nothing: hence noise.
    """

    name = "confidence_scheduled_sampling"
    path = "k passes"
    needs = ("discrete",)
    reduces_to = (Reduction("teacher_forcing", {"gold_up_to": 1.0}),)
    gold_up_to = Knob(0.9, low=0.0, high=1.0, help="confidence up to which gold is fed")
    own_up_to = Knob(0.95, low=0.0, high=1.0, help="confidence up to which, above that, the model's own token is fed")
    noise = Knob("row", choices=("row", "emitted"), help="random tokens: gold ones of the row, or any emitted symbols")
    citation = """@inproceedings{liu2021confidence,
  title = {Confidence-Aware Scheduled Sampling for Neural Machine Translation},
  author = {Liu, Yijin and Meng, Fandong and Chen, Yufeng and Xu, Jinan and Zhou, Jie},
  booktitle = {Findings of the Association for Computational Linguistics}, year = {2021}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        with torch.no_grad(), ctx.side_pass(model):
            fed = self.fed(model, batch, ctx)
        nll = token_nll(model(fed), batch)
        return Loss(nll, nll=nll.item())

    def fed(self, model: SequenceModel, batch: Batch, ctx: Context) -> Tensor:
        """What is fed, [B, T]; logs the shares of own and of random tokens."""
        logits = model(batch.tokens)  # [B, T, V]
        confidence = token_log_likelihood(logits, batch.tokens, batch.own).exp()  # [B, T]
        confident = batch.own & (confidence > self.gold_up_to)
        certain = confident & (confidence > self.own_up_to)
        ctx.log(confident=float(confident[batch.own].float().mean()), certain=float(certain[batch.own].float().mean()))
        drawn = logits.softmax(-1).flatten(0, 1).multinomial(1, generator=ctx.stream("draw")).view_as(batch.tokens)
        fed = torch.where(confident, drawn, batch.tokens)
        return torch.where(certain, self.random(model, batch, ctx), fed)

    def random(self, model: SequenceModel, batch: Batch, ctx: Context) -> Tensor:
        """Random tokens, [B, T]."""
        stream = ctx.stream("noise")
        if self.noise == "emitted":
            return random_tokens(model, batch.tokens, stream)
        column = batch.own.double().multinomial(batch.own.shape[1], replacement=True, generator=stream)  # [B, T]
        return batch.tokens.gather(1, column)
