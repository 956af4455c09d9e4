"""The performance profile (Dolan & More 2002; Agarwal et al. 2021): how many cells of a method reach which quality."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.reporting.aggregates import performance_profile
from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, shown
from benchmark.reporting.normalised import failures_as_worst
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _rows(results: Results) -> list[Row]:
    """Of the largest complete part of the results, in which a failed cell counts as the worst of its task."""
    scores = results.scores
    if scores is None or len(scores.tasks) < 2:
        raise Missing("fewer than two tasks have a floor and a ceiling, and methods that apply to both")
    values = failures_as_worst(scores).values  # [method, task, seed]
    thresholds = np.linspace(min(0.0, float(values.min())), max(1.0, float(values.max())), 201)
    counted = {"tasks": len(scores.tasks), "seeds": len(scores.seeds)}
    return [
        {"baseline": method, "threshold": at, "share": share} | counted
        for method, own in zip(scores.methods, values, strict=True)
        for at, share in zip(thresholds.tolist(), performance_profile(own, thresholds).tolist(), strict=True)
    ]


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    figure, (axis,) = sheet.panels(1)
    for index, method in enumerate(sheet.methods):
        line = [(row["threshold"], row["share"]) for row in rows if row["baseline"] == method]
        if line:
            axis.step(
                *zip(*line, strict=True),
                where="post",
                label=shown(method),
                markevery=(2 * index % 25, 25),
                linestyle=sheet.line(method),
                **sheet.style(method),
            )
    axis.set(
        title=f"tasks: {rows[0]['tasks']}, seeds: {rows[0]['seeds']}",
        xlabel="normalised quality (0 floor, 1 ceiling)",
        ylabel="share of cells above ↑",
        ylim=(-0.02, 1.02),
    )
    sheet.legend(figure, [axis])
    return figure


PERFORMANCE_PROFILE = ReportFigure(
    id="performance_profile",
    question="On what share of all tasks and seeds does a method reach which quality?",
    caption=(
        "Share of (task, seed) cells whose free-running quality, normalised from floor (0) to ceiling (1), lies above "
        "each value; higher is better. A failed cell counts as the worst of its task. Methods, tasks and seeds are "
        "those of the largest part of the results that has no hole."
    ),
    rows=_rows,
    draw=_draw,
)
