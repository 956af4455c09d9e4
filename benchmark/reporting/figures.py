"""Figures: colour-blind-safe, with a marker for each method, and the same bytes whenever the records are the same."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, cast

from benchmark.reporting.board import Row
from benchmark.reporting.escapes import figure as escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLE: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "svg.hashsalt": "ebb",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "legend.frameon": False,
}
MOST_PANELS = 32
MOST_LINES = 12
_MARKERS = "osD^vPX*<>"
_PANELS_IN_A_ROW = 4
KINDS = ("pdf", "svg", "png")


@contextmanager
def drawing(panels: int, same_values: bool = False) -> "Iterator[tuple[Figure, Sequence[Axes]]]":
    """Yield a figure of panels, four in a row, in the suite's style; `same_values` gives them one y axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows, columns = -(-panels // _PANELS_IN_A_ROW), min(panels, _PANELS_IN_A_ROW)
    with pyplot.rc_context(cast(Any, _STYLE)):
        size = (3.1 * columns, 0.6 + 2.7 * rows)
        figure, axes = pyplot.subplots(
            rows, columns, figsize=size, squeeze=False, sharey=same_values, layout="constrained"
        )
        for unused in axes.flat[panels:]:
            unused.remove()
        try:
            yield figure, list(axes.flat[:panels])
        finally:
            pyplot.close(figure)


def quality_vs_length(rows: Sequence[Row], folder: Path, command: str) -> list[Path]:
    """Draw quality against output length: one panel a task and model, one line a method, bands over seeds.

    Of more places or methods than can be told apart the first places and the best methods are drawn, and it is said so.
    """
    drawn = [row for row in rows if row["by_length"]]
    places = list(dict.fromkeys((row["task"], row["model"]) for row in drawn))
    if not places:
        return []
    every = sorted({row["baseline"] for row in drawn})
    methods = every if len(every) <= MOST_LINES else _best_methods(drawn)
    drawn = [row for row in drawn if row["baseline"] in methods]
    left_out = f"{min(len(places), MOST_PANELS)} of {len(places)} places, {len(methods)} of {len(every)} methods"
    places, limited = places[:MOST_PANELS], len(places) > MOST_PANELS or len(methods) < len(every)
    with drawing(len(places)) as (figure, axes):
        if limited:
            figure.suptitle(left_out)
        for axis, place in zip(axes, places, strict=True):
            own = [row for row in drawn if (row["task"], row["model"]) == place]
            _panel(axis, own, methods)
        shared_legend(figure, axes, columns=4)
        return save(figure, folder / "quality_vs_length", command)


def _best_methods(rows: Sequence[Row]) -> list[str]:
    """Teacher forcing and the methods of the best mean rank; rows stand best first in their place."""
    ranks: dict[str, list[int]] = defaultdict(list)
    for _, own in groupby(rows, key=lambda row: (row["task"], row["model"])):
        for rank, row in enumerate(own):
            ranks[row["baseline"]].append(rank)
    best = sorted(ranks, key=lambda method: (method != "teacher_forcing", mean(ranks[method]), method))
    return sorted(best[:MOST_LINES])


def _panel(axis: "Axes", rows: Sequence[Row], methods: Sequence[str]) -> None:
    first = rows[0]
    for row in rows:
        _line(axis, row, methods.index(row["baseline"]))
    logarithmic = _spans_decades(rows)
    for name, style in (("ceiling", "--"), ("floor", ":")):
        if first[name] is not None and not (logarithmic and first[name] <= 0):  # a log axis has no place for 0
            axis.axhline(first[name], color="black", linestyle=style, linewidth=0.9, label=name)
    lengths = [bucket["high"] for bucket in first["by_length"]]
    left, right = lengths[0] / 1.3, lengths[-1] * 1.3
    axis.axvspan(left, first["trained"][1], color="0.92", zorder=0, linewidth=0, label="training lengths")
    arrow = "↑" if first["direction"] == "higher" else "↓"
    counted = {"position": "output position", "turn": "position in the dialogue"}.get(first["axis"], "output length")
    axis.set(
        title=escape(f"{first['task']} · {first['model']}"),
        xlabel=escape(f"{counted} ({first['axis_unit']})"),
        ylabel=escape(f"{first['metric']} {arrow}"),
    )
    logarithmic_lengths(axis, lengths)
    axis.set_xlim(left, right)
    if logarithmic:
        logarithmic_values(axis)


def logarithmic_lengths(axis: "Axes", lengths: Sequence[int]) -> None:
    """Make the x axis logarithmic, with ticks at these lengths and nowhere else."""
    from matplotlib.ticker import NullLocator

    axis.set_xscale("log")
    axis.set_xticks(lengths, [str(length) for length in lengths])
    axis.xaxis.set_minor_locator(NullLocator())


def logarithmic_values(axis: "Axes") -> None:
    """Make the y axis logarithmic, with ticks at 1, 2 and 5 of each decade, written out."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    axis.yaxis.set_minor_formatter(NullFormatter())


def _spans_decades(rows: Sequence[Row]) -> bool:
    """Whether positive values differ so much that the best of them could not be told apart on a linear axis."""
    values = [
        bucket["free_running"] for row in rows for bucket in row["by_length"] if bucket["free_running"] is not None
    ]
    return bool(values) and min(values) > 0 and max(values) > 20 * min(values)


def _line(axis: "Axes", row: Row, index: int) -> None:
    """Draw a method at the upper end of each bucket; a missing value is a gap in the line.

    Teacher forcing is drawn on gold prefixes too, thin and dotted: what it would be worth without its own errors.
    """
    buckets = row["by_length"]
    lengths = [bucket["high"] for bucket in buckets]
    style = series_style(index)
    names = ("free_running", "free_running_low", "free_running_high", "gold_prefix")
    values, low, high, gold = ([_or_nan(bucket[name]) for bucket in buckets] for name in names)
    axis.plot(lengths, values, label=escape(row["baseline"]), **style)
    axis.fill_between(lengths, low, high, color=style["color"], alpha=0.2, linewidth=0)
    if row["baseline"] == "teacher_forcing" and row["gold_prefix"] is not None:
        axis.plot(lengths, gold, label="teacher_forcing on gold prefixes", linestyle=(0, (1, 1)), color=style["color"])


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def series_style(index: int) -> dict[str, Any]:
    """Colour and marker of a series; the palette is told apart by colour-blind readers too (Petroff 2021)."""
    import matplotlib

    palette = matplotlib.color_sequences["petroff10"]
    return {"color": palette[index % len(palette)], "marker": _MARKERS[index % len(_MARKERS)]}


def shared_legend(figure: "Figure", axes: "Sequence[Axes]", columns: int) -> None:
    """One legend for all panels, below them."""
    entries = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=min(len(entries), columns))


def save(figure: "Figure", stem: Path, command: str) -> list[Path]:
    """Write a figure as PDF, SVG and PNG, with the command that makes it in their metadata and no time of day."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    metadata: dict[str, dict[str, Any]] = {
        "pdf": {"Subject": command, "CreationDate": None, "Producer": None, "Creator": None},
        "svg": {"Description": command, "Date": None, "Creator": None},
        "png": {"Description": command, "Software": None},
    }
    paths = []
    for kind in KINDS:
        path = stem.with_suffix(f".{kind}")
        figure.savefig(path, metadata=metadata[kind], dpi=200)
        paths.append(path)
    return paths
