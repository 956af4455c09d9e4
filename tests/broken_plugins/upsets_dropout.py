"""A further pass draws from the stream of dropout, so that common random numbers are lost."""

import torch

from benchmark.contracts import Baseline, Knob, Loss, Reduction, token_nll


class UpsetsDropout(Baseline):
    """Teacher forcing that looks at its own confidence first."""

    name, path, citation = "upsets_dropout", "k passes", "@misc{broken}"
    reduces_to = (Reduction("teacher_forcing", {"weight": 0.0}),)
    weight = Knob(0.5, low=0.0, high=1.0, help="weight of the confidence")

    def loss(self, model, batch, ctx):
        with torch.no_grad():
            confidence = model(batch.tokens)[batch.own].softmax(-1).amax(-1).mean()
        return Loss(token_nll(model(batch.tokens), batch) * (1 + self.weight * confidence))
