"""Published claims against their thresholds: a forest plot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.reporting.claims.judging import DECIDED
from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, shown
from benchmark.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FURTHEST = 30.0
_SPREAD = 0.7  # of the height of a line, over which the parts of a claim are spread
_LOOKS: dict[str, dict[str, Any]] = {
    "SUPPORTED": {"color": "#3f90da", "marker": "o"},
    "REFUTED": {"color": "#bd1f01", "marker": "X"},
    "UNDERPOWERED": {"color": "#717581", "marker": "D", "markerfacecolor": "white"},
}


def _rows(results: Results) -> list[Row]:
    if not any(one.verdict in DECIDED for one in results.claims):
        raise Missing("no claim is decided by these records; that takes five seeds of what it is about")
    return [
        {
            "claim": one.claim.id,
            "title": one.claim.title,
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
        for one in results.claims
        for part in one.parts
        if part.distance is not None
    ]


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    from matplotlib.figure import Figure

    claims = list(dict.fromkeys((row["claim"], row["title"], row["claim_verdict"]) for row in rows))
    figure = Figure(figsize=(sheet.page, 0.8 + 0.24 * len(claims)), layout="constrained")
    axis = figure.subplots()
    places = _places(rows, [claim for claim, _, _ in claims])
    for verdict, look in _LOOKS.items():
        found = [place for place, row in zip(places, rows, strict=True) if row["verdict"] == verdict]
        if found:
            label = {"SUPPORTED": "as claimed", "REFUTED": "contrary", "UNDERPOWERED": "undecided"}[verdict]
            axis.plot(*zip(*found, strict=True), linestyle="none", markersize=3.5, label=label, **look)
    axis.axvspan(-1, 1, color="0.9", zorder=0, linewidth=0)
    axis.axvline(0, color="0.4", linewidth=0.8)
    axis.set_xscale("symlog", linthresh=2)
    axis.set_xlim(-_FURTHEST * 1.3, _FURTHEST * 1.3)
    ticks = (-30, -10, -3, -1, 0, 1, 3, 10, 30)
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_yticks(range(len(claims)), [f"{shown(title)}  {claim}" for claim, title, _ in claims])
    axis.set_ylim(len(claims) - 0.5, -0.5)
    beside = axis.secondary_yaxis("right")
    beside.set_yticks(range(len(claims)), [verdict.lower() for _, _, verdict in claims])
    beside.tick_params(length=0)
    for y in range(1, len(claims)):
        axis.axhline(y - 0.5, color="0.85", linewidth=0.5)
    axis.grid(visible=False, axis="y")
    axis.set_xlabel(
        "distance of an effect from its threshold, in half-widths of its 95 % interval\n"
        "(right of 0: as claimed; beyond 30 drawn at 30)"
    )
    sheet.legend(figure, [axis])
    return figure


def _places(rows: Sequence[Row], claims: Sequence[str]) -> list[tuple[float, float]]:
    """Where each part is drawn: its distance, and within the line of its claim one below the other."""
    parts = {claim: [row for row in rows if row["claim"] == claim] for claim in claims}
    return [
        (
            max(-_FURTHEST, min(_FURTHEST, row["distance"])),
            claims.index(claim) + _SPREAD * ((number + 0.5) / len(found) - 0.5),
        )
        for claim, found in parts.items()
        for number, row in enumerate(found)
    ]


CLAIMS_FIGURE = ReportFigure(
    id="claims",
    question="Which published claims do these results bear out?",
    caption=(
        "Each mark is one part of a claim: an effect over seeds against a threshold declared before the run. Right of "
        "zero it lies on the side that was claimed; within the shaded band its 95 % interval holds the threshold. "
        "Marks show verdicts adjusted over all parts (Benjamini and Hochberg); on the right, the verdict on the claim."
    ),
    rows=_rows,
    draw=_draw,
)
