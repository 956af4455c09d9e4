"""Unlikelihood training (Welleck et al. 2020, arXiv 1908.04319), token by token."""

import torch.nn.functional as F
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    mean_over_own,
    token_nll,
)

_LEAST = 1e-5  # below which 1 - p is not told from 0


class Unlikelihood(Baseline):
    """Likelihood, and at each own token a penalty -log(1 - p) on each symbol the row has said before and gold does not.

    A penalty, too, where such a symbol would have been right: it fits targets that rarely repeat themselves.
    """

    name = "unlikelihood"
    path = "parallel"
    needs = ("discrete",)
    reduces_to = (Reduction("teacher_forcing", {"alpha": 0.0}),)
    alpha = Knob(1.0, low=0.0, high=10.0, help="weight of the penalty")
    citation = """@inproceedings{welleck2020neural,
  title = {Neural Text Generation With Unlikelihood Training},
  author = {Welleck, Sean and Kulikov, Ilia and Roller, Stephen and Dinan, Emily and Cho, Kyunghyun and Weston, Jason},
  booktitle = {International Conference on Learning Representations}, year = {2020}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        logits = model(batch.tokens)
        nll = token_nll(logits, batch)
        if self.alpha == 0:
            return Loss(nll, nll=nll.item())
        unlikely = (1 - logits.softmax(-1)).clamp_min(_LEAST).log()  # [B, T, V]
        penalty = -mean_over_own((unlikely * said_before(batch, logits.shape[-1])).sum(-1), batch.own)
        return Loss(nll + self.alpha * penalty, nll=nll.item(), parts={"penalty": penalty.item()})


def said_before(batch: Batch, symbols: int) -> Tensor:
    """Own symbols of each row before a column other than the column's gold token, [B, T, V] bool."""
    each = F.one_hot(batch.tokens, symbols)  # [B, T, V]
    said = each * batch.own[..., None]
    return (said.cumsum(1) - said > 0) & (each == 0)
