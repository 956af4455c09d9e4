"""Draws noise from torch's global generator."""

import torch

from benchmark.contracts import Baseline, Loss, token_nll


class GlobalGenerator(Baseline):
    """Noise on the loss."""

    name, path, citation = "global_generator", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(batch.tokens), batch) * (1 + 0.1 * torch.rand(())))
