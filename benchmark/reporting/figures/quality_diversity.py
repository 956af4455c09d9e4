"""Is quality bought with diversity?"""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from benchmark.reporting.dominance import TEMPERATURES
from benchmark.reporting.figures.curves import better, each_method, found, note, value_axis
from benchmark.reporting.figures.declaration import ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, shown, wrapped
from benchmark.reporting.results import Results, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _rows(results: Results) -> list[Row]:
    rows = []
    for _, place in groupby(results.series(), lambda series: (series.task, series.model)):
        methods = list(place)
        known = [series.measures(["oracle_nll_at_temperature_1"])[0].mean is not None for series in methods]
        rows += [row for series in methods for row in _of(series, by_process=any(known))]
    return found(rows, "quality", "no record has a sweep over temperatures")


def _of(series: Series, by_process: bool) -> list[Row]:
    """A row a temperature: the two likelihoods, or the metric and the share of distinct samples."""
    facts = series.facts
    if by_process:
        names, quality, diversity = ("oracle_nll", "data_nll"), "process NLL of samples", "NLL of data"
        units = {"quality_unit": "nats per token", "diversity_unit": "nats per token"}
        directions = {"quality_direction": "lower", "diversity_direction": "lower"}
    else:
        names, quality, diversity = ("quality", "distinct_prefixes"), facts.metric, "distinct beginnings"
        units = {"quality_unit": facts.unit, "diversity_unit": "share of samples"}
        directions = {"quality_direction": facts.direction, "diversity_direction": "higher"}
    columns = {"quality_measure": quality, "diversity_measure": diversity} | units | directions
    rows = []
    for temperature in TEMPERATURES:
        means = series.measures([f"{name}_at_temperature_{temperature}" for name in names])
        values = {"quality": means[0].mean, "diversity": means[1].mean}
        if None not in values.values():
            rows.append(series.place | {"temperature": float(temperature)} | values | columns)
    return rows


def _draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    def panel(axis: "Axes", own: list[Row]) -> None:
        first = own[0]
        for method, line in each_method(own, sheet):
            style = sheet.style(method)
            across, up = [row["diversity"] for row in line], [row["quality"] for row in line]
            axis.plot(across, up, color=style["color"], linewidth=0.8, marker=".", markersize=2.5)
            marked = [row for row in line if row["temperature"] == 1]  # none where samples at 1 have an infinite NLL
            at = [row["diversity"] for row in marked], [row["quality"] for row in marked]
            axis.plot(*at, label=shown(method), linestyle="none", **style)
        note(axis, "other temperatures", linewidth=0.8, marker=".", markersize=2.5)
        across, up = (
            f"{first[f'{name}_measure']} ({first[f'{name}_unit']}){better(first[f'{name}_direction'])}"
            for name in ("diversity", "quality")
        )
        axis.set_xlabel(wrapped(across, 24))
        axis.locator_params(axis="x", nbins=3)
        axis.set_ylabel(wrapped(up, 22))
        value_axis(axis, own, "quality")

    return sheet.by_place(rows, panel, height=1.6)


QUALITY_DIVERSITY = ReportFigure(
    id="quality_diversity",
    question="Is quality bought with diversity, or could teacher forcing at another temperature do the same?",
    caption=(
        "A line a method over the sampling temperatures .5, .7, .85, 1 and 1.2, mean over seeds, its marker at 1 "
        "(Caccia et al. 2020); points where a value is infinite are left out. Where the task knows its process and "
        "that has no zeros: the process's negative log-likelihood (NLL) of samples, which is quality, against the "
        "model's NLL of data, which is diversity; elsewhere the metric against the share of samples with a beginning "
        "of their own. Arrows point to where values are better: a method whose marker lies on the worse side of "
        "teacher forcing's line in both is dominated."
    ),
    rows=_rows,
    draw=_draw,
)
