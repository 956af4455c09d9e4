from benchmark.contracts import Baseline, Loss, token_nll


class Undocumented(Baseline):
    """Teacher forcing."""

    name, path = "undocumented", "parallel"

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(batch.tokens), batch))
