"""Errors in time: when the first one comes, and what it does to those after it.

All functions take `wrong` [B, L] and `own` [B, L], both bool: whether the l-th own token of a row is wrong, by whatever
judge, and whether the row has one (rows that ended before are censored, never dropped). `by_position` makes them.

Axes: B batch, T time (columns), L positions of own tokens.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def by_position(values: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Move values [B, T] at own columns to their positions, [B, L], 0 elsewhere; and say where there is one."""
    order = torch.sort((~own).int(), dim=1, stable=True).indices
    length = int(own.sum(1).max())
    there = own.gather(1, order)[:, :length]
    return values.gather(1, order)[:, :length].masked_fill(~there, 0), there


def first_errors(wrong: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Position of the first error of each row, from 1, or its length where there is none; and whether there is one."""
    happened = (wrong & own).any(1)
    first = (wrong & own).int().argmax(1) + 1
    return torch.where(happened, first, own.sum(1)), happened


@dataclass(frozen=True)
class Survival:
    """Time to the first error (Kaplan & Meier 1958), [L] each.

    Attributes:
        hazard: P(first error at l | none before); NaN where no row is left.
        survival: share of rows whose first l tokens are all right; non-increasing. NaN where no row is left.
        at_risk: rows that reached l without an error.
    """

    hazard: np.ndarray
    survival: np.ndarray
    at_risk: np.ndarray


def survival(wrong: Tensor, own: Tensor) -> Survival:
    """Estimate hazard and survival; rows that end without an error are censored at their length."""
    from scipy import stats

    time, happened = (part.numpy() for part in first_errors(wrong, own))
    positions = np.arange(1, own.shape[1] + 1)
    at_risk = (time[:, None] >= positions).sum(0)
    events = ((time[:, None] == positions) & happened[:, None]).sum(0)
    hazard = np.divide(events, at_risk, out=np.full(len(positions), math.nan), where=at_risk > 0)
    data = stats.CensoredData(uncensored=time[happened], right=time[~happened])
    estimate = stats.ecdf(data).sf.evaluate(positions)
    return Survival(hazard, np.where(at_risk > 0, estimate, math.nan), at_risk)


@dataclass(frozen=True)
class Contagion:
    """Error rates after good and after bad histories.

    Attributes:
        after_good: P(wrong | no error before), over all tokens from position `first` on.
        after_bad: P(wrong | an error before).
        ratio: the second over the first; to be read beside the expert's own, never against 1.
        reason: why the ratio is NaN, else "".
    """

    after_good: float
    after_bad: float
    ratio: float
    reason: str


def contagion(wrong: Tensor, own: Tensor, first: int = 2) -> Contagion:
    """Compare tokens by whether any own token before them was wrong. Confounded by difficulty: see interventions."""
    before = (wrong & own).int().cumsum(1) - (wrong & own).int() > 0
    counted = own & (torch.arange(1, own.shape[1] + 1, device=own.device) >= first)
    good, bad = _share(wrong, counted & ~before), _share(wrong, counted & before)
    missing = [name for name, rate in (("good", good), ("bad", bad)) if math.isnan(rate)]
    reason = (
        f"undefined: no {missing[0]} history" if missing else "undefined: no error after good histories" * (good == 0)
    )
    return Contagion(good, bad, math.nan if reason else bad / good, reason)


def self_recovery(wrong: Tensor, own: Tensor, lags: tuple[int, ...] = (1, 2, 4, 8, 16, 32)) -> dict[int, float]:
    """P(right at tau + k | first error at tau) by lag k; NaN where no row is that long."""
    first, happened = first_errors(wrong, own)
    return {lag: _at(~wrong, own, first + lag, happened) for lag in lags}


def half_life(recovery: dict[int, float]) -> float:
    """Least lag, interpolated, at which recovery has gone half of its way from lag 1 to its last value.

    0 where it is there at once, NaN where a value is missing or the last one is not above the first.
    """
    lags, values = list(recovery), list(recovery.values())
    if any(math.isnan(value) for value in values) or len(values) < 2 or values[-1] < values[0]:
        return math.nan
    if values[-1] == values[0]:
        return 0.0
    middle = 0.5 * (values[0] + values[-1])
    after = next(index for index, value in enumerate(values) if value >= middle)
    share = (middle - values[after - 1]) / (values[after] - values[after - 1])
    return lags[after - 1] + share * (lags[after] - lags[after - 1])


def _at(values: Tensor, own: Tensor, position: Tensor, rows: Tensor) -> float:
    """Mean of values at one position (from 1) of each row, over rows that have it."""
    inside = rows & (position <= own.shape[1])
    index = (position - 1).clamp(0, own.shape[1] - 1)[:, None]
    there = inside & own.gather(1, index).squeeze(1)
    return _share(values.gather(1, index).squeeze(1), there)


def _share(values: Tensor, counted: Tensor) -> float:
    total = int(counted.sum())
    return float((values & counted).sum()) / total if total else math.nan
