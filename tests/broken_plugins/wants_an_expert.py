"""Asks for an expert and does not say that it needs one."""

from benchmark.contracts import Baseline, Loss


class WantsAnExpert(Baseline):
    """Cross-entropy to the expert on gold prefixes."""

    name, path, citation = "wants_an_expert", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        label = ctx.expert(batch, batch.tokens).exp()[batch.own]
        log_q = model(batch.tokens)[batch.own].log_softmax(-1)
        return Loss(-(label * log_q.clamp_min(-50)).sum(-1).float().mean())
