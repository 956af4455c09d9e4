"""How much is lost by own prefixes?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.figures.curves import (
    curve_rows,
    draw_curve,
    each_method,
    lengths_below,
    metric_label,
    value_range,
)
from benchmark.reporting.figures.declaration import OVER_SEEDS, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        for method, line in each_method(own, sheet):
            draw_curve(axis, line, sheet, method)
        lengths_below(axis, own)
        axis.axhline(0, color="black", linewidth=0.8, label="no gap")
        axis.set_ylabel(metric_label(own[0], before="gap in ", direction="lower"))
        value_range(axis, own, "value", controls=[0.0])

    return sheet.by_place(rows, panel)


EXPOSURE_GAP = ReportFigure(
    id="exposure_gap",
    question="How much quality is lost because prefixes are the model's own and not gold, and does that grow?",
    caption=(
        "Quality on gold prefixes minus quality on own prefixes at the same positions, in the task's metric and turned "
        f"so that positive means that free running is worse: {OVER_SEEDS}. Grey: lengths seen "
        "in training. Tasks whose metric cannot be had on gold prefixes are absent."
    ),
    rows=lambda results: curve_rows(results, "gap"),
    draw=_draw,
)
