"""What a figure is: a stable id, one question, a caption, its data as tidy rows, and a drawing of these rows alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.reporting.figures.sheet import Sheet
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]

OVER_SEEDS = "mean over seeds with a 95 % t interval, cut where it leaves the panel"


class Missing(Exception):
    """The records do not hold what a figure shows; the message says what is missing."""


@dataclass(frozen=True)
class ReportFigure:
    """A figure of the report.

    Attributes:
        id: its name in files, citations and manifests; never changed once published.
        question: the one question that it answers.
        caption: how to read it, to stand under it in a paper after the question.
        rows: the tidy data, one row a mark; every row has the same columns, of text, numbers or None.
        draw: draws the rows and nothing else, so that the figure can be made again from its data.
    """

    id: str
    question: str
    caption: str
    rows: Callable[[Results], list[Row]]
    draw: Callable[[Sequence[Row], Sheet], "Figure"]
