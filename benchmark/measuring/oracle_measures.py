"""What the oracles of a task say about a model: the exposure grid (process) and errors in time (correct).

The two see different things. The grid compares distributions on the same history, so it is blind where the model is
right on every history and fails because it takes its own tokens for evidence; errors in time are not.

Axes: B batch, T time (columns), L positions of own tokens.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from benchmark.contracts.batch import Output
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.task import Task
from benchmark.measuring.enumeration import enumerable, exact_grid
from benchmark.measuring.errors_in_time import by_position, contagion, half_life, self_recovery, survival
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.exposure import AccumulatedError, accumulated_error, exposure_ratio, safe_ratio, sequence_kl
from benchmark.measuring.grid import DIVERGENCES, SOURCES, Grid, GridTally, Source
from benchmark.measuring.positions import Buckets, position_buckets
from benchmark.measuring.quality import finite
from benchmark.measuring.runs import Instrument, Runs, batches
from benchmark.values import Point

_HELD_OUT = 128  # sequences of the validation split, the same for every seed


def grid_instrument(model: SequenceModel, task: Task, sequences: int) -> Instrument:
    """The exposure grid: by enumeration where all sequences can be listed, else from samples."""
    return EnumeratedGrid(task, exact_grid(model, task)) if enumerable(task) else SampledGrid(model, task, sequences)


@dataclass
class EnumeratedGrid:
    """The exact grid, which needs no runs; held-out data cannot differ from the process here."""

    task: Task
    grid: Grid

    def add(self, runs: Runs) -> None:
        """Nothing is sampled."""

    def put_into(self, result: Evaluated) -> None:
        """Enter the measures and curves."""
        put_grid(result, self.grid, None, position_buckets(self.task))


class SampledGrid:
    """Collects the grid from test sequences (the process's samples), own runs and held-out data."""

    def __init__(self, model: SequenceModel, task: Task, sequences: int) -> None:
        self.task = task
        self.tally, self.held_out = (GridTally(task.curve.own_tokens) for _ in range(2))
        for _, batch in batches(task, "validation", min(sequences, _HELD_OUT), (task.name, "held-out")):
            self.held_out.add("gold", task.process(batch, batch.tokens), model(batch.tokens).log_softmax(-1), batch.own)

    def add(self, runs: Runs) -> None:
        """Add the model on gold prefixes and on its own."""
        self._add_prefixes("gold", runs, runs.gold)
        self._add_prefixes("own", runs, runs.free["sample"])

    def _add_prefixes(self, source: Source, runs: Runs, output: Output) -> None:
        assert output.log_probabilities is not None
        process = self.task.process(runs.batch, output.history)
        self.tally.add(source, process, output.log_probabilities, output.own)

    def put_into(self, result: Evaluated) -> None:
        """Enter the measures and curves."""
        put_grid(result, self.tally.grid(), self.held_out.grid(), position_buckets(self.task))


def put_grid(result: Evaluated, grid: Grid, held_out: Grid | None, buckets: Buckets) -> None:
    """Enter what is read off the grid; the two denominators of the accumulated error are both named."""
    found = accumulated_error(grid)
    forward, reverse = sequence_kl(grid)
    result.put("per_step_error", float(found.per_step[-1]), "nats per token on gold prefixes", "lower")
    result.put("regret", float(found.regret[-1]), "nats per sequence on own prefixes", "lower")
    _put_ratios(result, found, "")
    if held_out is not None:
        _put_ratios(result, accumulated_error(grid, held_out), "_held_out")
    result.put("sequence_kl_forward", forward, "nats, KL(P||Q)", "lower")
    result.put("sequence_kl_reverse", reverse, "nats, KL(Q||P)", "lower")
    for source in SOURCES:
        counts = grid.count[SOURCES.index(source)]
        for divergence in DIVERGENCES:
            row = grid.of(source, divergence)
            name = f"grid_{source}_{divergence}"
            result.curves[name] = [_point(low, high, _bucket_mean(row, counts, low, high)) for low, high in buckets]
        total = grid.infinite[SOURCES.index(source)].sum(-1)  # [D]
        for divergence, count in zip(DIVERGENCES, total.tolist(), strict=True):
            result.put(f"infinite_{source}_{divergence}", count, "prefixes with an infinite divergence", "lower")
    _put_exposure_ratio(result, grid, buckets)


def _put_ratios(result: Evaluated, found: AccumulatedError, suffix: str) -> None:
    of = found.denominator
    result.put(f"accumulated_error{suffix}", float(found.ratio[-1]), f"regret per step, {of}", "lower", found.reason)
    result.put(f"excess_accumulated_error{suffix}", float(found.excess[-1]), f"%, {of}", "lower", found.reason)


def _put_exposure_ratio(result: Evaluated, grid: Grid, buckets: Buckets) -> None:
    """EB-C by total variation, which is finite where the process has zeros: by bucket, and over all positions."""
    ratio, counts = exposure_ratio(grid, "TV"), grid.count[SOURCES.index("own")]
    result.curves["exposure_ratio_TV"] = [
        _point(low, high, _bucket_mean(ratio, counts, low, high)) for low, high in buckets
    ]
    last = grid.count.shape[1]
    own, gold = (
        torch.tensor(_bucket_mean(grid.of(source, "TV"), grid.count[SOURCES.index(source)], 1, last))
        for source in ("own", "gold")
    )
    undefined = "undefined: no error on gold prefixes to compare with"
    unit = "EB-C, total variation on own over gold prefixes"
    result.put("exposure_ratio", float(safe_ratio(own, gold)), unit, "lower", undefined)


def _bucket_mean(row: Tensor, count: Tensor, low: int, high: int) -> float:
    """Mean over prefixes of the positions low to high."""
    part, weight = row[low - 1 : high], count[low - 1 : high].double()
    reached = weight > 0
    return float((part[reached] * weight[reached]).sum() / weight.sum()) if bool(reached.any()) else math.nan


@dataclass
class ErrorTally:
    """Collects which own tokens of the main free run are wrong, by the task's `correct`."""

    task: Task
    errors: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def add(self, runs: Runs) -> None:
        """Judge a batch."""
        main = runs.main
        self.errors.append(by_position(~self.task.correct(runs.batch, main.history), main.own))

    def put_into(self, result: Evaluated) -> None:
        """Enter the measures and curves."""
        put_errors(result, *_stacked(self.errors), position_buckets(self.task))


def _stacked(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Put batches of different length under each other, padded with what is not there."""
    length = max(wrong.shape[1] for wrong, _ in parts)
    padded = [[torch.nn.functional.pad(part, (0, length - part.shape[1])) for part in pair] for pair in parts]
    return torch.cat([wrong for wrong, _ in padded]), torch.cat([own for _, own in padded])


def put_errors(result: Evaluated, wrong: Tensor, own: Tensor, buckets: Buckets) -> None:
    """Enter errors in time: [rows, positions] each, whether an own token is wrong and whether there is one."""
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
    return Point(low=low, high=high, value=finite(value))
