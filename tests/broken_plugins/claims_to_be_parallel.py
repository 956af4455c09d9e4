"""Rolls in step by step and is filed under the parallel methods."""

from benchmark.contracts import Baseline, Loss, token_nll


class ClaimsToBeParallel(Baseline):
    """Scheduled sampling at half."""

    name, path, citation = "claims_to_be_parallel", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(ctx.roll_in(model, batch, 0.5)), batch))
