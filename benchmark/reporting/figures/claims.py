"""Published claims against their thresholds: a forest plot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.reporting.claims import CLAIMS, judge
from benchmark.reporting.claims.judging import DECIDED
from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.results import Results
from benchmark.reporting.figures.sheet import Sheet, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FURTHEST = 30.0
_LOOKS: dict[str, dict[str, Any]] = {
    "SUPPORTED": {"color": "#3f90da", "marker": "o"},
    "REFUTED": {"color": "#bd1f01", "marker": "X"},
    "UNDERPOWERED": {"color": "#717581", "marker": "D", "markerfacecolor": "white"},
}


def _rows(results: Results) -> list[Row]:
    judged = judge([record for _, group in results.groups for record in group], CLAIMS)
    if not any(one.verdict in DECIDED for one in judged):
        raise Missing("no claim is decided by these records; that takes five seeds of what it is about")
    return [
        {
            "claim": one.claim.id,
            "claim_verdict": one.verdict,
            "part": part.part.text,
            "verdict": part.verdict,
            "distance": part.distance,
            "effect": part.effect,
            "low": part.low,
            "high": part.high,
            "threshold": part.part.threshold,
            "claimed": part.part.claimed,
        }
        for one in judged
        for part in one.parts
        if part.distance is not None
    ]


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(sheet.page, 0.7 + 0.125 * len(rows)), layout="constrained")
    axis = figure.subplots()
    for verdict, look in _LOOKS.items():
        found = [(y, row) for y, row in enumerate(rows) if row["verdict"] == verdict]
        if found:
            places = [max(-_FURTHEST, min(_FURTHEST, row["distance"])) for _, row in found]
            axis.plot(places, [y for y, _ in found], linestyle="none", markersize=3.5, label=verdict.lower(), **look)
    axis.axvspan(-1, 1, color="0.9", zorder=0, linewidth=0)
    axis.axvline(0, color="0.4", linewidth=0.8)
    axis.set_xscale("symlog", linthresh=2)
    axis.set_xlim(-_FURTHEST * 1.3, _FURTHEST * 1.3)
    ticks = (-30, -10, -3, -1, 0, 1, 3, 10, 30)
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_yticks(range(len(rows)), [shown(row["part"]) for row in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    beside = axis.secondary_yaxis("right")
    first = [y for y, row in enumerate(rows) if not y or rows[y - 1]["claim"] != row["claim"]]
    beside.set_yticks(first, [f"{rows[y]['claim']} {rows[y]['claim_verdict'].lower()}" for y in first])
    for y in first[1:]:
        axis.axhline(y - 0.5, color="0.75", linewidth=0.5)
    axis.grid(visible=False, axis="y")
    axis.set_xlabel(
        "distance of the effect from the declared threshold, in half-widths of its 95 % interval\n"
        "(right of 0: as claimed; shaded: the interval holds the threshold; beyond 30 drawn at 30)"
    )
    sheet.legend(figure, [axis])
    return figure


CLAIMS_FIGURE = ReportFigure(
    id="claims",
    question="Which published claims do these results bear out?",
    caption=(
        "Each row is one part of a claim: an effect over seeds against a threshold declared before the run. Right of "
        "zero it lies on the side that was claimed; within the shaded band its 95 % interval holds the threshold. "
        "Verdicts are adjusted over all parts (Benjamini and Hochberg). On the right, the verdict on each claim."
    ),
    rows=_rows,
    draw=_draw,
)
