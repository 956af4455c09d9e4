"""Noise on the inputs: replacement of tokens (Xie et al. 2017, arXiv 1703.02573), Gaussian noise on vectors."""

import torch
from torch import Tensor

from benchmark.contracts import Baseline, Batch, Context, Knob, Loss, Reduction, SequenceModel, random_tokens, token_nll


class InputNoise(Baseline):
    """Teacher forcing in which the own tokens that are fed are noised; the target stays gold.

    Tokens are replaced by random emitted symbols. To vectors Gaussian noise is added, which replaces nothing.
    """

    name = "input_noise"
    path = "parallel"
    reduces_to = (Reduction("teacher_forcing", {"noise": 0.0}),)
    noise = Knob(0.1, low=0.0, high=1.0, help="share of own tokens replaced; standard deviation of noise on vectors")
    citation = """@inproceedings{xie2017data,
  title = {Data Noising as Smoothing in Neural Network Language Models},
  author = {Xie, Ziang and Wang, Sida I. and Li, Jiwei and L{\\'e}vy, Daniel and Nie, Aiming and Jurafsky, Dan and
    Ng, Andrew Y.},
  booktitle = {International Conference on Learning Representations}, year = {2017}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        nll = token_nll(model(self.noised(model, batch, ctx)), batch)
        return Loss(nll, nll=nll.item())

    def noised(self, model: SequenceModel, batch: Batch, ctx: Context) -> Tensor:
        """What is fed, [B, T] or [B, T, D]."""
        tokens, stream = batch.tokens, ctx.stream("noise")
        if tokens.is_floating_point():
            shocks = torch.randn(tokens.shape, dtype=tokens.dtype, generator=stream).to(tokens.device)
            return tokens + self.noise * shocks * batch.own[..., None]
        kept = ctx.gold_positions(batch, 1 - self.noise)
        return torch.where(kept, tokens, random_tokens(model, tokens, stream))
