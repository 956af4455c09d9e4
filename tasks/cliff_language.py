"""Cliff language: one symbol off the support breaks the sequence, and what mends it never occurs in the data.

Imitation that errs with probability e on the expert's states may pay of the order of e T^2 over T steps where an error
leads to states that the expert never visits (Ross & Bagnell 2010). Here the way back is RESET. No gold sequence holds
it, so gold prefixes teach a model never to say it, and so do gold targets on any other prefix.

Axes: B batch, T time, D out-degree, V vocabulary.
"""

import math

import torch
from torch import Tensor

from benchmark.contracts import Batch, Coordinates, Curve, Discrete, Metric, SparseLanguage, Split, stream

_LETTERS = 23
_RESET = _LETTERS  # the 24th symbol, and what stands before the first
_SYMBOLS = _LETTERS + 1
_FOLLOWERS = 6  # letters that may ever follow a symbol; the one before it picks three
_CHANCES = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)  # [D] of a pair's successors


class CliffLanguage(SparseLanguage):
    """Model a sparse language of order 2: three of 23 letters may follow each pair, and only RESET follows a slip.

    The history is broken from a letter that may not stand where it stands until the next RESET. A RESET always begins
    anew, as at the start of a sequence, and is itself right only where the history is broken. The metric does not see
    diversity: whoever says one possible sequence for ever is never wrong.
    """

    name = "cliff_language"
    space = Discrete(_SYMBOLS, symbols=(*"abcdefghijklmnopqrstuvw", "!"))
    metric = Metric("invalid rate", "share of own tokens", "lower", 0.0, 1.0)
    curve = Curve("position", "symbols", ((1, 4), (5, 8), (9, 16), (17, 32), (33, 64), (65, 128)), trained=(32, 32))
    coordinates = Coordinates(
        failure="compounding",
        target="stochastic",
        recoverable="fully",
        aligned=False,
        source="synthetic",
        given="nothing",
    )
    decoding = "sample"
    floor = 0.954  # the uniform model; in closed form in the tests, like the controls
    ceiling = 0.0
    controls = {
        "slips with probability .01, never says RESET": 0.440,
        "slips with probability .01, then says RESET": 0.0099,
        "uniform model on gold prefixes": 0.875,
    }
    citation = """@inproceedings{ross2010efficient,
  title = {Efficient Reductions for Imitation Learning},
  author = {Ross, St{\\'e}phane and Bagnell, Drew},
  booktitle = {International Conference on Artificial Intelligence and Statistics}, pages = {661--668}, year = {2010}
}"""

    def __init__(self) -> None:
        parameters = stream(self.name, self.version, "successors")
        possible = torch.rand(_SYMBOLS, _LETTERS, generator=parameters).argsort(-1)[:, :_FOLLOWERS]  # [V, followers]
        picked = torch.rand(_SYMBOLS, _SYMBOLS, _FOLLOWERS, generator=parameters).argsort(-1)[..., : len(_CHANCES)]
        self.successors = possible.expand(_SYMBOLS, -1, -1).gather(-1, picked)  # [V, V, D], by the last two symbols
        self.successors[:, _RESET] = self.successors[_RESET, _RESET].clone()  # what stood before a RESET is forgotten
        table = torch.full((_SYMBOLS,) * 3, -math.inf, dtype=torch.float64)
        self.table = table.scatter(-1, self.successors, _CHANCES.log().expand(self.successors.shape))  # [V, V, V]
        self.only_reset = table[0, 0].index_fill(0, torch.tensor(_RESET), 0.0)  # [V]

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw sequences of letters, all of one length; so many (3^32) that splits need streams of their own only."""
        symbols = int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        chosen = torch.multinomial(_CHANCES.expand(size, -1), symbols, replacement=True, generator=stream)  # [B, T]
        before = last = torch.full((size,), _RESET)  # [B]
        columns = []
        for choice in chosen.unbind(1):
            before, last = last, self.successors[before, last, choice]
            columns.append(last)
        tokens = torch.stack(columns, 1)  # [B, T]
        return Batch(tokens, torch.zeros_like(tokens, dtype=torch.bool), torch.ones_like(tokens, dtype=torch.bool))

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """P(symbol | history), [B, T, V]: the successors of the last two symbols, or RESET where it is broken."""
        before = torch.nn.functional.pad(history, (2, 0), value=_RESET)  # [B, T + 2]
        log_p = self.table[before[:, :-2], before[:, 1:-1]]  # [B, T, V]
        slip = log_p.gather(-1, history[..., None]).squeeze(-1) == -math.inf  # [B, T]
        reset = history == _RESET
        broken = self._latest(slip & ~reset) > self._latest(reset)  # [B, T]
        return torch.where(broken[..., None], self.only_reset, log_p)

    @staticmethod
    def _latest(event: Tensor) -> Tensor:
        """Column, counted from 1, of the last event before each column, 0 where there is none: [B, T] -> [B, T]."""
        columns = event * torch.arange(1, event.shape[1] + 1)
        return torch.nn.functional.pad(columns.cummax(1).values, (1, 0))[:, :-1]
