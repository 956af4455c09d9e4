"""A term that its knob at 0 does not take away."""

from benchmark.contracts import Baseline, Knob, Loss, Reduction, token_nll


class WrongReduction(Baseline):
    """Teacher forcing with a penalty."""

    name, path, citation = "wrong_reduction", "parallel", "@misc{broken}"
    reduces_to = (Reduction("teacher_forcing", {"weight": 0.0}),)
    weight = Knob(0.1, low=0.0, high=1.0, help="weight of the penalty")

    def loss(self, model, batch, ctx):
        logits = model(batch.tokens)
        return Loss(token_nll(logits, batch) + (self.weight + 0.01) * logits[batch.own].logsumexp(-1).square().mean())
