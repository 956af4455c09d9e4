"""Figures of exposure bias, each a functional of the exposure grid and never computed anew.

A ratio is NaN, with a reason, where its denominator is 0; and it is never to be shown without the absolute figures
beside it: a method that ruins gold prefixes has a small ratio.

Axes: L positions of own tokens.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.measuring.grid import Grid

UNDEFINED = "undefined: no error on gold prefixes to compare with"


@dataclass(frozen=True)
class AccumulatedError:
    """Accumulated error up to each length (Arora et al. 2022, arXiv 2204.01171), [L] each, nats.

    Attributes:
        per_step: eps(l), mean KL(P||Q) on gold prefixes up to l.
        regret: R(l), sum of KL(P||Q) on own prefixes up to l.
        ratio: AccErr(l) = R(l) / eps(l); l where there is no exposure bias.
        excess: ExAccErr(l) = 100 (R(l) - l eps(l)) / (l eps(l)), per cent.
        denominator: where the gold prefixes of eps come from: "process-samples" or "held-out".
        reason: why the ratios are NaN somewhere, else "".
    """

    per_step: Tensor
    regret: Tensor
    ratio: Tensor
    excess: Tensor
    denominator: str
    reason: str


def accumulated_error(grid: Grid, held_out: Grid | None = None) -> AccumulatedError:
    """Read the accumulated error off a grid.

    Args:
        grid: its own prefixes give the regret, and its gold prefixes, samples of the process, the error per step.
        held_out: a grid whose gold prefixes are held-out data; if given, the error per step is that on them.
    """
    denominator = "process-samples" if held_out is None else "held-out"
    gold, own = (held_out or grid).of("gold", "KL(P||Q)"), grid.of("own", "KL(P||Q)")
    length = torch.arange(1, len(gold) + 1, dtype=gold.dtype)
    per_step, regret = gold.cumsum(0) / length, own.cumsum(0)
    ratio = safe_ratio(regret, per_step)
    excess = 100 * (ratio / length - 1)
    return AccumulatedError(
        per_step, regret, ratio, excess, denominator, UNDEFINED if bool(ratio.isnan().any()) else ""
    )


def exposure_ratio(grid: Grid, divergence: str) -> Tensor:
    """EB-C(t) = d[own, D](t) / d[gold, D](t) (He et al. 2021, arXiv 1905.10617), [L]; 1: no exposure bias."""
    return safe_ratio(grid.of("own", divergence), grid.of("gold", divergence))


def sequence_kl(grid: Grid) -> tuple[float, float]:
    """KL(P||Q) and KL(Q||P) of whole sequences, nats, by the chain rule: exact where the grid is."""
    return float(grid.of("gold", "KL(P||Q)").sum()), float(grid.of("own", "KL(Q||P)").sum())


def safe_ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Divide; NaN where the denominator is 0 or where both are infinite, never 1 and never 0."""
    return torch.where(denominator == 0, math.nan, numerator / denominator)
