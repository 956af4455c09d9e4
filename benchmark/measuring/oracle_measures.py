"""What the oracles of a task say about a model: the exposure grid (process) and errors in time (correct).

The two see different things. The grid compares distributions on the same history, so it is blind where the model is
right on every history and fails because it takes its own tokens for evidence; errors in time are not.

Axes: B batch, T time (columns), L positions of own tokens.
"""

import math

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.task import Task
from benchmark.measuring.errors_in_time import by_position, contagion, half_life, self_recovery, survival
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.exposure import accumulated_error, exposure_ratio, sequence_kl
from benchmark.measuring.grid import DIVERGENCES, SOURCES, Grid, GridTally, Source
from benchmark.values import Point

Buckets = tuple[tuple[int, int], ...]


class OracleTally:
    """Collects what the oracles say, batch by batch; a task without an oracle leaves its measures out."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.grid = GridTally(task.curve.longest) if task.has("process") else None
        self.errors: list[tuple[Tensor, Tensor]] = []

    def add(self, batch: Batch, gold: Output, sampled: Output, main: Output) -> None:
        """Add a batch: the model on gold prefixes, run freely by sampling, and run freely by the main decoding."""
        if self.grid is not None:
            self._add_prefixes("gold", batch, gold)
            self._add_prefixes("own", batch, sampled)
        if self.task.has("correct"):
            self.errors.append(by_position(~self.task.correct(batch, main.history), main.own))

    def _add_prefixes(self, source: Source, batch: Batch, output: Output) -> None:
        assert self.grid is not None
        assert output.log_probabilities is not None
        self.grid.add(source, self.task.process(batch, output.history), output.log_probabilities, output.own)

    def put_into(self, result: Evaluated) -> None:
        """Enter the measures and curves."""
        buckets = position_buckets(self.task)
        if self.grid is not None:
            _put_grid(result, self.grid.grid(), buckets)
        if self.errors:
            _put_errors(result, *_stacked(self.errors), buckets)


def position_buckets(task: Task) -> Buckets:
    """The curve's buckets where they are of positions, else 1-4, 5-8, 9-16 and so on to the longest."""
    if task.curve.axis == "position":
        return task.curve.buckets
    ends = [4]
    while ends[-1] < task.curve.longest:
        ends.append(2 * ends[-1])
    return tuple((low + 1, high) for low, high in zip([0, *ends], ends, strict=False))


def _stacked(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Put batches of different length under each other, padded with what is not there."""
    length = max(wrong.shape[1] for wrong, _ in parts)
    padded = [[torch.nn.functional.pad(part, (0, length - part.shape[1])) for part in pair] for pair in parts]
    return torch.cat([wrong for wrong, _ in padded]), torch.cat([own for _, own in padded])


def _put_grid(result: Evaluated, grid: Grid, buckets: Buckets) -> None:
    found = accumulated_error(grid)
    forward, reverse = sequence_kl(grid)
    result.put("per_step_error", float(found.per_step[-1]), "nats per token on gold prefixes", "lower")
    result.put("regret", float(found.regret[-1]), "nats per sequence on own prefixes", "lower")
    result.put(
        "accumulated_error", float(found.ratio[-1]), f"regret per step, {found.denominator}", "lower", found.reason
    )
    result.put("excess_accumulated_error", float(found.excess[-1]), f"%, {found.denominator}", "lower", found.reason)
    result.put("sequence_kl_forward", forward, "nats, KL(P||Q)", "lower")
    result.put("sequence_kl_reverse", reverse, "nats, KL(Q||P)", "lower")
    count = grid.count[SOURCES.index("own")]
    ratio = exposure_ratio(grid, "TV")  # the bounded divergences are finite where the process has zeros
    result.curves["exposure_ratio_TV"] = [
        _point(low, high, _bucket_mean(ratio, count, low, high)) for low, high in buckets
    ]
    for source in SOURCES:
        for divergence in DIVERGENCES:
            row, count = grid.of(source, divergence), grid.count[SOURCES.index(source)]
            name = f"grid_{source}_{divergence}"
            result.curves[name] = [_point(low, high, _bucket_mean(row, count, low, high)) for low, high in buckets]


def _bucket_mean(row: Tensor, count: Tensor, low: int, high: int) -> float:
    """Mean over prefixes of the positions low to high."""
    part, weight = row[low - 1 : high], count[low - 1 : high].double()
    reached = weight > 0
    return float((part[reached] * weight[reached]).sum() / weight.sum()) if bool(reached.any()) else math.nan


def _put_errors(result: Evaluated, wrong: Tensor, own: Tensor, buckets: Buckets) -> None:
    rates = contagion(wrong, own)
    result.put("error_rate_after_good", rates.after_good, "share of tokens after the first", "lower")
    result.put("error_rate_after_bad", rates.after_bad, "share of tokens after the first", "lower")
    result.put("contagion", rates.ratio, "error rate after bad over after good histories", "lower", rates.reason)
    recovery = self_recovery(wrong, own)
    result.put("recovery_half_life", half_life(recovery), "own tokens", "lower", "recovery does not rise with the lag")
    result.curves["self_recovery"] = [_point(lag, lag, value) for lag, value in recovery.items()]
    times = survival(wrong, own)
    inside = [(low, min(high, own.shape[1])) for low, high in buckets if low <= own.shape[1]]
    result.curves["survival"] = [_point(low, high, float(times.survival[high - 1])) for low, high in inside]
    hazard, at_risk = torch.from_numpy(times.hazard), torch.from_numpy(times.at_risk)
    result.curves["hazard"] = [_point(low, high, _bucket_mean(hazard, at_risk, low, high)) for low, high in inside]


def _point(low: int, high: int, value: float) -> Point:
    return Point(low=low, high=high, value=value if math.isfinite(value) else None)
