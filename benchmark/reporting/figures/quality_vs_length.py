"""How does quality fall off with output length?"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.against import REFERENCE
from benchmark.reporting.figures.curves import (
    axis_columns,
    draw_curve,
    each_method,
    found,
    lengths_below,
    metric_columns,
    metric_label,
    numbers,
    value_axis,
)
from benchmark.reporting.figures.declaration import OVER_SEEDS, Missing, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet
from benchmark.reporting.results import Results, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CONTROLS = {"ceiling": "--", "floor": ":"}
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
        controls = {name: first[name] for name in _CONTROLS if first[name] is not None}
        far = far_off(controls, numbers(own, "free_running"))
        on_gold = [row["gold_prefix"] for row in own if row["baseline"] == REFERENCE and row["gold_prefix"] is not None]
        axis.set_ylabel(metric_label(first))
        near = [value for name, value in controls.items() if name not in far]
        logarithmic = value_axis(axis, own, "free_running", [*near, *on_gold])
        for name, value in controls.items():
            if name in far and not logarithmic:
                _say_beyond(axis, name, value)
            elif value > 0 or not logarithmic:  # a logarithmic axis has no place for 0
                axis.axhline(value, color="black", linestyle=_CONTROLS[name], linewidth=0.8, label=name)

    return sheet.by_place(rows, panel)


def far_off(controls: Mapping[str, float], values: Sequence[float]) -> set[str]:
    """Names of the controls beside which all lines would be flat: values would take less than an eighth of the axis."""
    known = [value for value in values if not math.isnan(value)]
    low, high = min(known), max(known)
    return {name for name, at in controls.items() if high - low < (max(high, at) - min(low, at)) / 8}


def _say_beyond(axis: "Axes", name: str, value: float) -> None:
    """Write down a control that lies outside of the axis, at the end it lies beyond, and make room for that."""
    low, high = axis.get_ylim()
    above = value > high
    axis.set_ylim(low - (not above) * (high - low) / 7, high + above * (high - low) / 7)
    text = f"{name} {value:.3g}, {'above' if above else 'below'}"
    place = {"x": 0.98, "y": 0.98 if above else 0.02, "va": "top" if above else "bottom"}
    axis.text(s=text, ha="right", fontsize=5.5, transform=axis.transAxes, **place)


QUALITY_VS_LENGTH = ReportFigure(
    id="quality_vs_length",
    question="How does quality fall off with output length when the model lives on its own output?",
    caption=(
        f"Free-running quality by output position or length: {OVER_SEEDS}. Grey: lengths seen in training; dashed: "
        "ceiling; dotted black: floor, or a note where they are far off; dotted in colour: teacher forcing on gold "
        "prefixes. Arrows point to where values are better."
    ),
    rows=_rows,
    draw=_draw,
)
