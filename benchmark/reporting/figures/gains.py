"""Where a method helps: its gain on teacher forcing, task by task."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from benchmark.reporting.against import REFERENCE
from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.error_rates import whiskers
from benchmark.reporting.figures.sheet import Sheet, shown
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_MARKS = 1_000
_FURTHEST = 1.1  # of the way from floor to ceiling, at which the axis ends
_SPREAD = 0.75  # of a line, over which the methods of a task lie


def _rows(results: Results) -> list[Row]:
    """Of the methods that most tasks share: special ones would fill the lines of few."""
    methods = set(results.scores.methods if results.scores else ()) - {REFERENCE}
    rows = [
        {name: row[name] for name in ("failure", "task", "model", "baseline")}
        | {name: row[name] / abs(row["ceiling"] - row["floor"]) for name in ("gain", "gain_low", "gain_high")}
        | {"seeds": row["gain_seeds"], "p_adjusted": row["gain_p_adjusted"]}
        for row in results.rows
        if row["baseline"] in methods and row["gain_low"] is not None and None not in (row["floor"], row["ceiling"])
    ]
    if not rows:
        raise Missing("a gain needs teacher forcing beside a method, two seeds, and a task with a floor and a ceiling")
    if len(rows) > MOST_MARKS:
        raise Missing(f"it would have {len(rows):,} marks, of which nobody could read more than {MOST_MARKS:,}")
    return sorted(rows, key=lambda row: (row["failure"], row["task"], row["model"], row["baseline"]))


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    methods = [method for method in sheet.methods if any(row["baseline"] == method for row in rows)]
    lines = _lines(rows)
    figure, (axis,) = sheet.panels(1, height=0.45 + 0.11 * len(lines))
    for y, (_, own) in enumerate(lines):
        for row in own:
            shift = (methods.index(row["baseline"]) + 0.5) / len(methods) - 0.5
            _mark(axis, row, y + _SPREAD * shift, sheet)
        if not own and y:
            axis.axhline(y - 0.5, color="0.8", linewidth=0.5)
    axis.axvline(0.0, color="0.35", linewidth=0.7, zorder=0)
    for method in methods:
        axis.plot([], [], linestyle="none", label=shown(method), **sheet.style(method))
    axis.set_yticks(range(len(lines)), [text for text, _ in lines])
    for label, (_, own) in zip(axis.get_yticklabels(), lines, strict=True):
        label.set_fontweight("normal" if own else "bold")
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(lines) - 0.5, -0.6)
    axis.set_xlim(-_FURTHEST, _FURTHEST)
    axis.set_xticks((-1.0, -0.5, 0.0, 0.5, 1.0))
    axis.set_xlabel("gain on teacher forcing →\n(share of the way from floor to ceiling)")
    sheet.legend(figure, [axis])
    return figure


def _lines(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Text beside each line and its marks: for each kind of failure a heading, then its tasks."""
    models = {task: {row["model"] for row in own} for task, own in groupby(rows, key=lambda row: row["task"])}
    lines: list[tuple[str, list[Row]]] = []
    for failure, of_a_kind in groupby(rows, key=lambda row: row["failure"]):
        lines.append((shown(failure), []))
        for (task, model), own in groupby(of_a_kind, key=lambda row: (row["task"], row["model"])):
            lines.append((shown(task if len(models[task]) == 1 else f"{task} · {model}"), list(own)))
    return lines


def _mark(axis: "Axes", row: Row, y: float, sheet: Sheet) -> None:
    """The gain with its interval; at the end of the axis an arrow for one that lies beyond."""
    style = sheet.style(row["baseline"])
    if abs(row["gain"]) <= _FURTHEST:
        axis.errorbar([row["gain"]], [y], xerr=whiskers(row, "gain"), linestyle="none", elinewidth=0.7, **style)
        return
    end = _FURTHEST if row["gain"] > 0 else -_FURTHEST
    axis.annotate(
        "", (end, y), (0.92 * end, y), arrowprops={"arrowstyle": "->", "color": style["color"], "linewidth": 0.9}
    )


GAINS = ReportFigure(
    id="gains",
    question="On which tasks does a method beat teacher forcing, and by how much?",
    caption=(
        "Free-running quality at equal updates, a method less teacher forcing, paired by seed, as a share of the way "
        "from the floor of a task (0) to its ceiling (1): mean over seeds with a 95 % t interval; an arrow stands for "
        "a mean beyond the axis. Headings: the failure that the tasks below them probe; on null controls no exposure "
        "bias exists. Methods: those of the largest part of the results that has no hole."
    ),
    rows=_rows,
    draw=_draw,
)
