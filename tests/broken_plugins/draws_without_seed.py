"""Draws from a generator that no seed reaches."""

import torch

from benchmark.contracts import Baseline, Loss, token_nll


class DrawsWithoutSeed(Baseline):
    """Teacher forcing with noise on its loss."""

    name, path, citation = "draws_without_seed", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        generator = torch.Generator()
        generator.seed()
        return Loss(token_nll(model(batch.tokens), batch) * torch.rand((), generator=generator))
