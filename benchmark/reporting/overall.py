"""Methods over all tasks: aggregates of quality normalised by the frozen controls (0 the floor, 1 the ceiling)."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.against import REFERENCE
from benchmark.reporting.aggregates import (
    bootstrap,
    interquartile_mean,
    mean_ranks,
    middle_means,
    normalise,
    optimality_gap,
    probability_of_improvement,
    win_rates,
)
from benchmark.reporting.contrasts import sign_flips_over_tasks
from benchmark.reporting.grouping import COMPUTE, Group, by_track
from benchmark.reporting.scores import Scores
from benchmark.running.record import Record

Row = dict[str, Any]

FEWEST_FOR_AN_INTERVAL = 8
"""Below so many tasks aggregates are descriptive and have no interval."""


def overall(groups: Sequence[Group]) -> list[Row]:
    """Summarise each method over the tasks that have a floor and a ceiling; best mean rank first.

    Args:
        groups: label of a method in its place, and its records over seeds; the A/A control is left out.

    Returns:
        Rows of baseline, tasks, complete (every cell ok), interquartile_mean with interval, optimality_gap, win_rate,
        mean_rank (failures count as worst), mean_rank_complete (only tasks on which no method failed), whether the two
        rankings disagree, and against teacher forcing the probability of improvement and a sign-flip test over tasks.
        First for equal updates, then for equal model evaluations; ranks are within each.
        Empty with fewer than two methods or tasks.
    """
    return [row for track in by_track(groups) for row in _of_a_track(track)]


def _of_a_track(groups: Sequence[Group]) -> list[Row]:
    names = {label.replace(COMPUTE, ""): label for label, _ in groups}
    rows = _summary([(label.replace(COMPUTE, ""), group) for label, group in groups])
    return [row | {"baseline": names[row["baseline"]], "track": groups[0][1][0].cell.track} for row in rows]


def _summary(groups: Sequence[Group]) -> list[Row]:
    scores = normalised_scores(groups)
    if scores is None or len(scores.methods) < 2 or len(scores.tasks) < 2:
        return []
    filled = failures_as_worst(scores)
    means = _mean_over_seeds(filled.values)
    whole = ~np.isnan(scores.values).any((0, 2))  # [task], where nothing is missing
    ranks, wins = mean_ranks(means), win_rates(means)
    ranks_complete = mean_ranks(means[:, whole]) if whole.any() else np.full(len(scores.methods), math.nan)
    disagree = bool(whole.any()) and list(np.argsort(ranks, kind="stable")) != list(
        np.argsort(ranks_complete, kind="stable")
    )
    rows = [
        _row(scores, filled, index) | {
            "win_rate": _known(wins[index]),
            "mean_rank": float(ranks[index]),
            "mean_rank_complete": _known(ranks_complete[index]),
            "rankings_disagree": disagree,
        } | _against_reference(filled, means, index)
        for index in range(len(scores.methods))
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["mean_rank"], row["baseline"]))


def _against_reference(filled: Scores, means: NDArray[np.float64], index: int) -> Row:
    """Probability of improvement over teacher forcing, and the sign-flip test over tasks or why it was not run."""
    absent: Row = {"improvement": None, "sign_flips_p": None, "sign_flips_note": ""}
    if REFERENCE not in filled.methods or filled.methods[index] == REFERENCE:
        return absent
    reference = filled.methods.index(REFERENCE)
    flips = sign_flips_over_tasks(means[index] - means[reference])
    improvement = probability_of_improvement(filled.values[index], filled.values[reference])
    return {"improvement": _known(improvement), "sign_flips_p": flips.p, "sign_flips_note": flips.note}


def normalised_scores(groups: Sequence[Group]) -> Scores | None:
    """Label the normalised free-running quality of every cell; None where no task has controls.

    Methods that were not tried on every task with controls are left out: a mean over other tasks says nothing.
    """
    facts = {_place(group[0]): record.facts for _, group in groups for record in group if record.facts}
    places = [place for place, fact in facts.items() if fact and fact.floor is not None and fact.ceiling is not None]
    kept = [(label, group) for label, group in groups if _place(group[0]) in places and not group[0].cell.replicate]
    tried = Counter(label for label, _ in kept)
    kept = [(label, group) for label, group in kept if tried[label] == len(places)]
    methods = sorted({label for label, _ in kept})
    seeds = sorted({record.cell.seed for _, group in kept for record in group})
    if not kept:
        return None
    values = np.full((len(methods), len(places), len(seeds)), math.nan)
    status = np.full(values.shape, "not_applicable", dtype="<U16")
    method, place, column = ({name: at for at, name in enumerate(names)} for names in (methods, places, seeds))
    for label, group in kept:
        row, fact = (method[label], place[_place(group[0])]), facts[_place(group[0])]
        assert fact
        assert fact.floor is not None
        assert fact.ceiling is not None
        found: dict[int, float] = {}  # by column
        for record in group:
            at = column[record.cell.seed]
            value = record.measures["free_running"].value if record.status == "ok" else None
            if value is None:
                status[*row, at] = "diverged" if record.status == "ok" else record.status  # an infinite metric
            else:
                status[*row, at], found[at] = record.status, value
        values[*row, list(found)] = normalise(list(found.values()), fact.floor, fact.ceiling)
    return Scores(tuple(methods), tuple(places), tuple(seeds), values, status)


def failures_as_worst(scores: Scores) -> Scores:
    """Give failed cells the worst value of their task, and never one better than the floor."""
    return scores.failures_as(_worst(scores.values))


def _place(record: Record) -> str:
    return f"{record.cell.task.name} ({record.cell.model.name})"


def _worst(values: NDArray[np.float64]) -> list[float]:
    """The worst value of each task, and never better than its floor."""
    return [min(0.0, float(np.nanmin(part))) if np.isfinite(part).any() else 0.0 for part in values.transpose(1, 0, 2)]


def _mean_over_seeds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[method, task]; NaN where a seed is missing."""
    return values.mean(2)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _row(scores: Scores, filled: Scores, index: int) -> Row:
    own = filled.values[index]  # [task, seed]
    middle = interquartile_mean(own)
    many = len(scores.tasks) >= FEWEST_FOR_AN_INTERVAL and not np.isnan(own).any()
    interval = bootstrap(own, middle_means, seed=0) if many else None
    return {
        "baseline": scores.methods[index],
        "tasks": len(scores.tasks),
        "complete": bool((scores.status[index] == "ok").all()),
        "interquartile_mean": _known(middle),
        "interquartile_mean_low": interval.low if interval else None,
        "interquartile_mean_high": interval.high if interval else None,
        "optimality_gap": _known(optimality_gap(own)),
    }
