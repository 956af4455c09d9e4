"""The performance profile (Dolan & More 2002; Agarwal et al. 2021): how many cells of a method reach which quality."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.against import REFERENCE
from benchmark.reporting.aggregates import performance_profile
from benchmark.reporting.escapes import figure as escape
from benchmark.reporting.figures import MOST_LINES, drawing, save, series_style, shared_legend
from benchmark.reporting.overall import Group, failures_as_worst, normalised_scores


def draw_profiles(groups: Sequence[Group], folder: Path, command: str) -> list[Path]:
    """Draw the share of (task, seed) cells above each normalised quality, a line a method; nothing below two tasks.

    A failed cell counts as the worst of its task; a method that was not applicable to a task has no line. Of more
    methods than can be told apart the best on average are drawn, with teacher forcing.
    """
    scores = normalised_scores(groups)
    if scores is None or len(scores.tasks) < 2:
        return []
    values = failures_as_worst(scores).values  # [method, task, seed]
    thresholds = np.linspace(min(0.0, float(np.nanmin(values))), max(1.0, float(np.nanmax(values))), 201)
    with drawing(1) as (figure, axes):
        for index, method in enumerate(_drawn(scores.methods, values.mean((1, 2)))):
            shares = performance_profile(values[scores.methods.index(method)], thresholds)
            if not np.isnan(shares).any():
                axes[0].step(
                    thresholds, shares, where="post", label=escape(method), markevery=25, **series_style(index)
                )
        axes[0].set(
            title=f"{len(scores.tasks)} tasks, {len(scores.seeds)} seeds",
            xlabel="normalised quality (0 floor, 1 ceiling)",
            ylabel="share of cells above ↑",
            ylim=(-0.02, 1.02),
        )
        shared_legend(figure, axes, columns=2)
        return save(figure, folder / "performance_profile", command)


def _drawn(methods: Sequence[str], means: NDArray[np.float64]) -> list[str]:
    """The methods that are drawn, by name."""
    if len(methods) <= MOST_LINES:
        return list(methods)
    worst = dict(zip(methods, np.nan_to_num(-means, nan=np.inf), strict=True))
    best = sorted(methods, key=lambda method: (method != REFERENCE, worst[method], method))
    return sorted(best[:MOST_LINES])
