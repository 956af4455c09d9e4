"""Curves over lengths, lags or updates: their rows, and how a panel of them is drawn."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.reporting.figures.declaration import Missing, Row
from benchmark.reporting.figures.sheet import Sheet, shown, wrapped
from benchmark.reporting.figures.style import logarithmic_lengths, logarithmic_values, spans_decades
from benchmark.reporting.results import Results, Series
from benchmark.values import TaskFacts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST_UNIT = 23
_MANY = 8  # methods whose bands would cover each other


def curve_rows(results: Results, name: str) -> list[Row]:
    """One row a method and point of a curve, with what its panel needs to know about the task.

    Raises:
        Missing: if no record has the curve.
    """
    rows = [
        series.place | point | metric_columns(series.facts) | axis_columns(series)
        for series in results.series()
        for point in series.curve(name)
    ]
    return found(rows, "value", f"no record has a curve of {name.replace('_', ' ')}")


def found(rows: list[Row], name: str, reason: str) -> list[Row]:
    """Leave out places at which no row has a value.

    Raises:
        Missing: if nothing is left.
    """
    there = {(row["task"], row["model"]) for row in rows if row[name] is not None}
    kept = [row for row in rows if (row["task"], row["model"]) in there]
    if not kept:
        raise Missing(reason)
    return kept


def metric_columns(facts: TaskFacts) -> Row:
    """Columns that say what is measured."""
    return {"metric": facts.metric, "unit": facts.unit, "direction": facts.direction}


def axis_columns(series: Series) -> Row:
    """Columns that say what a length is, and which were trained."""
    facts = series.facts
    first, last = facts.trained
    return {"axis": facts.axis, "axis_unit": facts.axis_unit, "trained_low": first, "trained_high": last}


def better(direction: str) -> str:
    """An arrow to where values are better."""
    return {"higher": " ↑", "lower": " ↓"}.get(direction, "")


def draw_curve(axis: "Axes", rows: Sequence[Row], sheet: Sheet, method: str, value: str = "value") -> None:
    """Draw a method's line at the upper end of each range, with its band; a missing value is a gap."""
    style = sheet.style(method)
    at = [row["high"] for row in rows]
    axis.plot(at, numbers(rows, value), label=shown(method), linestyle=sheet.line(method), **style)
    low, high = numbers(rows, f"{value}_low"), numbers(rows, f"{value}_high")
    faint = len(sheet.methods) > _MANY
    axis.fill_between(at, low, high, color=style["color"], alpha=0.07 if faint else 0.2, linewidth=0)


def each_method(rows: Sequence[Row], sheet: Sheet) -> list[tuple[str, list[Row]]]:
    """The rows of each method of a panel, in the sheet's order."""
    present = {row["baseline"] for row in rows}
    return [(name, [row for row in rows if row["baseline"] == name]) for name in sheet.methods if name in present]


def numbers(rows: Sequence[Row], name: str) -> list[float]:
    """A column with NaN where there is no value."""
    return [math.nan if row[name] is None else row[name] for row in rows]


def lengths_below(axis: "Axes", rows: Sequence[Row], shade: bool = True) -> None:
    """Finish the x axis of a panel by output position or length; shade the lengths of training."""
    first = rows[0]
    lengths = sorted({row["high"] for row in rows})
    counted = {"position": "output position", "turn": "position in the dialogue"}.get(first["axis"], "output length")
    axis.set_xlabel(wrapped(f"{counted} ({first['axis_unit']})", 26))
    left, right = lengths[0] / 1.25, lengths[-1] * 1.25
    if shade:
        axis.axvspan(left, first["trained_high"], color="0.92", zorder=0, linewidth=0, label="training lengths")
    logarithmic_lengths(axis, lengths)
    axis.set_xlim(left, right)


def value_axis(axis: "Axes", rows: Sequence[Row], name: str, controls: Sequence[float] = ()) -> bool:
    """Choose the range of the y axis, which is logarithmic where values span decades; return whether it is."""
    values = _known(rows, name)
    if not spans_decades(values):
        value_range(axis, rows, name, controls)
        return False
    values += [control for control in controls if control > 0]  # a logarithmic axis has no place for 0
    axis.set_ylim(min(values) / 1.3, max(values) * 1.3)
    logarithmic_values(axis)
    return True


def value_range(axis: "Axes", rows: Sequence[Row], name: str, controls: Sequence[float] = ()) -> None:
    """Choose the range of a linear y axis: values and controls decide, and their intervals add to it a third at most.

    Otherwise a wide interval of few seeds would make all lines flat.
    """
    values = [*_known(rows, name), *controls]
    low, high = min(values), max(values)
    room = (high - low) / 3 or abs(high) / 3 or 1.0
    low = max(low - room, min([low, *_known(rows, f"{name}_low")]))
    high = min(high + room, max([high, *_known(rows, f"{name}_high")]))
    margin = 0.06 * (high - low) or room
    axis.set_ylim(low - margin, high + margin)


def _known(rows: Sequence[Row], name: str) -> list[float]:
    return [row[name] for row in rows if row.get(name) is not None]


def metric_label(row: Row, before: str = "", direction: str = "") -> str:
    """The task's metric with its unit, where there is room for it, and an arrow to where values are better."""
    unit = f" ({row['unit']})" if len(row["unit"]) <= _LONGEST_UNIT else ""
    return wrapped(before + row["metric"] + unit + better(direction or row["direction"]))


def note(axis: "Axes", label: str, **style: Any) -> None:
    """Add an entry to the legend that stands for a kind of line, whatever the method."""
    axis.plot([], [], color="black", label=label, **style)
