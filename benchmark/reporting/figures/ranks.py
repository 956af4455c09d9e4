"""Mean ranks with critical differences (Demsar 2006)."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.contrasts import LEVEL
from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, beside
from benchmark.reporting.overall import FEWEST_FOR_AN_INTERVAL
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def critical_difference(methods: int, tasks: int) -> float:
    """Least difference of two mean ranks that the Nemenyi test finds at 5 %: q sqrt(k (k + 1) / (6 N))."""
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - LEVEL, methods, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(methods * (methods + 1) / (6 * tasks))


def alike(ranks: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """First and last index of each longest stretch of rising ranks that lie within the difference; two at least."""
    stretches: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(index for index, other in enumerate(ranks) if other - rank <= difference)
        if last > first and not (stretches and stretches[-1][1] >= last):
            stretches.append((first, last))
    return stretches


def _rows(results: Results) -> list[Row]:
    summary = [row for row in results.overall if row["track"] == results.overall[0]["track"]]
    if not summary:
        raise Missing("ranks need two methods on two tasks that have a floor and a ceiling")
    tasks = summary[0]["tasks"]
    known = critical_difference(len(summary), tasks) if tasks >= FEWEST_FOR_AN_INTERVAL else None
    return [
        {
            "baseline": row["baseline"],
            "mean_rank": row["mean_rank"],
            "mean_rank_complete": row["mean_rank_complete"],
            "tasks": tasks,
            "critical_difference": known,
        }
        for row in summary
    ]


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    labels = [beside(row["baseline"]) for row in rows]
    line = 0.16 if any("\n" in label for label in labels) else 0.11
    figure, (axis,) = sheet.panels(1, height=0.65 + line * len(rows))
    for y, row in enumerate(rows):
        axis.plot([row["mean_rank"]], [y], linestyle="none", markersize=4.5, **sheet.style(row["baseline"]))
    axis.set_yticks(range(len(rows)), labels)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(0.8, len(rows) + 0.2)
    axis.set_xticks(range(1, len(rows) + 1, -(-len(rows) // 10)))
    difference = rows[0]["critical_difference"]
    if difference is None:
        marks = f"no critical difference below {FEWEST_FOR_AN_INTERVAL} tasks"
    else:
        ranks = [row["mean_rank"] for row in rows]
        for first, last in alike(ranks, difference):
            axis.hlines(first + 0.5, ranks[first], ranks[last], color="0.35", linewidth=2)
        marks = f"bars: within the critical difference, {difference:.2f}"
    axis.set_xlabel(f"mean rank over {rows[0]['tasks']} tasks (1 is best)\n{marks}")
    return figure


RANKS = ReportFigure(
    id="ranks",
    question="Which methods rank best over all tasks, and which ranks can be told apart?",
    caption=(
        "Mean rank of free-running quality over the tasks that have a floor and a ceiling and to which all these "
        "methods apply; a failed cell counts as the worst of its task. Bars join methods whose mean ranks differ by "
        "less than the critical difference of the Nemenyi test at 5 % (Demsar 2006); with fewer than eight tasks none "
        "is drawn."
    ),
    rows=_rows,
    draw=_draw,
)
