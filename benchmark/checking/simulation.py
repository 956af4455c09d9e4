"""Simulated boards: how often the statistics are wrong, and how often they see what is there.

Each board has 8 tasks, effects that differ by task and are zero on half of them, and paired seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.contrasts import LEVEL, Contrast, adjust, paired_contrast

Noise = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]

TASKS = 8


def _t3(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return generator.standard_t(3, shape) / np.sqrt(3.0)  # variance 1


def _log_normal(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    raw = generator.lognormal(0.0, 1.0, shape)
    return (raw - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e)  # mean 0, variance 1


def _collapsing(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """One seed in ten loses 10 deviations; centred, so that the true difference is 0."""
    return generator.standard_normal(shape) - 10.0 * (generator.random(shape) < 0.1) + 1.0


NOISES: dict[str, Noise] = {
    "Gaussian": lambda generator, shape: generator.standard_normal(shape),
    "t3": _t3,
    "log-normal": _log_normal,
    "collapsing seed": _collapsing,
}
GUARANTEED = ("Gaussian", "t3")
"""Distributions of the paired differences for which the stated rates are guaranteed; the others are shown beside."""


@dataclass(frozen=True)
class Rates:
    """What became of simulated boards.

    Attributes:
        false_discoveries: mean share of false ones among the differences found, after Benjamini-Hochberg.
        coverage: share of 95 % intervals that contain the true difference.
        power: share of single tests at 5 % that find an effect of `effect` deviations.
    """

    false_discoveries: float
    coverage: float
    power: float


def simulate(noise: Noise, seeds: int, boards: int, effect: float, seed: int) -> Rates:
    """Simulate boards with paired differences of this noise; half of the tasks have effects around `effect`."""
    generator = np.random.default_rng(seed)
    effects = np.zeros((boards, TASKS))
    effects[:, : TASKS // 2] = effect * generator.uniform(0.5, 1.5, (boards, TASKS // 2))
    differences = noise(generator, (boards, TASKS, seeds)) + effects[..., None]
    false_share, covered = [], []
    for board, truth in zip(differences, effects, strict=True):
        contrasts = adjust([paired_contrast(row, np.zeros(seeds)) for row in board])
        found = np.array([contrast.adjusted is not None and contrast.adjusted <= LEVEL for contrast in contrasts])
        false_share.append((found & (truth == 0)).sum() / max(found.sum(), 1))
        covered += [_covers(contrast, true) for contrast, true in zip(contrasts, truth, strict=True)]
    planted = noise(generator, (boards * TASKS, seeds)) + effect
    tests = [paired_contrast(row, np.zeros(seeds)).p for row in planted]
    power = np.mean([p is not None and p <= LEVEL for p in tests])
    return Rates(float(np.mean(false_share)), float(np.mean(covered)), float(power))


def _covers(contrast: Contrast, truth: float) -> bool:
    return contrast.low is not None and contrast.high is not None and contrast.low <= truth <= contrast.high
