"""How fast is free-running quality learned?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.figures.curves import curve_rows, draw_curve, each_method, metric_label, value_axis
from benchmark.reporting.figures.declaration import OVER_SEEDS, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet
from benchmark.reporting.figures.style import logarithmic_lengths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        for method, line in each_method(own, sheet):
            draw_curve(axis, line, sheet, method)
        logarithmic_lengths(axis, sorted({row["high"] for row in own}))
        axis.set_xlabel("updates")
        axis.set_ylabel(metric_label(own[0]))
        value_axis(axis, own, "value")

    return sheet.by_place(rows, panel)


LEARNING_CURVES = ReportFigure(
    id="learning_curves",
    question="How fast does each method learn to run freely?",
    caption=(
        "Free-running quality on validation data of training lengths, at a sixteenth, an eighth, a quarter, a half and "
        f"the whole of training: {OVER_SEEDS}."
    ),
    rows=lambda results: curve_rows(results, "learning"),
    draw=_draw,
)
