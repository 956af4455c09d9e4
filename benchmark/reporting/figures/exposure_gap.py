"""How much is lost by own prefixes?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.figures.curves import curve_rows, draw_curve, each_method, lengths_below
from benchmark.reporting.figures.declaration import ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        for method, line in each_method(own, sheet):
            draw_curve(axis, line, sheet, method)
        lengths_below(axis, own)
        axis.axhline(0, color="black", linewidth=0.8, label="no gap")
        axis.set_ylabel(wrapped(f"gap in {own[0]['metric']} ↓"))

    return sheet.by_place(rows, panel)


EXPOSURE_GAP = ReportFigure(
    id="exposure_gap",
    question="How much quality is lost because prefixes are the model's own and not gold, and does that grow?",
    caption=(
        "Quality on gold prefixes minus quality on own prefixes at the same positions, in the task's metric and turned "
        "so that positive means that free running is worse: mean over seeds with a 95 % t interval. Grey: lengths seen "
        "in training. Tasks whose metric cannot be had on gold prefixes are absent."
    ),
    rows=lambda results: curve_rows(results, "gap"),
    draw=_draw,
)
