"""How does quality fall off with output length?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.against import REFERENCE
from benchmark.reporting.figures.curves import (
    axis_columns,
    better,
    draw_curve,
    each_method,
    found,
    lengths_below,
    metric_columns,
    numbers,
    value_axis,
)
from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.results import Results, Series
from benchmark.reporting.figures.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ON_GOLD = "teacher forcing, gold prefix"


MOST_LINES = 1_000


def _rows(results: Results) -> list[Row]:
    lines = list(results.series())
    if len(lines) > MOST_LINES:
        raise Missing(f"it would have {len(lines):,} lines, of which nobody could read more than {MOST_LINES:,}")
    rows = [row for series in lines for row in _of(series)]
    return found(rows, "free_running", "no cell ended well")


def _of(series: Series) -> list[Row]:
    """Rows of free-running and gold-prefix quality, by the ranges of the former."""
    gold = {row["high"]: row["value"] for row in series.curve("gold_prefix")}
    controls = {"floor": series.facts.floor, "ceiling": series.facts.ceiling}
    return [
        series.place
        | {"low": point["low"], "high": point["high"]}
        | {f"free_running{end}": point[f"value{end}"] for end in ("", "_low", "_high")}
        | {"gold_prefix": gold.get(point["high"])}
        | metric_columns(series.facts)
        | controls
        | axis_columns(series)
        for point in series.curve("free_running")
    ]


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        first = own[0]
        for method, line in each_method(own, sheet):
            draw_curve(axis, line, sheet, method, "free_running")
            if method == REFERENCE and any(row["gold_prefix"] is not None for row in line):
                colour = sheet.style(method)["color"]
                at = [row["high"] for row in line]
                axis.plot(at, numbers(line, "gold_prefix"), label=_ON_GOLD, linestyle=(0, (1, 1)), color=colour)
        lengths_below(axis, own)
        label = f"{first['metric']} ({first['unit']})" if len(first["unit"]) < 20 else first["metric"]
        logarithmic = value_axis(axis, own, label + better(first["direction"]), ["free_running"])
        for name, style in (("ceiling", "--"), ("floor", ":")):
            if first[name] is not None and not (logarithmic and first[name] <= 0):  # a log axis has no place for 0
                axis.axhline(first[name], color="black", linestyle=style, linewidth=0.8, label=name)

    return sheet.by_place(rows, panel)


QUALITY_VS_LENGTH = ReportFigure(
    id="quality_vs_length",
    question="How does quality fall off with output length when the model lives on its own output?",
    caption=(
        "Free-running quality by output position or length: mean over seeds with a 95 % t interval. Grey: lengths seen "
        "in training; dashed: ceiling; dotted black: floor; dotted in colour: teacher forcing on gold prefixes. Arrows "
        "point to where values are better."
    ),
    rows=_rows,
    draw=_draw,
)
