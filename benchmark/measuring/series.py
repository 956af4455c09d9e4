"""Continuous sequences: how the error grows with the lead time, and whether the long run stays on the attractor.

Values are standardised: one unit is the standard deviation of the data.

Axes: B batch, T time (columns), L lead times (positions of own vectors), D numbers in a vector.
"""

import math

import torch
from torch import Tensor

from benchmark.contracts.spaces import Continuous
from benchmark.contracts.task import Task
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.quality import points
from benchmark.measuring.runs import Runs

VALID_BELOW = 0.4
HORIZONS = (0.5, 1.0, 2.0, 4.0)  # Lyapunov times; rankings at 1 and at 4 are known to disagree
_BINS = 40
_RANGE = 4.0  # standard deviations; what lies outside falls into the outermost bins


def nrmse_by_lead(own: Tensor, gold: Tensor) -> Tensor:
    """Root mean square error over rows and dimensions, [B, L, D] each -> [L], in standard deviations; >= 0."""
    return (own - gold).double().square().mean((0, 2)).sqrt()


def valid_prediction_time(own: Tensor, gold: Tensor) -> tuple[Tensor, Tensor]:
    """First lead time at which the error of a row exceeds .4 standard deviations, [B], from 1.

    Args:
        own, gold: [B, L, D].

    Returns:
        The times, L where the error never does so within L steps, and which rows those are (censored), [B] each.
    """
    error = (own - gold).double().square().mean(2).sqrt()  # [B, L]
    beyond = ~(error <= VALID_BELOW)  # NaN is beyond
    censored = ~beyond.any(1)
    first = beyond.int().argmax(1) + 1
    return torch.where(censored, own.shape[1], first), censored


def histogram_distance(own: Tensor, gold: Tensor) -> float:
    """Total variation between the histograms of two sets of states [..., D], mean over dimensions; in [0, 1].

    40 bins from -4 to 4 standard deviations. Blind to the order in time: what stays on the attractor is near 0 however
    wrong each point is.
    """
    histograms = [_histograms(states.double().flatten(0, -2)) for states in (own, gold)]  # [D, bins] each
    return float(0.5 * (histograms[0] - histograms[1]).abs().sum(-1).mean())


def _histograms(states: Tensor) -> Tensor:
    """Shares of states [N, D] by bin, [D, bins]."""
    scaled = (states.nan_to_num(math.inf).clamp(-_RANGE, _RANGE) + _RANGE) / (2 * _RANGE)  # in [0, 1]
    bins = (scaled * _BINS).long().clamp_max(_BINS - 1)
    return torch.nn.functional.one_hot(bins, _BINS).double().mean(0)


class SeriesTally:
    """Collects own and gold vectors by lead time, on free runs and on gold prefixes."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.own: list[Tensor] = []
        self.gold: list[Tensor] = []
        self.one_step: list[Tensor] = []

    def add(self, runs: Runs) -> None:
        """Add a batch, whose rows all have as many vectors of the model's own."""
        where, rows = runs.batch.own, len(runs.batch)
        self.own.append(runs.main.tokens[runs.main.own].view(rows, -1, self.task.space.size))  # [B, L, D]
        self.gold.append(runs.batch.tokens[where].view(rows, -1, self.task.space.size))
        self.one_step.append(runs.gold.tokens[where].view(rows, -1, self.task.space.size))

    def put_into(self, result: Evaluated) -> None:
        """Enter NRMSE by lead time, valid prediction time, and the long-run histogram distance."""
        assert isinstance(self.task.space, Continuous)
        own, gold, one_step = (torch.cat(parts) for parts in (self.own, self.gold, self.one_step))
        by_lead = nrmse_by_lead(own, gold)  # [L]
        leads = [2**power for power in range(int(math.log2(len(by_lead))) + 1)]
        buckets = [(lead, lead) for lead in leads]
        result.curves["nrmse_by_lead"] = points(buckets, [float(by_lead[lead - 1]) for lead in leads])
        step_error = float((one_step - gold).double().square().mean().sqrt())
        result.put("one_step_nrmse", step_error, "standard deviations, on gold prefixes", "lower")
        times, censored = valid_prediction_time(own, gold)
        mean_time = float(times.double().mean())
        result.put("valid_prediction_time", mean_time, f"steps until NRMSE > {VALID_BELOW}, mean over rows", "higher")
        result.put("valid_throughout", float(censored.double().mean()), "share of rows, whose time is cut", "none")
        half = own.shape[1] // 2
        distance = histogram_distance(own[:, half:], gold[:, half:])
        result.put("histogram_distance", distance, "total variation of states, later half", "lower")
        exponent = self.task.lyapunov
        if exponent is not None:
            _put_horizons(result, by_lead, mean_time, exponent)


def _put_horizons(result: Evaluated, by_lead: Tensor, valid: float, exponent: float) -> None:
    """Enter errors at several Lyapunov times, absent beyond the longest lead, and the valid time in that unit."""
    result.put("valid_lyapunov_times", valid * exponent, "Lyapunov times", "higher")
    for horizon in HORIZONS:
        step = round(horizon / exponent)
        reached = 1 <= step <= len(by_lead)
        value = float(by_lead[step - 1]) if reached else math.nan
        name = f"nrmse_at_{horizon:g}_lyapunov_times"
        result.put(name, value, "standard deviations", "lower", f"sequences end before step {step}")
