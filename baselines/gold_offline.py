"""GOLD: generation by off-policy learning from demonstrations (Pang & He 2021, arXiv 2009.07839)."""

import math

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
    Start,
    likelihood_loss,
    mean_over_own,
    reward_to_go,
    token_log_likelihood,
)


class GoldOffline(Baseline):
    """Policy gradient on gold sequences: likelihood weighted by the model's own probability of a token and its value.

    The weight stands in for the importance ratio of model to demonstrator. What the model finds unlikely counts less,
    so it comes to say what is likely and no longer covers all of the data: quality rises, perplexity worsens.
    """

    name = "gold_offline"
    path = "parallel"
    needs = ("discrete",)
    reduces_to = (Reduction("teacher_forcing", {"warm_start": 1.0}),)
    value = Knob(
        "delta",
        choices=("delta", "p", "s"),
        help="value of a gold token: 1; or its probability under the model at the end of the warm start, summed over "
        "it and the tokens after it; or its log-probability, shifted to be >= 0, summed likewise",
    )
    min_weight = Knob(0.2, low=0.0, high=1.0, help="least weight of a gold token")
    floor = Knob(0.01, low=1e-4, high=0.5, help="probability that is worth 0", active_when={"value": ("s",)})
    warm_start = Knob(0.3, low=0.0, high=1.0, help="share of the budget spent on teacher forcing first")
    citation = """@inproceedings{pang2021text,
  title = {Text Generation by Learning from Demonstrations},
  author = {Pang, Richard Yuanzhe and He, He},
  booktitle = {International Conference on Learning Representations}, year = {2021}
}"""

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        self.start = Start(model)

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        if ctx.progress < self.warm_start:
            return likelihood_loss(model, batch)
        log_q = token_log_likelihood(model(batch.tokens), batch.tokens, batch.own)  # [B, T]
        weight = log_q.detach().exp().clamp_min(self.min_weight) * self.values(model, batch)  # [B, T]
        nll = -mean_over_own(log_q.detach(), batch.own).item()
        return Loss(-mean_over_own(weight * log_q, batch.own), nll=nll)

    @torch.no_grad()
    def values(self, model: SequenceModel, batch: Batch) -> Tensor:
        """What each gold token is worth, [B, T], >= 0."""
        if self.value == "delta":
            return torch.ones_like(batch.tokens)
        start = self.start.take(model)
        log_p = token_log_likelihood(start(batch.tokens), batch.tokens, batch.own)  # [B, T]
        least = math.log(self.floor)
        reward = log_p.exp() if self.value == "p" else log_p.clamp_min(least) - least
        return reward_to_go(reward * batch.own)
