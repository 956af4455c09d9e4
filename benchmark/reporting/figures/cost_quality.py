"""What does quality cost?"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.figures.curves import each_method, found, metric_columns, metric_label, value_axis
from benchmark.reporting.figures.declaration import OVER_SEEDS, ReportFigure, Row
from benchmark.reporting.figures.error_rates import whiskers
from benchmark.reporting.figures.sheet import Sheet, shown
from benchmark.reporting.figures.style import ticks_apart
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _rows(results: Results) -> list[Row]:
    rows = []
    for series in results.series():
        quality, cost = series.measures(["free_running"])[0], series.spent("evaluations")
        if quality.mean is not None and cost:
            values = {"quality": quality.mean, "quality_low": quality.low, "quality_high": quality.high}
            costs = {"evaluations": cost, "cpu_seconds": series.spent("training_cpu_seconds")}
            rows.append(series.place | costs | values | metric_columns(series.facts))
    kept = found(rows, "quality", "no cell ended well with its model evaluations counted")
    return [row | {"pareto": _undominated(row, kept)} for row in kept]


def _undominated(row: Row, rows: Sequence[Row]) -> bool:
    """Whether no other method in this place is as cheap and as good, and cheaper or better."""
    sign = 1 if row["direction"] == "higher" else -1
    own = (-row["evaluations"], sign * row["quality"])
    return not any(
        all(one >= other for one, other in zip(theirs, own, strict=True)) and theirs != own
        for theirs in (
            (-other["evaluations"], sign * other["quality"])
            for other in rows
            if (other["task"], other["model"]) == (row["task"], row["model"])
        )
    )


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        front = sorted((row["evaluations"], row["quality"]) for row in own if row["pareto"])
        axis.plot(*zip(*front, strict=True), color="0.6", linewidth=2.5, alpha=0.6, zorder=1, label="Pareto front")
        for method, points in each_method(own, sheet):
            for row in points:
                axis.errorbar(
                    [row["evaluations"]], [row["quality"]], yerr=whiskers(row, "quality"), label=shown(method),
                    linestyle="none", elinewidth=0.8, **sheet.style(method),
                )  # fmt: skip
        _costs_below(axis, [row["evaluations"] for row in own])
        axis.set_ylabel(metric_label(own[0]))
        value_axis(axis, own, "quality")

    return sheet.by_place(rows, panel)


def _costs_below(axis: "Axes", costs: Sequence[float]) -> None:
    """Make the x axis logarithmic, with a few round numbers."""
    from matplotlib.ticker import NullLocator

    low, high = min(costs) / 1.4, max(costs) * 1.4
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
    rounded = [lead * 10**decade for decade in decades for lead in (1, 1.5, 2, 3, 4, 5, 7)]
    ticks = ticks_apart([value for value in rounded if low <= value <= high] or [costs[0]], most=3)
    axis.set_xscale("log")
    axis.set_xlim(low, high)
    axis.set_xticks(ticks, [f"{value / 1e6:g}M" if value >= 1e6 else f"{value / 1e3:g}k" for value in ticks])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel("cost of training\n(model evaluations) ↓")


COST_QUALITY = ReportFigure(
    id="cost_quality",
    question="Which methods give the most quality for what their training costs?",
    caption=(
        "Free-running quality against the model evaluations of training (a token forward 1, forward and backward 3, "
        f"roll-outs counted): {OVER_SEEDS}. Grey: the Pareto front, methods that no other "
        "beats in both. Seconds are in the data and never ranked."
    ),
    rows=_rows,
    draw=_draw,
)
