"""Do errors breed errors?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.reporting.figures.curves import each_method, found
from benchmark.reporting.figures.declaration import OVER_SEEDS, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, beside
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HISTORIES = ("good", "bad")


def _rows(results: Results) -> list[Row]:
    rows = []
    for series in results.series():
        rates = series.measures([f"error_rate_after_{history}" for history in _HISTORIES])
        for history, rate in zip(_HISTORIES, rates, strict=True):
            ends = {"error_rate_low": rate.low, "error_rate_high": rate.high}
            rows.append(
                series.place | {"history": history, "error_rate": rate.mean} | ends | {"unit": "share of tokens"}
            )
    return found(rows, "error_rate", "no task judges tokens as right or wrong, or no cell on such a task ended well")


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        lines = each_method(own, sheet)
        for y, (method, pair) in enumerate(lines):
            colour = sheet.style(method)["color"]
            known = [row for row in pair if row["error_rate"] is not None]
            axis.plot([row["error_rate"] for row in known], [y] * len(known), color=colour, linewidth=0.8, zorder=1)
            for row in known:
                filled = row["history"] == "bad"
                axis.errorbar(
                    [row["error_rate"]], [y], xerr=whiskers(row, "error_rate"), marker="s" if filled else "o",
                    color=colour, markerfacecolor=colour if filled else "white", markersize=4, elinewidth=0.7,
                )  # fmt: skip
        axis.set_yticks(range(len(lines)), [beside(method) for method, _ in lines])
        axis.set_ylim(len(lines) - 0.5, -0.5)
        axis.set_xlim(-0.03, 1.03)
        axis.set_xlabel("error rate (share of tokens) ↓")
        for label, face, marker in (("after good histories", "white", "o"), ("after bad histories", "black", "s")):
            axis.plot([], [], color="black", markerfacecolor=face, marker=marker, linestyle="none", label=label)

    methods = {row["baseline"] for row in rows}
    line = 0.17 if any("\n" in beside(method) for method in methods) else 0.13
    return sheet.by_place(rows, panel, height=0.5 + line * len(methods), across=1)


def whiskers(row: Row, name: str) -> list[list[float]] | None:
    """The interval of a value as matplotlib wants it: below and above; None where there is none."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return None if low is None else [[row[name] - low], [high - row[name]]]


ERROR_RATES = ReportFigure(
    id="error_rates",
    question="Is a token more often wrong once an earlier one was?",
    caption=(
        "Error rates in free running after good histories (no own token wrong so far; open circles) and after bad ones "
        f"(filled squares), judged by the task given what was said: {OVER_SEEDS}. Rows that "
        "have failed may be harder ones, so read this beside the recovery after a slip, which is causal."
    ),
    rows=_rows,
    draw=_draw,
)
