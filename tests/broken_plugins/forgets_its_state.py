"""Counts updates in an attribute that no state holds."""

from benchmark.contracts import Baseline, Loss, token_nll


class ForgetsItsState(Baseline):
    """Teacher forcing with a weight that falls."""

    name, path, citation = "forgets_its_state", "parallel", "@misc{broken}"

    def __init__(self, **knobs):
        super().__init__(**knobs)
        self.updates = 0

    def loss(self, model, batch, ctx):
        self.updates += 1
        smoothing = 0.1 / self.updates
        logits = model(batch.tokens)
        return Loss(token_nll(logits, batch) + smoothing * logits[batch.own].logsumexp(-1).square().mean())
