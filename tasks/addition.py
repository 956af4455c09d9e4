"""Addition with the most significant digit first, the order that small transformers find hard (Lee et al. 2024, arXiv
2307.03381): a carry decides a digit long before the columns that produce it.

Nine columns in ten add up to 9, so that carries run far: there the digit is 9 without a carry and 0 with one, all along
the run. Given gold digits, copying the last one is nearly right; a model run freely copies its own wrong guess.

The prompt holds one symbol for each column of the two numbers, a digit above a digit; leading zeros are written.

Axes: B batch, C columns of the numbers, L = C + 1 digits of the sum, T = 2 L columns (pairs, =, digits), V vocabulary.
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
    multilinear_hash,
)

_NINES = 0.9  # share of columns that add up to 9
_PAIR, _EQUALS = 10, 110  # the digits come first, then the pairs of digits
_DIGITS = tuple(map(str, range(10)))


def _hash(pairs: Tensor) -> Tensor:
    """Hash of problems by their columns [B, C], [B]."""
    return multilinear_hash(pairs, Addition.name, Addition.version, "split")


def _add(pairs: Tensor) -> Tensor:
    """Sums [B, L] of columns [B, C], each 10 times the upper digit and the lower one."""
    totals = F.pad((pairs // 10 + pairs % 10).flip(1), (1, 0))  # [B, L], without carries, and 0 at first
    place = torch.arange(totals.shape[1])
    decides = torch.where(totals != 9, place, 0).cummax(1).values  # the nearest column to the right that is no 9
    carries = totals.gather(1, decides) > 9  # [B, L], out of each column
    return torch.cat([(totals[:, 1:] + carries[:, :-1]) % 10, carries[:, -1:].long()], 1).flip(1)


class Addition(Task):
    """Add two numbers, the most significant digit first."""

    name = "addition"
    space = Discrete(
        _EQUALS + 1, emits=tuple(range(10)), symbols=(*_DIGITS, *(f"{a}+{b}" for a in _DIGITS for b in _DIGITS), "=")
    )
    metric = Metric("digit accuracy", "share of digits", "higher", 0.0, 1.0)
    further_metrics = (Metric("exact match", "share of sums", "higher", 0.0, 1.0),)
    curve = Curve("length", "digits of the sum", ((5, 5), (8, 8), (11, 11), (15, 15), (21, 21)), trained=(5, 15))
    coordinates = Coordinates(
        failure="compounding",
        target="deterministic",
        recoverable="fully",
        aligned=True,
        source="synthetic",
        given="prompt",
    )
    decoding = "greedy"
    floor = 0.1  # digits at random
    ceiling = 1.0
    controls = {"carries ignored, 15 digits": 0.765, "carries ignored, 21 digits": 0.712}  # 1/2 + 5 (1 - .9^L) / L
    citation = """@inproceedings{lee2024teaching,
  title = {Teaching Arithmetic to Small Transformers},
  author = {Lee, Nayoung and Sreenivasan, Kartik and Lee, Jason D. and Lee, Kangwook and Papailiopoulos, Dimitris},
  booktitle = {International Conference on Learning Representations}, year = {2024}
}"""

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw problems whose sums have one number of digits: in training any, elsewhere the greatest asked for.

        No problem is in two splits: each split has its tenths of a hash of the problem.
        """
        digits = int(torch.randint(length[0], length[1] + 1, (), generator=stream)) if split == "train" else length[1]
        pairs = draw_of_split(split, size, lambda rows: self._columns(rows, digits - 1, stream), _hash)  # [B, C]
        tokens = torch.cat([pairs + _PAIR, torch.full_like(pairs[:, :1], _EQUALS), _add(pairs)], 1)  # [B, T]
        given = (torch.arange(2 * digits) < digits).expand(size, -1)
        return Batch(tokens, given, torch.ones_like(given))

    @staticmethod
    def _columns(size: int, columns: int, stream: torch.Generator) -> Tensor:
        """Pairs of digits [B, C], 0 to 99: the share _NINES adds up to 9, the rest is uniform over all that do not."""
        upper = torch.randint(10, (size, columns), generator=stream)
        off = torch.randint(1, 10, (size, columns), generator=stream)
        nine = torch.rand(size, columns, generator=stream) < _NINES
        return 10 * upper + (9 - upper + off * ~nine) % 10

    def score(self, batch: Batch, output: Output) -> Score:
        """Share of a sum's digits that are right, [B]; every sum counts the same."""
        right = ((output.tokens == batch.tokens) & output.own).sum(1) / batch.lengths
        return Score(right.double(), torch.ones_like(right).double())

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """Whether a sum is right as a whole, [B].

        Under greedy decoding it is the same on gold prefixes: up to the first wrong digit they are the model's own.
        """
        right = ((output.tokens == batch.tokens) | ~output.own).all(1).double()
        return (Score(right, torch.ones_like(right)),)

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for a right digit, [B, T]."""
        return (self.correct(batch, output.tokens) & output.own).float()

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """The right digit with probability 1, [B, T, V], whatever was said before it; uniform in the prompt."""
        log_p = torch.full((*history.shape, self.space.size), -math.inf, dtype=torch.float64)
        prompt = history.shape[1] // 2
        log_p[:, :prompt, :10] = -math.log(10)
        log_p[:, prompt:].scatter_(-1, self._sums(batch)[..., None], 0.0)
        return log_p

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The process itself: the sum follows from the prompt alone, [B, T, V]."""
        return self.process(batch, history)

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Is it the digit of the sum at this place, [B, T]?"""
        prompt = history.shape[1] // 2
        return torch.cat([torch.ones_like(batch.given[:, :prompt]), history[:, prompt:] == self._sums(batch)], 1)

    @staticmethod
    def _sums(batch: Batch) -> Tensor:
        """The digits [B, L] that follow from the prompt."""
        return _add(batch.tokens[:, : batch.tokens.shape[1] // 2 - 1] - _PAIR)
