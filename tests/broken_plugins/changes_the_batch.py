"""Writes noise into the gold sequences."""

from benchmark.contracts import Baseline, Loss, token_nll


class ChangesTheBatch(Baseline):
    """Teacher forcing on what it has overwritten."""

    name, path, citation = "changes_the_batch", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        batch.tokens[:, 0] = 0
        return Loss(token_nll(model(batch.tokens), batch))
