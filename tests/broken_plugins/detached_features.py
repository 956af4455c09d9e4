"""Trains the head alone, by mistake."""

import torch

from benchmark.contracts import Baseline, Loss, token_nll


class DetachedFeatures(Baseline):
    """Teacher forcing without gradient through the features."""

    name, path, citation = "detached_features", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        with torch.no_grad():
            features = model.hidden(batch.tokens)
        return Loss(token_nll(model.project(features), batch))
