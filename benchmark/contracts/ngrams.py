"""An n-gram model of symbols, with which text can be judged where there is no process to hold it against.

Axes: N symbols, M n-grams, n order.
"""

from typing import NamedTuple, Self

import torch
from torch import Tensor

_DISCOUNT = 0.75  # the usual one (Ney et al. 1994)


class _Order(NamedTuple):
    """N-grams of one order, as numbers in base V, [M] and sorted; and their contexts, likewise.

    Attributes:
        counts: of each n-gram.
        totals, kinds: how many symbols follow a context, and how many different ones.
    """

    grams: Tensor
    counts: Tensor
    contexts: Tensor
    totals: Tensor
    kinds: Tensor


class NgramModel(NamedTuple):
    """Absolute discounting: a fixed share of each count goes to the model of the next lower order, at last to uniform.

    Attributes:
        symbols: how many there are, V; V^n must stay below 2^63.
        orders: from single symbols on.
    """

    symbols: int
    orders: list[_Order]

    @classmethod
    def of(cls, text: Tensor, symbols: int, start: int, order: int = 3) -> Self:
        """Count a text [N] in which `start` stands, n - 1 times in a row, before every piece; it is not predicted."""
        gram, orders = torch.zeros_like(text), []
        for back in range(order):
            gram = gram + symbols**back * text.roll(back)
            grams, counts = gram[text != start].unique(return_counts=True)
            contexts, which, kinds = (grams // symbols).unique_consecutive(return_inverse=True, return_counts=True)
            totals = torch.zeros_like(kinds).index_add(0, which, counts)
            orders.append(_Order(grams, counts, contexts, totals, kinds))
        return cls(symbols, orders)

    def surprisal(self, text: Tensor) -> Tensor:
        """Nats of symbols [N] after those before them: text [N, n], oldest first, `start` where a piece begins."""
        probability = torch.full(text.shape[:1], 1 / self.symbols, dtype=torch.float64)
        gram = torch.zeros_like(text[:, 0])
        for back, order in enumerate(self.orders):
            gram = gram + self.symbols**back * text[:, -1 - back]
            context = gram // self.symbols
            count = _looked_up(order.grams, gram, order.counts)
            total, kinds = (_looked_up(order.contexts, context, values) for values in (order.totals, order.kinds))
            left = torch.where(total > 0, _DISCOUNT * kinds, 1.0)  # all of it after a context that is unknown
            probability = ((count - _DISCOUNT).clamp_min(0) + left * probability) / total.clamp_min(1)
        return -probability.log()


def _looked_up(keys: Tensor, key: Tensor, values: Tensor) -> Tensor:
    """The values [M] of keys [N] among sorted ones [M], 0 where one is not among them; [N] float."""
    place = torch.searchsorted(keys, key).clamp_max(len(keys) - 1)
    return torch.where(keys[place] == key, values[place], 0).double()
