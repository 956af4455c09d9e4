"""The leaderboard: one row a task, model and baseline, over seeds."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from benchmark.reporting.against import gains, references
from benchmark.reporting.contrasts import NO_CONTRAST, Contrast
from benchmark.reporting.dominance import dominated_at
from benchmark.reporting.statistics import Interval, horizon_50, t_interval
from benchmark.running.cell import Cell
from benchmark.running.record import Record
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
_COSTS = (
    "updates",
    "evaluations",
    "training_cpu_seconds",
    "evaluation_cpu_seconds",
    "cell_wall_seconds",
    "training_tokens_per_cpu_second",
)


def group_records(records: Iterable[Record]) -> list[tuple[str, list[Record]]]:
    """Group records that differ in nothing but the seed, each group with the label of its method."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[record.cell.group].append(record)
    labels = _labels([group[0].cell for group in groups.values()])
    return list(zip(labels, groups.values(), strict=True))


def make_board(records: Iterable[Record]) -> list[Row]:
    """Summarise each group of records over its seeds; best first within a task.

    A row whose cells all failed stands last, with its status counts and nothing else.
    """
    grouped = group_records(records)
    groups = [group for _, group in grouped]
    contrasts, beside = gains(groups), references(groups)
    rows = [
        _row(group, label) | _gain(contrast) | {"dominated_at": dominated_at(group, reference) if reference else []}
        for (label, group), contrast, reference in zip(grouped, contrasts, beside, strict=True)
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
    return row["task"], row["model"], worse, row["baseline"]


def _labels(cells: Sequence[Cell]) -> list[str]:
    """Name each baseline; where two rows would share a name, add the settings in which they differ."""
    flat = [_settings(cell) for cell in cells]
    labels = []
    for cell, own in zip(cells, flat, strict=True):
        twins = [other for twin, other in zip(cells, flat, strict=True) if _same_place(cell, twin)]
        differing = [name for name in own if len({twin.get(name) for twin in twins}) > 1]
        settings = ",".join(f"{name}={own[name]}" for name in differing)
        again = " (tuned)" if cell.ruleset == "tuned" else " (A/A)" if cell.replicate else ""
        labels.append(f"{cell.baseline.name}{again}:{settings}" if settings else f"{cell.baseline.name}{again}")
    return labels


def _same_place(cell: Cell, other: Cell) -> bool:
    parts = all(getattr(cell, part).name == getattr(other, part).name for part in ("task", "model", "baseline"))
    return parts and cell.replicate == other.replicate and cell.ruleset == other.ruleset


def _settings(cell: Cell) -> dict[str, Any]:
    """Everything but the seed and the names, flat: knobs of the baseline under their own names, all else prefixed."""
    content = cell.model_dump(exclude={"seed"})
    flat = dict(content["baseline"].pop("knobs"))
    for part, inner in content.items():
        for name, value in inner.items() if isinstance(inner, dict) else [("", inner)]:
            nested = value.items() if isinstance(value, dict) else [("", value)]
            flat |= {".".join(filter(None, (part, name, leaf))): leaf_value for leaf, leaf_value in nested}
    return flat


def _row(group: list[Record], label: str) -> Row:
    first, ok = group[0].cell, [record for record in group if record.status == "ok"]
    facts = next((record.facts for record in ok), None)
    row: Row = {"task": first.task.name, "model": first.model.name, "baseline": label}
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
    for name in _OVER_SEEDS:
        row |= _named(name, _over_seeds(ok, name)) | {f"{name}_reason": _why_absent(ok, name)}
    row["by_length"] = _by_length(ok)
    row |= _horizon(row)
    for name in _COSTS:
        row[name] = t_interval([record.spent.get(name) for record in ok]).mean
    row["seeds"] = len(ok)
    row["status"] = dict(sorted(Counter(record.status for record in group).items()))
    row["reasons"] = sorted({record.reason for record in group if record.reason})
    return row


def _named(name: str, interval: Interval) -> Row:
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _over_seeds(records: list[Record], name: str) -> Interval:
    measures = [record.measures.get(name) for record in records]
    return t_interval([None if measure is None else measure.value for measure in measures])


def _why_absent(records: list[Record], name: str) -> str:
    """The reason that the first record without a value gives; "" where all have one or none was ever asked."""
    measures = [record.measures[name] for record in records if name in record.measures]
    return next((measure.reason for measure in measures if measure.value is None), "")


def _by_length(records: list[Record]) -> list[Row]:
    if not records:
        return []
    rows = []
    for index, point in enumerate(records[0].curves["free_running"]):
        row: Row = {"low": point.low, "high": point.high}
        for name in ("free_running", "gold_prefix", "gap"):
            row |= _named(name, t_interval([_value(record.curves.get(name), index) for record in records]))
        rows.append(row)
    return rows


def _value(curve: list[Point] | None, index: int) -> float | None:
    return curve[index].value if curve else None


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
