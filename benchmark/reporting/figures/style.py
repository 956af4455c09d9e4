"""How figures look: colour-blind-safe, a marker for each series, and the same bytes whenever the data are the same."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 200
STYLE: dict[str, Any] = {
    "figure.dpi": DPI,  # text is measured as it will be drawn
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
_MARKERS = "osD^vPX*<>"
_GREYS_LAST = (0, 1, 2, 4, 5, 6, 7, 9, 3, 8)  # training lengths are shaded grey
_PANELS_IN_A_ROW = 4
KINDS = ("pdf", "svg", "png")


@contextmanager
def drawing(panels: int) -> "Iterator[tuple[Figure, Sequence[Axes]]]":
    """Yield a figure of panels for a screen, four in a row, in the suite's style."""
    import matplotlib
    from matplotlib.figure import Figure

    rows, columns = -(-panels // _PANELS_IN_A_ROW), min(panels, _PANELS_IN_A_ROW)
    with matplotlib.rc_context(cast(Any, STYLE)):
        figure = Figure(figsize=(3.1 * columns, 0.6 + 2.7 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        for unused in axes.flat[panels:]:
            unused.remove()
        yield figure, list(axes.flat[:panels])


def logarithmic_lengths(axis: "Axes", lengths: Sequence[int], most: int = 5) -> None:
    """Make the x axis logarithmic, with ticks at some of these lengths, well apart, and nowhere else."""
    from matplotlib.ticker import NullLocator

    shown = ticks_apart(lengths, most)
    axis.set_xscale("log")
    axis.set_xticks(shown, [str(length) for length in shown])
    axis.xaxis.set_minor_locator(NullLocator())


def ticks_apart(lengths: Sequence[float], most: int) -> list[float]:
    """Choose from rising numbers, from the last one down, those at least 1 / most of the whole ratio apart."""
    ratio = (lengths[-1] / lengths[0]) ** (1 / most)
    kept: list[float] = []
    for length in reversed(lengths):
        if not kept or kept[0] / length >= ratio * 0.999:
            kept.insert(0, length)
    return kept


def logarithmic_values(axis: "Axes") -> None:
    """Make the y axis logarithmic, with ticks at 1, 2 and 5 of each decade, or at decades where there are many."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_yscale("log")
    low, high = axis.get_ylim()
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 300 * low else (1.0,)))
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1000 else f"{value:g}")
    axis.yaxis.set_minor_formatter(NullFormatter())


def spans_decades(values: Sequence[float | None]) -> bool:
    """Whether positive values differ so much that the best of them could not be told apart on a linear axis."""
    known = [value for value in values if value is not None]
    return bool(known) and min(known) > 0 and max(known) > 20 * min(known)


def series_style(index: int) -> dict[str, Any]:
    """Colour and marker of a series; the palette is told apart by colour-blind readers too (Petroff 2021).

    After ten series the colours come again, each with another marker, and open ones.
    """
    import matplotlib

    palette = matplotlib.color_sequences["petroff10"]
    turn = index // len(palette)
    style = {
        "color": palette[_GREYS_LAST[index % len(palette)]],
        "marker": _MARKERS[(index + 3 * turn) % len(_MARKERS)],
    }
    return style | ({"markerfacecolor": "white"} if turn % 2 else {})


def line_style(index: int) -> Any:
    """Dashes of the line of a series: none for the first ten, another kind for every ten that follow."""
    return ("-", (0, (6, 1, 1, 1)), (0, (8, 2)))[index // 10 % 3]


def lay_out(figure: "Figure") -> None:
    """Give panels and labels their places once, so that all kinds have the same; no text moves from here on."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        engine.execute(figure)  # the first one changes how much room the labels take
        figure.set_layout_engine("none")


def save(figure: "Figure", stem: Path, command: str, kinds: Sequence[str] = KINDS) -> list[Path]:
    """Write a figure in some of `KINDS`, with the command that makes it in their metadata and no time of day."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    lay_out(figure)
    metadata: Mapping[str, dict[str, Any]] = {
        "pdf": {"Subject": command, "CreationDate": None, "Producer": None, "Creator": None},
        "svg": {"Description": command, "Date": None, "Creator": None},
        "png": {"Description": command, "Software": None},
    }
    paths = []
    for kind in kinds:
        path = stem.with_name(f"{stem.name}.{kind}")
        figure.savefig(path, metadata=metadata[kind], dpi=DPI)
        if kind == "png":
            _reduce_colours(path, command)
        paths.append(path)
    return paths


def _reduce_colours(path: Path, command: str) -> None:
    """Write a PNG anew with 256 colours, of which figures have fewer but for the edges of letters: a third as long."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Description", command)
    with Image.open(path) as image:
        reduced = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    reduced.save(path, pnginfo=text, dpi=(DPI, DPI), optimize=True)
