"""Where is the model wrong, and after whose prefixes?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.figures.curves import axis_columns, each_method, found
from benchmark.reporting.figures.declaration import ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, beside, place_title
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_SOURCES = ("gold", "own")
_LINE = 0.115  # inches a row of cells
_MOST_WRITTEN = 9  # ranges of positions beside each other that leave room for numbers


def _rows(results: Results) -> list[Row]:
    rows = [
        series.place | {"prefix": source} | point | {"divergence": "total variation"} | axis_columns(series)
        for series in results.series()
        for source in _SOURCES
        for point in series.curve(f"grid_{source}_TV")
    ]
    return found(rows, "value", "no task knows its process, or no cell on such a task ended well")


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    places = list(dict.fromkeys((row["task"], row["model"]) for row in rows))
    panels = [[row for row in rows if (row["task"], row["model"]) == place] for place in places]
    lines = max(len({(row["baseline"], row["prefix"]) for row in panel}) for panel in panels)
    figure, axes = sheet.panels(len(places), height=0.55 + _LINE * lines, across=1)
    highest = max(row["value"] for row in rows if row["value"] is not None)
    pictures = []
    for axis, place, own in zip(axes, places, panels, strict=True):
        pictures.append(_panel(axis, own, sheet, highest))
        axis.set_title(place_title(*place))
    bar = figure.colorbar(pictures[0], ax=axes, location="bottom", aspect=40, fraction=0.04, pad=0.02)
    bar.set_label("total variation distance ↓")
    bar.outline.set_visible(False)
    return figure


def _panel(axis: "Axes", rows: list[Row], sheet: Sheet, highest: float) -> "AxesImage":
    ranges = list(dict.fromkeys((row["low"], row["high"]) for row in rows))
    lines = [
        (method, source, {(row["low"], row["high"]): row["value"] for row in own if row["prefix"] == source})
        for method, own in each_method(rows, sheet)
        for source in _SOURCES
    ]
    values = [[float("nan") if line.get(at) is None else line[at] for at in ranges] for _, _, line in lines]
    picture = axis.imshow(values, aspect="auto", interpolation="nearest", cmap="cividis", vmin=0, vmax=highest)
    if len(ranges) <= _MOST_WRITTEN:
        for y, line in enumerate(values):
            for x, value in enumerate(line):
                if value == value:
                    colour = "white" if value < highest / 2 else "black"
                    axis.text(x, y, _short(value), color=colour, fontsize=5, ha="center", va="center")
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    pairs = [beside(method) for method, _, _ in lines[:: len(_SOURCES)]]
    axis.set_yticks([0.5 + 2 * pair for pair in range(len(pairs))], pairs, fontsize=5.5, linespacing=1.0)
    prefixes = axis.secondary_yaxis("right")
    prefixes.set_yticks(range(len(lines)), [source for _, source, _ in lines], fontsize=5.5)
    prefixes.spines[:].set_visible(False)
    prefixes.tick_params(length=0)
    step = -(-len(ranges) // 6)
    labels = [str(high) if low == high else f"{low}–{high}" for low, high in ranges]
    axis.set_xticks(range(0, len(ranges), step), labels[::step], fontsize=5.5)
    axis.tick_params(length=0)
    for y in range(2, len(lines), 2):
        axis.axhline(y - 0.5, color="white", linewidth=1)
    axis.set_xlabel(f"output position ({rows[0]['axis_unit'] if rows[0]['axis'] == 'position' else 'tokens'})")
    return picture


def _short(value: float) -> str:
    """Two decimals, three below a tenth, without the leading zero."""
    return f"{value:.3f}".removeprefix("0") if value < 0.1 else f"{value:.2f}".removeprefix("0")


EXPOSURE_GRID = ReportFigure(
    id="exposure_grid",
    question="How far is the model from the process at each position, after gold prefixes and after its own?",
    caption=(
        "The exposure grid: total variation distance (0 to 1) between the next-token distributions of process and "
        "model, by output position, over gold prefixes and over the model's own; mean over prefixes and seeds. "
        "Exposure bias is a row of own prefixes brighter than that of gold ones above it. The grid cannot see "
        "delusion, where the model is right on every history."
    ),
    rows=_rows,
    draw=_draw,
)
