"""The leaderboard: one row a task, model and baseline, over seeds."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmark.reporting.against import gains, references
from benchmark.reporting.contrasts import NO_CONTRAST, Contrast
from benchmark.reporting.dominance import NLL_MEASURES, dominated_at
from benchmark.reporting.grouping import Group, group_records
from benchmark.reporting.statistics import Interval, horizon_50, t_intervals
from benchmark.running.cell import Cell
from benchmark.running.record import Record, values_of
from benchmark.values import Point

Row = dict[str, Any]

_OVER_SEEDS = (
    "free_running",
    "gold_prefix",
    "gap",
    "free_running_greedy",
    "free_running_sample",
    "gold_prefix_token_error",
    "gold_prefix_nll",
    "length_ratio",
    "never_stopped",
    "stopped_early",
    "per_step_error",
    "regret",
    "excess_accumulated_error",
    "excess_accumulated_error_held_out",
    "exposure_ratio",
    "exposure_marginal_ratio",
    "sequence_kl_forward",
    "sequence_kl_reverse",
    "error_rate_after_good",
    "error_rate_after_bad",
    "contagion",
    "recovery_half_life",
    "effect_of_own_prefix",
    "effect_of_random_slip",
    "effect_of_second_best_slip",
    "effect_of_healed",
    "distinct_prefixes_at_temperature_1",
    "gradient_noise",
)
_CURVES = ("free_running", "gold_prefix", "gap")
_MEASURES = (*_OVER_SEEDS, *NLL_MEASURES)
_COSTS = (
    "updates",
    "evaluations",
    "training_cpu_seconds",
    "evaluation_cpu_seconds",
    "cell_wall_seconds",
    "training_tokens_per_cpu_second",
)


class AsNeeded:
    """Keeps of records what a board and its figures are made of; equal parts of their cells are kept once."""

    def __init__(self) -> None:
        self._cells: dict[str, Cell] = {}
        self._provenances: dict[str, dict[str, str]] = {}

    def __call__(self, record: Record) -> Record:
        """Return the record without what no board shows."""
        commit = record.provenance.get("commit", "unknown")
        measures, curves, spent = record.measures, record.curves, record.spent
        twin = self._cells.setdefault(record.cell.group, record.cell)
        return Record.model_construct(
            cell=record.cell if record.cell.task is twin.task else twin.with_seed(record.cell.seed),
            status=record.status,
            reason=record.reason,
            facts=record.facts,
            measures={name: measures[name] for name in _MEASURES if name in measures},
            curves={name: curves[name] for name in _CURVES if name in curves},
            spent={name: spent[name] for name in _COSTS if name in spent},
            provenance=self._provenances.setdefault(commit, {"commit": commit}),
        )


def make_board(records: Iterable[Record]) -> list[Row]:
    """Group records that differ in nothing but the seed, and summarise each group; see `board_of`."""
    return board_of(group_records(records))


def board_of(grouped: Sequence[Group]) -> list[Row]:
    """Summarise each group of records over its seeds; best first within a task.

    A row whose cells all failed stands last, with its status counts and nothing else.
    """
    groups = [group for _, group in grouped]
    beside = references(groups)
    contrasts, dominated = gains(groups, beside), dominated_at(groups, beside)
    rows = [
        _row(group, label) | _gain(contrast) | {"dominated_at": temperatures}
        for (label, group), contrast, temperatures in zip(grouped, contrasts, dominated, strict=True)
    ]
    return sorted(rows, key=_rank)


def _gain(contrast: Contrast | None) -> Row:
    """The contrast with teacher forcing as columns; all None where there is none."""
    columns = (contrast or NO_CONTRAST).columns()
    gain = columns.pop("difference")
    return {"gain": gain} | {f"gain_{name}": value for name, value in columns.items()}


def _rank(row: Row) -> tuple:
    value = row["free_running"]
    worse = math.inf if value is None else -value if row["direction"] == "higher" else value
    return row["task"], row["model"], row["track"] == "evaluations", worse, row["baseline"]


def _row(group: Sequence[Record], label: str) -> Row:
    first, ok = group[0].cell, [record for record in group if record.status == "ok"]
    facts = next((record.facts for record in ok), None)
    row: Row = {"task": first.task.name, "model": first.model.name, "baseline": label, "track": first.track}
    for name in (
        "metric",
        "unit",
        "direction",
        "axis",
        "axis_unit",
        "trained",
        "decoding",
        "floor",
        "ceiling",
        "controls",
        "failure",
    ):
        row[name] = getattr(facts, name, None)
    measured = [values_of(ok, name) for name in _OVER_SEEDS]
    spent = [[record.spent.get(name) for record in ok] for name in _COSTS]
    ranges, curves = _curves(ok)
    intervals = iter(t_intervals([*measured, *spent, *curves]))  # together: a small table costs as much as a large one
    for name, values in zip(_OVER_SEEDS, measured, strict=True):
        why = _why_absent(ok, name) if None in values else ""
        row |= _named(name, next(intervals)) | {f"{name}_reason": why}
    costs = {name: next(intervals).mean for name in _COSTS}
    row["by_length"] = _by_length(ranges, intervals)
    row |= _horizon(row) | costs
    row["seeds"] = len(ok)
    row["status"] = dict(sorted(Counter(record.status for record in group).items()))
    row["reasons"] = sorted({record.reason for record in group if record.reason})
    return row


def _named(name: str, interval: Interval) -> Row:
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _why_absent(records: Sequence[Record], name: str) -> str:
    """The reason that the first record without a value gives; "" where all have one or none was ever asked."""
    measures = [record.measures[name] for record in records if name in record.measures]
    return next((measure.reason for measure in measures if measure.value is None), "")


def _curves(records: Sequence[Record]) -> tuple[list[tuple[int, int]], list[list[float | None]]]:
    """The ranges of the first record, and for each of them every curve's values over the records.

    Where another record lacks a range its value is None.
    """
    if not records:
        return [], []
    ranges = [(point.low, point.high) for point in records[0].curves["free_running"]]
    curves = {name: [_values_at(ranges, record.curves.get(name, ())) for record in records] for name in _CURVES}
    return ranges, [[curve[at] for curve in curves[name]] for at in range(len(ranges)) for name in _CURVES]


def _values_at(ranges: Sequence[tuple[int, int]], curve: Sequence[Point]) -> list[float | None]:
    if [(point.low, point.high) for point in curve] == ranges:  # as good as always
        return [point.value for point in curve]
    values = {(point.low, point.high): point.value for point in curve}
    return [values.get(place) for place in ranges]


def _by_length(ranges: Sequence[tuple[int, int]], intervals: Iterator[Interval]) -> list[Row]:
    """A row a range, with the next interval for each curve."""
    rows = []
    for low, high in ranges:
        row: Row = {"low": low, "high": high}
        for name in _CURVES:
            row |= _named(name, next(intervals))
        rows.append(row)
    return rows


def _horizon(row: Row) -> Row:
    """Add H_50 of the mean curve: a length, None with the bound beyond which it lies, or None for lack of controls."""
    absent = {"horizon_50": None, "horizon_50_beyond": None}
    if row["floor"] is None or row["ceiling"] is None or not row["by_length"]:
        return absent
    lengths = [bucket["high"] for bucket in row["by_length"]]
    values = [bucket["free_running"] for bucket in row["by_length"]]
    if all(value is None for value in values):
        return absent
    found = horizon_50(lengths, values, row["floor"], row["ceiling"])
    return {"horizon_50": found, "horizon_50_beyond": lengths[-1] if found is None else None}
