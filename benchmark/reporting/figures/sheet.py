"""The paper that figures are drawn on: column and page width, sizes of text, and how each method looks."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from benchmark.errors import UsageError, unknown_name
from benchmark.reporting.escapes import figure as escape
from benchmark.reporting.figures.style import STYLE, line_style, series_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, Any]

_HANDLE, _LETTER = 0.42, 0.048  # inches of a legend: a line with its marker and gaps, and a letter
_SHORTEST = 20  # letters in a line of a legend that are worth breaking a label for
_BESIDE = 30  # letters of a label beside an axis
_MOST_IN_A_COLUMN = 6  # panels, two in a row; more of them take the width of the page, four in a row
_TEXT: Mapping[str, Any] = {
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 6.5,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 6.5,
}
_THIN: Mapping[str, Any] = {
    "axes.linewidth": 0.6,
    "axes.titlepad": 3,
    "axes.labelpad": 2,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 3,
    "legend.handlelength": 2.2,
    "legend.columnspacing": 1.2,
    "legend.labelspacing": 0.3,
    "legend.borderaxespad": 0.2,
}


@dataclass(frozen=True)
class Sheet:
    """Sizes and styles.

    Attributes:
        methods: in the order that gives each its colour and marker.
        column: width of a column of text, inches.
        page: width of the text of a page, inches.
        tallest: a figure that fits a page, inches.
        text: sizes of text, as settings of matplotlib.
    """

    methods: Sequence[str] = ()
    column: float = 3.3
    page: float = 6.75
    tallest: float = 9.0
    text: Mapping[str, Any] = field(default_factory=lambda: _TEXT)

    @property
    def settings(self) -> Any:
        """Settings of matplotlib to draw and save under."""
        return {**STYLE, **_THIN, **self.text}

    def style(self, method: str) -> dict[str, Any]:
        """Colour and marker of a method, the same in every figure."""
        return series_style(self.methods.index(method))

    def line(self, method: str) -> Any:
        """The dashes of a method's line: broken once the colours come again."""
        return line_style(self.methods.index(method))

    def panels(
        self, count: int, height: float = 1.4, across: int | None = None, same_values: bool = False
    ) -> "tuple[Figure, list[Axes]]":
        """Make a figure of panels: one column wide, or a page where they are many.

        Args:
            height: of a panel, inches.
            across: panels in a row of a column; 2 if not given, and twice as many over a page.
            same_values: give all panels of a row one y axis.
        """
        from matplotlib.figure import Figure

        across = across or min(count, 2)
        wide = count > _MOST_IN_A_COLUMN * across / 2
        columns = 2 * across if wide else across
        rows = -(-count // columns)
        height *= 1.25 if columns == 1 else 1.0
        figure = Figure(figsize=(self.page if wide else self.column, 0.1 + height * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, sharey="row" if same_values else False)
        for unused in axes.flat[count:]:
            unused.remove()
        return figure, list(axes.flat[:count])

    def by_place(
        self,
        rows: Sequence[Row],
        draw: "Callable[[Axes, list[Row]], None]",
        height: float = 1.4,
        across: int | None = None,
    ) -> "Figure":
        """Make a figure of one panel a task and model, with one legend for all."""
        places = list(dict.fromkeys((row["task"], row["model"]) for row in rows))
        figure, axes = self.panels(len(places), height, across)
        for axis, (task, model) in zip(axes, places, strict=True):
            draw(axis, [row for row in rows if (row["task"], row["model"]) == (task, model)])
            axis.set_title(place_title(task, model))
        self.legend(figure, axes)
        return figure

    def legend(self, figure: "Figure", axes: "Sequence[Axes]") -> None:
        """Put one legend for all panels below them, methods in their order, and make room for it."""
        entries: dict[str, Any] = {}
        for axis in axes:
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
                entries.setdefault(label, handle)
        if not entries:
            return
        order = {shown(method): index for index, method in enumerate(self.methods)}
        labels = sorted(entries, key=lambda label: order.get(label, len(order)))
        texts, columns, lines = arranged(labels, figure.get_figwidth())
        figure.set_figheight(figure.get_figheight() + 0.08 + 0.13 * lines)
        figure.legend([entries[label] for label in labels], texts, loc="outside lower center", ncols=columns)


def arranged(labels: Sequence[str], width: float) -> tuple[list[str], int, int]:
    """Arrange a legend in as few lines as fit into a width in inches; return its texts, columns and lines.

    Long labels are broken where that lets more columns stand beside each other.
    """
    found = []
    for columns in range(1, len(labels) + 1):
        most = int((width / columns - _HANDLE) / _LETTER)
        texts = [label if len(label) <= most else textwrap.fill(label, max(most, 1)) for label in labels]
        parts = _columns(labels, columns)
        if sum(_HANDLE + _LETTER * max(map(len, part)) for part in parts) < width:
            found.append((len(parts[0]), columns, list(labels)))
        elif most >= _SHORTEST:
            lines = [sum(text.count("\n") + 1 for text in part) for part in _columns(texts, columns)]
            found.append((max(lines), columns, texts))
    tallest, columns, texts = min(found, key=lambda one: one[:2])
    return texts, columns, tallest


def _columns(labels: Sequence[str], count: int) -> list[Sequence[str]]:
    """Fill the columns of a legend one after the other, as matplotlib does."""
    tall, longer = divmod(len(labels), count)
    ends = list(accumulate(tall + (column < longer) for column in range(count)))
    return [labels[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def shown(label: str) -> str:
    """A label of the board as a figure shows it."""
    return escape(label.replace("_", " ").replace(":", ": ", 1).replace(",", ", "))


def beside(label: str) -> str:
    """A label of the board as it stands beside an axis, in lines where it would leave the panel no room."""
    return textwrap.fill(shown(label), _BESIDE)


def place_title(task: str, model: str) -> str:
    """Name a task and model, in several lines where one would be too long for a panel."""
    whole = f"{task} · {model}"
    return shown(whole) if len(whole) <= 24 else f"{wrapped(task.replace('_', ' '), 22)}\n{shown(model)}"


def wrapped(text: str, width: int = 19) -> str:
    """Break the label of an axis into lines, before the unit in brackets where both parts fit."""
    arrow = text[-2:] if text.endswith((" ↑", " ↓")) else ""  # stays with the last word
    name, bracket, unit = text.removesuffix(arrow).partition(" (")
    parts = [name, f"({unit}"] if bracket else [name]
    if len(name + bracket + unit) <= width or max(map(len, parts)) > width:
        parts = textwrap.wrap(text.removesuffix(arrow), width)
    return "\n".join(map(escape, parts)) + arrow


def venues() -> list[str]:
    """Names of the venues whose sizes are known; empty without the extra `paper`."""
    if find_spec("tueplots") is None:
        return []
    from tueplots import figsizes, fontsizes

    sized = {name.removesuffix("_half").removesuffix("_full") for name in dir(figsizes) if not name.startswith("_")}
    return sorted(name for name in sized & set(dir(fontsizes)) if not name.startswith("_"))


def sheet_of(venue: str, methods: Sequence[str]) -> Sheet:
    """Return the sheet of a venue, "" for one column of 3.3 inches.

    Raises:
        UsageError: for an unknown venue, or where the sizes of venues are not installed.
    """
    if not venue:
        return Sheet(methods)
    if find_spec("tueplots") is None:
        raise UsageError(
            "the sizes of venues come with the extra `paper`: pip install 'exposure-bias-benchmark[paper]'"
        )
    known = venues()
    if venue not in known:
        raise unknown_name("venue", venue, known)
    from tueplots import figsizes, fontsizes

    whole = getattr(figsizes, venue, None) or getattr(figsizes, f"{venue}_full")
    page = whole()["figure.figsize"][0]
    half = getattr(figsizes, f"{venue}_half", None)
    column = half()["figure.figsize"][0] if half else page
    sizes = getattr(fontsizes, venue)()
    text = {name: min(size, sizes.get(name, size)) for name, size in _TEXT.items()}  # larger would not fit the panels
    return Sheet(methods, column, page, text=text)
