"""Sorting with repeats: a symbol that is left out or said too often can be noticed from what has been said alone.

Gold never goes back to a smaller symbol; after a slip that is the right thing to do, and no gold prefix shows it. Gold
labels on a wrong prefix are wrong as well: everything after an omission stands one place off.

Axes: B batch, K symbols of the alphabet, N symbols to sort, T = 2 N + 2 columns (prompt, =, sorted, end) of a batch,
S own tokens of a history, V = K + 2 vocabulary.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.contracts import (
    Batch,
    Coordinates,
    Curve,
    Discrete,
    Metric,
    Output,
    Score,
    Split,
    Task,
    draw_of_split,
    hash_weights,
)

_ALPHABET = "abcdefghijklmnop"
_SIZE = len(_ALPHABET)
_END, _READ = _SIZE, _SIZE + 1


def _hash(symbols: Tensor) -> Tensor:
    """Hash of the symbols of each row [B, N], their order left out, [B]."""
    return hash_weights(_SIZE, Sorting.name, Sorting.version, "split")[symbols].sum(1)  # sums wrap around


class Sorting(Task):
    """Put symbols into alphabetical order, then end."""

    name = "sorting"
    space = Discrete(_SIZE + 2, end=_END, emits=tuple(range(_SIZE + 1)), symbols=(*_ALPHABET, "#", "="))
    metric = Metric("accuracy", "share of tokens", "higher", 0.0, 1.0)
    further_metrics = (Metric("exact match", "share of rows", "higher", 0.0, 1.0),)
    curve = Curve(
        "length", "symbols", ((4, 4), (8, 8), (16, 16), (24, 24), (32, 32), (48, 48)), trained=(4, 16), tokens=49
    )
    coordinates = Coordinates(
        failure="compounding",
        target="deterministic",
        recoverable="partly",
        aligned=False,
        source="synthetic",
        given="prompt",
    )
    decoding = "greedy"
    floor = 0.0356  # symbols at random: mean of (1 - (16/17)^(N + 1)) / (N + 1) over the curve
    ceiling = 1.0
    citation = """@inproceedings{vinyals2016order,
  title = {Order Matters: Sequence to sequence for sets},
  author = {Vinyals, Oriol and Bengio, Samy and Kudlur, Manjunath},
  booktitle = {International Conference on Learning Representations}, year = {2016}
}"""

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw rows of one number of symbols: in training any, elsewhere the greatest asked for.

        No two splits share a sorted row: each split has its tenths of a hash of the symbols, their order left out.
        """
        count = int(torch.randint(length[0], length[1] + 1, (), generator=stream)) if split == "train" else length[1]

        def draw(rows: int) -> Tensor:
            return torch.randint(_SIZE, (rows, count), generator=stream)

        rows = draw_of_split(split, size, draw, _hash)  # [B, N]
        one = torch.ones_like(rows[:, :1])
        tokens = torch.cat([rows, one * _READ, rows.sort(1).values, one * _END], 1)  # [B, T]
        given = (torch.arange(2 * count + 2) <= count).expand(size, -1)
        return Batch(tokens, given, torch.ones_like(given))

    def limit(self, batch: Batch) -> Tensor:
        """Twice the prompt."""
        return 2 * batch.given.sum(1)

    def score(self, batch: Batch, output: Output) -> Score:
        """Share of gold's tokens, the end included, that stand at their place, [B]; every row counts the same."""
        right = self._in_place(batch, output).sum(1) / batch.lengths
        return Score(right.double(), torch.ones_like(right).double())

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """Whether a row is sorted without a fault and ended, [B].

        Under greedy decoding it is the same on gold prefixes: up to the first wrong token they are the model's own.
        """
        right = (self._in_place(batch, output).sum(1) == batch.lengths).double()
        return (Score(right, torch.ones_like(right)),)

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for a token in its place, [B, T], so that a row sums to its accuracy times gold's length.

        It is not `correct`, of which a row could have as many as gold by guessing on until the limit.
        """
        return self._in_place(batch, output).float()

    @staticmethod
    def _in_place(batch: Batch, output: Output) -> Tensor:
        """[B, T] of the output: is it gold's token at this place?"""
        beyond = output.tokens.shape[1] - batch.tokens.shape[1]  # negative where all rows ended early
        return (output.tokens == F.pad(batch.tokens, (0, beyond), value=-1)) & output.own

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """The token that is due with probability 1, [B, T, V]; uniform in the prompt.

        That is the smallest symbol of the prompt that has been said less often than it stands there, and the end when
        there is none. So what was left out comes next, even out of order; what was said too often is let be.
        """
        due = self._due(batch, history)
        log_p = torch.full((*history.shape, self.space.size), -math.inf, dtype=torch.float64)
        prompt = history.shape[1] - due.shape[1]
        log_p[:, :prompt, : _END + 1] = -math.log(_END + 1)
        log_p[:, prompt:].scatter_(-1, due[..., None], 0.0)
        return log_p

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The process itself, [B, T, V]: saying late what was left out puts all that follows back into place."""
        return self.process(batch, history)

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Is it the token that is due after the history, [B, T]?"""
        due = self._due(batch, history)
        prompt = history.shape[1] - due.shape[1]
        return torch.cat([torch.ones_like(history[:, :prompt], dtype=torch.bool), history[:, prompt:] == due], 1)

    @staticmethod
    def _due(batch: Batch, history: Tensor) -> Tensor:
        """The token that is due at each place after the prompt, given the history before it, [B, S]."""
        count = batch.tokens.shape[1] // 2 - 1
        wanted = F.one_hot(batch.tokens[:, :count], _SIZE).sum(1)  # [B, K]
        said = F.one_hot(history[:, count + 1 :], _SIZE + 2)[..., :_SIZE]  # [B, S, K]
        left = wanted[:, None] > said.cumsum(1) - said  # [B, S, K], before each place
        return torch.where(left.any(-1), left.int().argmax(-1), _END)
