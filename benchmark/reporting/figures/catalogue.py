"""All figures of a report, in the order in which a paper would tell the story."""

from benchmark.errors import unknown_name
from benchmark.reporting.figures.claims import CLAIMS_FIGURE
from benchmark.reporting.figures.cost_quality import COST_QUALITY
from benchmark.reporting.figures.declaration import ReportFigure
from benchmark.reporting.figures.error_rates import ERROR_RATES
from benchmark.reporting.figures.exposure_gap import EXPOSURE_GAP
from benchmark.reporting.figures.exposure_grid import EXPOSURE_GRID
from benchmark.reporting.figures.gains import GAINS
from benchmark.reporting.figures.learning_curves import LEARNING_CURVES
from benchmark.reporting.figures.performance_profile import PERFORMANCE_PROFILE
from benchmark.reporting.figures.quality_diversity import QUALITY_DIVERSITY
from benchmark.reporting.figures.quality_vs_length import QUALITY_VS_LENGTH
from benchmark.reporting.figures.ranks import RANKS
from benchmark.reporting.figures.recovery import RECOVERY
from benchmark.reporting.figures.survival import SURVIVAL
from benchmark.reporting.figures.throughput import THROUGHPUT_FIGURES

FIGURES: tuple[ReportFigure, ...] = (
    QUALITY_VS_LENGTH,
    EXPOSURE_GAP,
    EXPOSURE_GRID,
    ERROR_RATES,
    RECOVERY,
    SURVIVAL,
    QUALITY_DIVERSITY,
    COST_QUALITY,
    GAINS,
    RANKS,
    PERFORMANCE_PROFILE,
    LEARNING_CURVES,
    CLAIMS_FIGURE,
    *THROUGHPUT_FIGURES,
)

OF_A_BOARD: tuple[ReportFigure, ...] = (QUALITY_VS_LENGTH, GAINS, PERFORMANCE_PROFILE)
"""What `ebb run` and `ebb board` draw beside the leaderboard."""


def find_figure(name: str) -> ReportFigure:
    """Return a figure by its id.

    Raises:
        UsageError: for an unknown id.
    """
    by_id = {figure.id: figure for figure in FIGURES}
    if name not in by_id:
        raise unknown_name("figure", name, by_id)
    return by_id[name]
