"""The exposure grid: how far the model is from the process, by position and by where the prefix came from.

    d[S, D](t) = E over prefixes of t - 1 own tokens drawn from S of D( P(. | prefix), Q(. | prefix) )

for S gold (prefixes of the data) and own (of the model), and D one of four divergences. The expectation over the next
token is exact; only prefixes are sampled. Every figure based on a divergence is read off this grid (see `exposure`).

Axes: S prefix source, D divergence, B batch, T time (columns), L positions of own tokens, V vocabulary.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from benchmark.measuring.positions import slots

Source = Literal["gold", "own"]
SOURCES: tuple[Source, ...] = ("gold", "own")
DIVERGENCES = ("KL(P||Q)", "KL(Q||P)", "TV", "JSD")


def divergences(p: Tensor, q: Tensor) -> Tensor:
    """KL(P||Q), KL(Q||P), total variation and Jensen-Shannon divergence of log-probabilities [..., V] -> [..., 4].

    In nats; the first two in [0, inf], total variation in [0, 1], Jensen-Shannon in [0, ln 2].
    """
    in_p, in_q = p.exp(), q.exp()
    forward, reverse = (
        (mass * (one - other)).masked_fill_(mass == 0, 0.0).sum(-1)  # 0 log 0 is 0
        for mass, one, other in ((in_p, p, q), (in_q, q, p))
    )
    variation = 0.5 * (in_p - in_q).abs().sum(-1)
    entropies = (torch.special.entr(mass).sum(-1) for mass in (0.5 * (in_p + in_q), in_p, in_q))
    mixed, of_p, of_q = entropies
    jensen_shannon = (mixed - 0.5 * (of_p + of_q)).clamp_min(0.0)
    return torch.stack([forward, reverse, variation, jensen_shannon], -1)


@dataclass(frozen=True)
class Grid:
    """The grid with its sampling error.

    Attributes:
        mean: [S, D, L]; infinite where a divergence was, NaN where no prefix reached the position.
        error: [S, D, L] standard error over prefixes; NaN below two of them, 0 where prefixes were enumerated.
        infinite: [S, D, L] how many prefixes gave an infinite divergence.
        count: [S, L] prefixes that reached the position.
    """

    mean: Tensor
    error: Tensor
    infinite: Tensor
    count: Tensor

    def of(self, source: Source, divergence: str) -> Tensor:
        """Return one row of the grid, [L]."""
        return self.mean[SOURCES.index(source), DIVERGENCES.index(divergence)]


class GridTally:
    """Collects prefixes batch by batch; a weight stands for the probability of an enumerated prefix."""

    def __init__(self, positions: int) -> None:
        shape = (len(SOURCES), len(DIVERGENCES), positions + 2)
        self.total, self.square, self.infinite = (torch.zeros(shape, dtype=torch.float64) for _ in range(3))
        self.count = torch.zeros(len(SOURCES), positions + 2, dtype=torch.float64)

    def add(self, source: Source, p: Tensor, q: Tensor, own: Tensor) -> None:
        """Add prefixes: log-probabilities [B, T, V] of process and model on the same history, own [B, T] bool."""
        found = divergences(p.double(), q.double())  # [B, T, D]
        position = slots(own, self.count.shape[-1])  # [B T]
        index = SOURCES.index(source)
        self.count[index].scatter_add_(0, position, own.double().flatten())
        for row, values in enumerate(found.flatten(0, 1).unbind(-1)):  # each [B T]
            finite = torch.where(torch.isfinite(values), values, 0.0)
            self.total[index, row].scatter_add_(0, position, finite)
            self.square[index, row].scatter_add_(0, position, finite.square())
            self.infinite[index, row].scatter_add_(0, position, torch.isinf(values).double())

    def grid(self) -> Grid:
        """Return the grid of what was added."""
        count = self.count[:, None, 1:-1]  # [S, 1, L]
        mean = self.total[..., 1:-1] / count
        variance = (self.square[..., 1:-1] / count - mean.square()).clamp_min(0) * count / (count - 1)
        infinite = self.infinite[..., 1:-1]
        error = torch.where(count >= 2, (variance / count).sqrt(), torch.nan)
        return Grid(torch.where(infinite > 0, torch.inf, mean), error, infinite.long(), self.count[:, 1:-1].long())


def sampled_grid(prefixes: Iterable[tuple[Source, Tensor, Tensor, Tensor]], positions: int) -> Grid:
    """Build the grid from batches of (source, p, q, own); see `GridTally.add`."""
    tally = GridTally(positions)
    for source, p, q, own in prefixes:
        tally.add(source, p, q, own)
    return tally.grid()


def enumerated_grid(p: Tensor, q: Tensor, sequences: Tensor) -> Grid:
    """Build the exact grid from all sequences of a small language.

    Args:
        p, q: log-probabilities [N, L, V] of process and model along every sequence.
        sequences: [N, L] int64, all V^L of them.
    """
    found = divergences(p.double(), q.double())  # [N, L, D]
    rows = []
    for source in (p, q):
        token = source.double().gather(-1, sequences[..., None]).squeeze(-1)  # [N, L]
        whole = token.sum(1).exp()  # [N], probability of the sequence, so that prefixes are weighted by their own
        values = torch.where(whole[:, None, None] > 0, found, 0.0)  # a prefix that cannot occur counts for nothing
        rows.append((whole[:, None, None] * values).sum(0).T)  # [D, L]
    mean = torch.stack(rows)  # [S, D, L]
    return Grid(mean, torch.zeros_like(mean), torch.isinf(mean).long(), torch.full(mean[:, 0].shape, len(sequences)))
