"""Ring tracking: follow a random walk through noisy observations, from a start that is known.

Near the end of a gold prefix the last label says almost everything, so a model learns to trust it; run freely, it
trusts its own ("auto-suggestive delusion", Ortega et al. 2021, arXiv 2110.10819) and loses track within a few steps. A
filter that reads the observations alone after the prefix goes on tracking. Positions count from the end of the prefix,
so that the curve is quality by lag.

Axes: B batch, G gold labels in the prefix, L labels (those of the prefix included), T = 2 L columns (x1 y1 x2 y2 ...),
K cells of the ring, V = 2 K symbols.
"""

import math

import torch
from torch import Tensor

from benchmark.contracts import Batch, Coordinates, Curve, Discrete, Metric, Output, Score, Split, Task

_CELLS = 24
_STEPS = (-1, 0, 0, 1)  # of the walk, equally probable: it stays half of the time
_NOISE = (-2, -1, 0, 1, 2)  # of an observation, equally probable
_OUTLIER = 0.4  # share of the observations that are uniform over the ring
_PREFIX = (8, 16)  # gold labels, inclusive


def _around(moves: tuple[int, ...]) -> Tensor:
    """Circulant [K, K]: row i is the distribution of cell i moved by one of `moves`, each equally probable."""
    move = torch.tensor(moves)
    matrix = torch.zeros(_CELLS, _CELLS, dtype=torch.float64)
    for cell in range(_CELLS):
        matrix[cell] = torch.bincount((cell + move) % _CELLS, minlength=_CELLS) / len(moves)
    return matrix


class RingTracking(Task):
    """Track a random walk on a ring of cells through observations with outliers, from a gold prefix on."""

    name = "ring_tracking"
    space = Discrete(
        2 * _CELLS,
        emits=tuple(range(_CELLS, 2 * _CELLS)),
        symbols=tuple("abcdefghijklmnopqrstuvwx") + tuple("ABCDEFGHIJKLMNOPQRSTUVWX"),
    )
    metric = Metric("accuracy", "share of labels", "higher", 0.0, 1.0)
    curve = Curve(
        "position",
        "labels",
        ((1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 32), (33, 64), (65, 128)),
        trained=(32, 32),
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
    floor = 1 / _CELLS
    ceiling = 0.350  # the expert run freely, greedy, 128 labels; recomputed in the tests, like the controls
    controls = {
        "process on gold prefixes": 0.553,
        "process run freely": 0.205,
        "process run freely, sampled": 0.124,
        "expert run freely, sampled": 0.250,
    }
    citation = """@article{ortega2021shaking,
  title = {Shaking the foundations: delusions in sequence models for interaction and control},
  author = {Ortega, Pedro A. and Kunesch, Markus and Del{\\'e}tang, Gr{\\'e}goire and others},
  journal = {arXiv preprint arXiv:2110.10819}, year = {2021}
}"""

    transition = _around(_STEPS)  # [K, K]
    emission = (1 - _OUTLIER) * _around(_NOISE) + _OUTLIER / _CELLS  # [K, K], full support

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw walks and their observations: G given labels, the same in every row, then as many as `length` says.

        Splits need no more than streams of their own.
        """
        prefix = int(torch.randint(_PREFIX[0], _PREFIX[1] + 1, (), generator=stream))
        labels = prefix + int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        shape = (size, labels)
        steps = torch.tensor(_STEPS)[torch.randint(len(_STEPS), shape, generator=stream)]  # [B, L]
        steps[:, 0] = torch.randint(_CELLS, (size,), generator=stream)
        cells = steps.cumsum(1) % _CELLS  # [B, L]
        noise = torch.tensor(_NOISE)[torch.randint(len(_NOISE), shape, generator=stream)]
        anywhere = torch.randint(_CELLS, shape, generator=stream)
        outlier = torch.rand(shape, generator=stream) < _OUTLIER
        observations = torch.where(outlier, anywhere, (cells + noise) % _CELLS)
        tokens = torch.stack([observations, cells + _CELLS], 2).flatten(1)  # [B, T]
        column = torch.arange(2 * labels)
        given = ((column % 2 == 0) | (column < 2 * prefix)).expand(size, -1)
        return Batch(tokens, given, torch.ones_like(given))

    def score(self, batch: Batch, output: Output) -> Score:
        """Accuracy of each label against gold."""
        return Score((output.tokens == batch.tokens).double(), output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for a right label, [B, T]."""
        return ((output.tokens == batch.tokens) & output.own).float()

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """P(label | last label of the history, observation), [B, T, V]; uniform at observations.

        Total: outliers make any observation possible in any cell, and any last label leads on to its neighbours.
        """
        labels = history[:, 1::2] % _CELLS  # [B, L]
        before = self.transition[labels[:, :-1]]  # [B, L - 1, K]
        first = torch.full((len(history), 1, _CELLS), 1 / _CELLS, dtype=torch.float64)
        joint = torch.cat([first, before], 1) * self._likelihood(history)  # [B, L, K]
        return self._at_labels(joint)

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """P(label | observations, given labels), [B, T, V]: a forward filter; uniform at observations.

        Total: a given label is believed whatever the filter held before, also where no walk could have come there.
        """
        known = (batch.given & batch.valid)[:, 1::2, None]  # [B, L, 1]
        label = torch.nn.functional.one_hot(history[:, 1::2] % _CELLS, _CELLS).double()  # [B, L, K]
        belief, filtered = torch.full((len(history), _CELLS), 1 / _CELLS, dtype=torch.float64), []
        columns = zip(self._likelihood(history).unbind(1), label.unbind(1), known.unbind(1), strict=True)
        for likelihood, revealed, is_known in columns:
            joint = belief * likelihood  # [B, K]
            filtered.append(joint)
            posterior = torch.where(is_known, revealed, joint / joint.sum(-1, keepdim=True))
            belief = posterior @ self.transition  # [B, K] of the next cell
        return self._at_labels(torch.stack(filtered, 1))

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Equal to gold, [B, T]: the walk does not depend on what was said about it."""
        return history == batch.tokens

    def _likelihood(self, history: Tensor) -> Tensor:
        """P(observation | cell), [B, L, K]."""
        return self.emission.T[history[:, 0::2] % _CELLS]

    @staticmethod
    def _at_labels(joint: Tensor) -> Tensor:
        """Normalise [B, L, K] and spread its log over the columns and the vocabulary, [B, T, V]."""
        rows, labels, _ = joint.shape
        spread = torch.full((rows, labels, 2, 2 * _CELLS), -math.inf, dtype=joint.dtype)
        spread[:, :, 0, _CELLS:] = -math.log(_CELLS)
        spread[:, :, 1, _CELLS:] = (joint / joint.sum(-1, keepdim=True)).log()
        return spread.flatten(1, 2)
