"""Copycat tagging: label a noisy observation, where copying the last label looks like the best policy.

A hidden state rarely changes; each observation of it is often wrong. Given gold labels, the last label is nearly all
one needs, so teacher forcing learns to copy; run freely, it copies its own mistakes ("auto-suggestive delusion",
Ortega et al. 2021, arXiv 2110.10819). The synthetic analogue of the TIMIT frame labels of Bengio et al. (2015).

Axes: B batch, L labels, T = 2 L columns (x1 y1 x2 y2 ...), K hidden states, V = 2 K symbols.
"""

import math

import torch
from torch import Tensor

from benchmark.contracts import Batch, Coordinates, Curve, Discrete, Metric, Output, Score, Split, Task

_STATES = 4


def _symmetric(diagonal: float) -> Tensor:
    """Log of a [K, K] matrix with this diagonal, everything else shared equally."""
    matrix = torch.full((_STATES, _STATES), (1 - diagonal) / (_STATES - 1), dtype=torch.float64)
    return matrix.fill_diagonal_(diagonal).log()


class CopycatTagging(Task):
    """Label each noisy observation of a sticky hidden state; observations and labels are interleaved."""

    name = "copycat_tagging"
    space = Discrete(
        2 * _STATES,
        emits=tuple(range(_STATES, 2 * _STATES)),
        symbols=tuple("abcd") + tuple("ABCD"),
    )
    metric = Metric("accuracy", "share of labels", "higher", 0.0, 1.0)
    curve = Curve(
        "position", "labels", ((1, 4), (5, 8), (9, 16), (17, 32), (33, 64), (65, 128), (129, 256)), trained=(32, 32)
    )
    coordinates = Coordinates(
        failure="delusion",
        target="stochastic",
        recoverable="fully",
        aligned=True,
        source="synthetic",
        given="observations",
    )
    decoding = "greedy"
    floor = 1 / _STATES
    ceiling = 0.919  # the expert run freely, greedy, L = 256; recomputed in the tests, like the controls
    controls = {
        "process on gold prefixes": 0.979,
        "process run freely": 0.315,
        "process run freely, sampled": 0.506,
        "expert run freely, sampled": 0.878,
    }
    citation = """@article{ortega2021shaking,
  title = {Shaking the foundations: delusions in sequence models for interaction and control},
  author = {Ortega, Pedro A. and Kunesch, Markus and Del{\\'e}tang, Gr{\\'e}goire and others},
  journal = {arXiv preprint arXiv:2110.10819}, year = {2021}
}"""

    stay = 0.98  # probability that the state stays as it is
    right = 0.7  # probability that an observation is right

    def __init__(self) -> None:
        self.transition = _symmetric(self.stay)  # [K, K]
        self.emission = _symmetric(self.right)  # [K, K]

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw state paths and their observations; splits need no more than streams of their own."""
        labels = int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        states = self._walk(size, labels, 1 - self.stay, stream).cumsum(1) % _STATES  # [B, L]
        wrong = self._walk(size, labels, 1 - self.right, stream, first=False)  # [B, L], 0 where it is right
        observations = (states + wrong) % _STATES
        tokens = torch.stack([observations, states + _STATES], 2).flatten(1)  # [B, T]
        given = (torch.arange(2 * labels) % 2 == 0).expand(size, -1)
        return Batch(tokens, given, torch.ones_like(given))

    @staticmethod
    def _walk(size: int, labels: int, change: float, stream: torch.Generator, first: bool = True) -> Tensor:
        """Moves [B, L] around the ring of states: 0 or, with probability `change`, uniformly one of the others."""
        moves = torch.randint(1, _STATES, (size, labels), generator=stream)
        moves = moves * (torch.rand(size, labels, generator=stream) < change)
        if first:
            moves[:, 0] = torch.randint(0, _STATES, (size,), generator=stream)
        return moves

    def score(self, batch: Batch, output: Output) -> Score:
        """Accuracy of each label against gold."""
        return Score((output.tokens == batch.tokens).double(), output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for a right label, [B, T]."""
        return ((output.tokens == batch.tokens) & output.own).float()

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """P(label | last label of the history, observation), [B, T, V]; uniform at observations."""
        labels = history[:, 1::2] - _STATES  # [B, L]
        seen = self.emission[:, history[:, 0::2]].permute(1, 2, 0)  # [B, L, K]
        before = self.transition[labels[:, :-1]]  # [B, L - 1, K]
        first = torch.full_like(seen[:, :1], -math.log(_STATES))
        return self._at_labels((torch.cat([first, before], 1) + seen).log_softmax(-1))

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """P(label | observations), [B, T, V]: a forward filter that reads labels only where they are given."""
        likelihood = self.emission[:, history[:, 0::2]].permute(1, 2, 0).exp()  # [B, L, K]
        revealed = torch.nn.functional.one_hot(history[:, 1::2] - _STATES, _STATES).double()  # [B, L, K]
        is_revealed = (batch.given[:, 1::2] & batch.valid[:, 1::2])[..., None]  # [B, L, 1]
        transition, belief, filtered = self.transition.exp(), None, []
        for seen, label, known in zip(likelihood.unbind(1), revealed.unbind(1), is_revealed.unbind(1), strict=True):
            belief = seen if belief is None else (belief @ transition) * seen  # [B, K]
            belief = belief / belief.sum(-1, keepdim=True)
            filtered.append(belief)
            belief = torch.where(known, label, belief)
        return self._at_labels(torch.stack(filtered, 1).log())

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Equal to gold, [B, T]: the hidden state does not depend on what was said about it."""
        return history == batch.tokens

    def _at_labels(self, log_probabilities: Tensor) -> Tensor:
        """Spread [B, L, K] over the columns and the vocabulary, [B, T, V]; uniform over labels at observations."""
        rows, labels, _ = log_probabilities.shape
        spread = torch.full((rows, labels, 2, 2 * _STATES), -math.inf, dtype=log_probabilities.dtype)
        spread[:, :, 0, _STATES:] = -math.log(_STATES)
        spread[:, :, 1, _STATES:] = log_probabilities
        return spread.flatten(1, 2)


class CopycatTaggingHard(CopycatTagging):
    """Copycat tagging in which the state changes more often and half of the observations are wrong."""

    name = "copycat_tagging_hard"
    ceiling = 0.701
    controls = {
        "process on gold prefixes": 0.949,
        "process run freely": 0.262,
        "process run freely, sampled": 0.332,
        "expert run freely, sampled": 0.581,
    }
    stay = 0.95
    right = 0.5
