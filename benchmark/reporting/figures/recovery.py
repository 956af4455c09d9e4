"""Does the model find back after a slip?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.figures.curves import axis_columns, draw_curve, each_method, found, note, numbers
from benchmark.reporting.figures.declaration import OVER_SEEDS, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, wrapped
from benchmark.reporting.figures.style import logarithmic_lengths
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _rows(results: Results) -> list[Row]:
    rows = []
    for series in results.series():
        gold = {row["high"]: row["value"] for row in series.curve("right_after_gold_prefix")}
        for point in series.curve("right_after_random_slip"):
            without = {"without_slip": gold.get(point["high"]), "unit": "share right"}
            rows.append(series.place | point | without | axis_columns(series))
    return found(rows, "value", "no task judges tokens as right or wrong at fixed positions")


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        for method, line in each_method(own, sheet):
            draw_curve(axis, line, sheet, method)
            lags = [row["high"] for row in line]
            axis.plot(lags, numbers(line, "without_slip"), color=sheet.style(method)["color"], linestyle=(0, (1, 1)))
        note(axis, "the same without a slip", linestyle=(0, (1, 1)))
        logarithmic_lengths(axis, sorted({row["high"] for row in own}))
        unit = "turns" if own[0]["axis"] == "turn" else "own tokens"
        axis.set_xlabel(wrapped(f"lag after the slip ({unit})", 26))
        axis.set_ylabel(f"share of {'turns' if unit == 'turns' else 'tokens'} right ↑")
        axis.set_ylim(-0.03, 1.03)

    return sheet.by_place(rows, panel)


RECOVERY = ReportFigure(
    id="recovery",
    question="After one wrong token in an otherwise gold prefix, does the model find back, and how soon?",
    caption=(
        "Share right by lag after a gold prefix whose last token was replaced by a random wrong one (solid), and after "
        f"the same prefix unchanged (dotted); the model runs freely from there. {OVER_SEEDS.capitalize()}. "
        "The distance between the two lines is the effect of the slip."
    ),
    rows=_rows,
    draw=_draw,
)
