"""A plugin whose methods misbehave, each in its own way."""

import os
import time

from benchmark.contracts import Baseline, Loss, token_nll


class Raises(Baseline):
    """Raises an exception."""

    name, path = "raises", "parallel"

    def loss(self, model, batch, ctx):
        raise KeyError("nothing here")


class Hangs(Baseline):
    """Never comes back."""

    name, path = "hangs", "parallel"

    def loss(self, model, batch, ctx):
        while True:
            time.sleep(1)


class Exits(Baseline):
    """Takes its process along."""

    name, path = "exits", "parallel"

    def loss(self, model, batch, ctx):
        os._exit(7)


class NotANumber(Baseline):
    """Has a loss of NaN."""

    name, path = "not_a_number", "parallel"

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(batch.tokens), batch) * float("nan"))


class Exhausts(Baseline):
    """Asks for more memory than there is."""

    name, path = "exhausts", "parallel"

    def loss(self, model, batch, ctx):
        raise MemoryError("a petabyte, please")


class Needy(Baseline):
    """Needs what not every task has."""

    name, path, needs = "needy", "parallel", ("process",)

    def loss(self, model, batch, ctx):
        raise AssertionError("never called")
