"""Deploys a model whose step forgets what it has read."""

import copy

from benchmark.contracts import Baseline, Loss, token_nll


class StaleCache(Baseline):
    """Teacher forcing with a cache that is wrong."""

    name, path, citation = "stale_cache", "parallel", "@misc{broken}"

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(batch.tokens), batch))

    def deployed(self, model):
        stale = copy.deepcopy(model)
        stale.step = lambda token, state: (model.prefill(token[:, None])[0], state)
        return stale
