"""Quality of cells on the scale from floor (0) to ceiling (1), for the largest part of the results without a hole."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.aggregates import normalise
from benchmark.reporting.complete import complete_part
from benchmark.reporting.grouping import Group
from benchmark.reporting.scores import Scores
from benchmark.running.record import Record


def normalised_scores(groups: Sequence[Group]) -> Scores | None:
    """Label the normalised free-running quality of cells; None where there is nothing that can be compared.

    They are the largest complete part of what was run: methods that apply to each of its tasks, tasks that have a floor
    and a ceiling, and the seeds that all of them share. A mean over other tasks or seeds would say nothing.
    """
    ends = places_with_controls(groups)
    kept = {
        (label, _place(group[0])): {record.cell.seed: record for record in group}
        for label, group in groups
        if _place(group[0]) in ends and not group[0].cell.replicate and _applies(group)
    }
    methods, places = complete_part(_by_method(kept))
    seeds = _shared_seeds([kept[method, place] for method in methods for place in places])
    if not seeds:
        return None
    values = np.full((len(methods), len(places), len(seeds)), math.nan)
    status = np.full(values.shape, "", dtype="<U16")
    for (row, method), (column, place) in product(enumerate(methods), enumerate(places)):
        records = [kept[method, place][seed] for seed in seeds]
        values[row, column] = normalise([_quality(record) for record in records], *ends[place])
        status[row, column] = [_status(record) for record in records]
    return Scores(tuple(methods), tuple(places), tuple(seeds), values, status)


def places_with_controls(groups: Sequence[Group]) -> dict[str, tuple[float, float]]:
    """Floor and ceiling of the tasks, each with a model, that have both."""
    found = {_place(group[0]): facts for _, group in groups for facts in (record.facts for record in group) if facts}
    ends = {place: (facts.floor, facts.ceiling) for place, facts in found.items()}
    return {place: (low, high) for place, (low, high) in ends.items() if low is not None and high is not None}


def _applies(group: Sequence[Record]) -> bool:
    return all(record.status != "not_applicable" for record in group)


def _by_method(cells: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    tried: dict[str, set[str]] = {}
    for method, place in cells:
        tried.setdefault(method, set()).add(place)
    return tried


def _shared_seeds(cells: Sequence[Mapping[int, Record]]) -> list[int]:
    return sorted(set.intersection(*map(set, cells))) if cells else []


def _quality(record: Record) -> float:
    """NaN where the cell failed, or its metric is infinite."""
    value = record.measures["free_running"].value if record.status == "ok" else None
    return math.nan if value is None else value


def _status(record: Record) -> str:
    infinite = record.status == "ok" and math.isnan(_quality(record))
    return "diverged" if infinite else record.status


def failures_as_worst(scores: Scores) -> Scores:
    """Give failed cells the worst value of their task, and never one better than the floor."""
    return scores.failures_as(_worst(scores.values))


def _place(record: Record) -> str:
    return f"{record.cell.task.name} ({record.cell.model.name})"


def _worst(values: NDArray[np.float64]) -> list[float]:
    """The worst value of each task, and never better than its floor."""
    return [min(0.0, float(np.nanmin(part))) if np.isfinite(part).any() else 0.0 for part in values.transpose(1, 0, 2)]
