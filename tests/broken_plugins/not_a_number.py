"""Takes the logarithm of the probability of every symbol, of which some are never emitted."""

from benchmark.contracts import Baseline, Loss


class NotANumber(Baseline):
    """Entropy by p log p."""

    name, path, citation = "not_a_number", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        p = model(batch.tokens).softmax(-1)
        return Loss((p * p.log()).sum(-1).mean())
