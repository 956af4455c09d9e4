"""Finds a task on its own and trains on its test split."""

from benchmark.contracts import Baseline, Loss, stream, token_nll
from tasks.copycat_tagging import CopycatTagging


class ReadsTestData(Baseline):
    """Teacher forcing on the wrong data."""

    name, path, citation = "reads_test_data", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        held_out = CopycatTagging().sample("test", len(batch), (8, 8), stream("mine", ctx.step))
        return Loss(token_nll(model(held_out.tokens), held_out))
