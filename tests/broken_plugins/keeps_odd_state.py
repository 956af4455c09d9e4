"""Keeps an object in its state that a safe loader refuses."""

import fractions

from benchmark.contracts import Baseline, Loss, token_nll


class Counter:
    def state_dict(self):
        return {"share": fractions.Fraction(1, 3)}

    def load_state_dict(self, state):
        pass


class KeepsOddState(Baseline):
    """Teacher forcing beside a fraction."""

    name, path, citation = "keeps_odd_state", "parallel", "@misc{broken}"

    def __init__(self, **knobs):
        super().__init__(**knobs)
        self.counter = Counter()

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(batch.tokens), batch))
