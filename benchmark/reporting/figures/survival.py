"""How long does the model stay right?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.figures.curves import (
    axis_columns,
    draw_curve,
    each_method,
    found,
    lengths_below,
    note,
    numbers,
)
from benchmark.reporting.figures.declaration import OVER_SEEDS, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _rows(results: Results) -> list[Row]:
    rows = []
    for series in results.series():
        rate = series.measures(["error_rate_after_good"])[0].mean
        points = series.curve("survival")
        for point in points:
            even = _independent(points[0], point, rate)
            rows.append(series.place | point | {"independent": even, "unit": "share of rows"} | axis_columns(series))
    return found(rows, "value", "no task judges tokens as right or wrong, or no cell on such a task ended well")


def _independent(first: Row, point: Row, rate: float | None) -> float | None:
    """Survival with independent errors at this rate after the first range; the first token has a rate of its own."""
    if rate is None or first["value"] is None:
        return None
    return first["value"] * (1 - rate) ** (point["high"] - first["high"])


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        for method, line in each_method(own, sheet):
            draw_curve(axis, line, sheet, method)
            at, colour = [row["high"] for row in line], sheet.style(method)["color"]
            axis.plot(at, numbers(line, "independent"), color=colour, linestyle="--", linewidth=0.8)
        note(axis, "independent errors", linestyle="--", linewidth=0.8)
        lengths_below(axis, [row | {"axis": "position"} for row in own], shade=own[0]["axis"] == "position")
        axis.set_ylabel("share without error ↑")
        axis.set_ylim(-0.03, 1.03)

    return sheet.by_place(rows, panel)


SURVIVAL = ReportFigure(
    id="survival",
    question="What share of outputs is free of errors up to a position, and would independent errors give that?",
    caption=(
        "Survival: share of free runs whose tokens up to a position are all right (Kaplan-Meier; outputs that end "
        f"before are censored), {OVER_SEEDS}. Dashed: from the first point on, errors that "
        "come independently at the method's mean rate after good histories; below that line first errors bunch early, "
        "above it late. Grey: positions seen in training."
    ),
    rows=_rows,
    draw=_draw,
)
