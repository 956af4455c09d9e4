"""Methods over all tasks: aggregates of quality normalised by the frozen controls (0 the floor, 1 the ceiling)."""

import math
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
    optimality_gap,
    probability_of_improvement,
    win_rates,
)
from benchmark.reporting.contrasts import sign_flips_over_tasks
from benchmark.reporting.grouping import COMPUTE, Group, by_track
from benchmark.reporting.normalised import failures_as_worst, normalised_scores, places_with_controls
from benchmark.reporting.scores import Scores

Row = dict[str, Any]

FEWEST_FOR_AN_INTERVAL = 8
"""Below so many tasks aggregates are descriptive and have no interval."""


def overall(groups: Sequence[Group]) -> list[Row]:
    """Summarise methods over tasks with a floor and a ceiling, to which all of them apply; best mean rank first.

    Args:
        groups: label of a method in its place, and its records over seeds; the A/A control is left out.

    Returns:
        Rows of baseline, tasks (of tasks_with_controls), seeds, complete (every cell ok), interquartile_mean with
        interval, optimality_gap, win_rate, mean_rank (failures count as worst), mean_rank_complete (only tasks on which
        no method failed), whether the two rankings disagree, and against teacher forcing the probability of improvement
        and a sign-flip test over tasks.
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
    filled, with_controls = failures_as_worst(scores), len(places_with_controls(groups))
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
            "tasks_with_controls": with_controls,
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


def _mean_over_seeds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """[method, task]."""
    return values.mean(2)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _row(scores: Scores, filled: Scores, index: int) -> Row:
    own = filled.values[index]  # [task, seed]
    middle = interquartile_mean(own)
    interval = bootstrap(own, middle_means, seed=0) if len(scores.tasks) >= FEWEST_FOR_AN_INTERVAL else None
    return {
        "baseline": scores.methods[index],
        "tasks": len(scores.tasks),
        "seeds": len(scores.seeds),
        "complete": bool((scores.status[index] == "ok").all()),
        "interquartile_mean": _known(middle),
        "interquartile_mean_low": interval.low if interval else None,
        "interquartile_mean_high": interval.high if interval else None,
        "optimality_gap": _known(optimality_gap(own)),
    }
