"""Running sum: add up given numbers modulo 32; a null control for "own fault".

Now and then a number is masked, and the sum is lost for good. Against gold, quality falls off steeply with length, yet
a model that adds correctly makes no more mistakes after a wrong sum than after a right one: errors propagate, and no
exposure bias exists. The gold target is wrong after a slip, so methods that keep it on own prefixes (scheduled
sampling, Bengio et al. 2015, arXiv 1506.03099) learn something that is not addition (Huszar 2015, arXiv 1511.05101).

Axes: B batch, L sums, T = 2 L columns (x1 y1 x2 y2 ...), M modulus, V vocabulary.
"""

import math

import torch
from torch import Tensor

from benchmark.contracts import Batch, Coordinates, Curve, Discrete, Metric, Output, Score, Split, Task

_MODULUS = 32
_MASKED = 0.03  # share of the numbers that are not shown
_ANCHORED = 0.1  # share of the steps at which the anchored variant shows the sum in place of the number
_MASK = 2 * _MODULUS  # symbols: M numbers, M sums, the mask, M anchors


def _symbols(anchored: bool) -> tuple[str, ...]:
    marks = "+=!" if anchored else "+="
    written = [f"{mark}{number}" for mark in marks for number in range(_MODULUS)]
    return (*written[:_MASK], "+?", *written[_MASK:])


def _space(anchored: bool) -> Discrete:
    symbols = _symbols(anchored)
    return Discrete(len(symbols), emits=tuple(range(_MODULUS, 2 * _MODULUS)), symbols=symbols)


class RunningSum(Task):
    """Say the running sum of numbers modulo 32, of which a few are masked (null control)."""

    name = "running_sum"
    space = _space(anchored=False)
    metric = Metric("accuracy", "share of sums", "higher", 0.0, 1.0)
    curve = Curve("position", "sums", ((1, 4), (5, 8), (9, 16), (17, 32), (33, 64), (65, 128)), trained=(32, 32))
    coordinates = Coordinates(
        failure="none (null control)",
        target="stochastic",
        recoverable="never",
        aligned=False,
        source="synthetic",
        given="observations",
    )
    decoding = "greedy"
    floor = 1 / _MODULUS
    ceiling = 0.271  # the expert run freely, 128 sums: closed form in the tests
    controls = {"process on gold prefixes": 0.971}
    citation = """@article{huszar2015not,
  title = {How (not) to Train your Generative Model: Scheduled Sampling, Likelihood, Adversary?},
  author = {Husz{\\'a}r, Ferenc}, journal = {arXiv preprint arXiv:1511.05101}, year = {2015}
}"""

    anchored = 0.0  # share of the steps at which the sum itself is shown in place of the number

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw numbers uniformly, add them up from 0, then mask and anchor; splits need streams of their own only."""
        count = int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        numbers = torch.randint(_MODULUS, (size, count), generator=stream)  # [B, L]
        sums = numbers.cumsum(1) % _MODULUS  # [B, L]
        shown = torch.where(torch.rand(size, count, generator=stream) < _MASKED, _MASK, numbers)
        anchor = torch.rand(size, count, generator=stream) < self.anchored
        shown = torch.where(anchor, sums + _MASK + 1, shown)  # an anchor stands in place of a number or a mask
        tokens = torch.stack([shown, sums + _MODULUS], 2).flatten(1)  # [B, T]
        given = (torch.arange(2 * count) % 2 == 0).expand(size, -1)
        return Batch(tokens, given, torch.ones_like(given))

    def score(self, batch: Batch, output: Output) -> Score:
        """Accuracy of each sum against gold."""
        return Score((output.tokens == batch.tokens).double(), output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for a sum that is right given the sum said before it, [B, T]."""
        return (self.correct(batch, output.tokens) & output.own).float()

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """Certain of the last sum said plus the number, or of the anchor; uniform at masks and at numbers, [B, T, V].

        Total: any sum can be added to.
        """
        shown = history[:, 0::2]  # [B, L]
        target = torch.where(shown > _MASK, shown - _MASK - 1, (self._before(history) + shown) % _MODULUS)  # [B, L]
        certain = torch.nn.functional.one_hot(target, _MODULUS).double()  # [B, L, M]
        at_sums = torch.where((shown == _MASK)[..., None], 1 / _MODULUS, certain).log()
        spread = at_sums.new_full((*shown.shape, 2, self.space.size), -math.inf)  # [B, L, 2, V]
        spread[:, :, 0, _MODULUS : 2 * _MODULUS] = -math.log(_MODULUS)
        spread[:, :, 1, _MODULUS : 2 * _MODULUS] = at_sums
        return spread.flatten(1, 2)

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The process itself: the sum said last is all that the next one needs, [B, T, V]."""
        return self.process(batch, history)

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Is a sum the last one said plus the true number, masked or not, or else the anchor? [B, T]; true at numbers.

        Total: any sum can be added to.
        """
        gold = batch.tokens[:, 1::2] % _MODULUS  # [B, L]
        shown = batch.tokens[:, 0::2]
        moved = self._before(history) + gold - self._before(batch.tokens)
        target = torch.where(shown > _MASK, gold, moved % _MODULUS)
        right = torch.ones_like(history, dtype=torch.bool)
        right[:, 1::2] = history[:, 1::2] == target + _MODULUS
        return right

    @staticmethod
    def _before(history: Tensor) -> Tensor:
        """The sum said before each one, [B, L]; 0 before the first."""
        return torch.nn.functional.pad(history[:, 1:-1:2] % _MODULUS, (1, 0))


class RunningSumAnchored(RunningSum):
    """Say the running sum of numbers modulo 32, which is shown outright at one step in ten (null control)."""

    name = "running_sum_anchored"
    space = _space(anchored=True)
    coordinates = Coordinates(
        failure="none (null control)",
        target="stochastic",
        recoverable="fully",
        aligned=False,
        source="synthetic",
        given="observations",
    )
    ceiling = 0.805  # closed form in the tests
    controls = {"process on gold prefixes": 0.974}
    anchored = _ANCHORED
