"""Schedules of the probability of feeding gold over training (Bengio et al. 2015, section 2.4, arXiv 1506.03099).

Each takes the progress of training in [0, 1] and, if it does not say otherwise, falls from exactly 1 to `end`.
"""

import math
from collections.abc import Callable

_K = 148.0  # of the inverse sigmoid: half-way after k ln k = 740 updates, as if training took twice that many


def linear(progress: float, end: float) -> float:
    """Fall by the same amount each update: 1 - (1 - end) i."""
    return 1.0 - (1.0 - end) * progress


def exponential(progress: float, end: float) -> float:
    """Fall by the same factor each update, k^i, to within 1 % of the way to `end`, then rescaled to reach it."""
    return _rescaled(lambda x: 0.01**x, progress, end)


def inverse_sigmoid(progress: float, end: float) -> float:
    """Fall along k / (k + exp(i / k)), rescaled to begin at 1, pass half-way at half of training and reach `end`."""
    total = 2 * _K * math.log(_K)
    return _rescaled(lambda x: _K / (_K + math.exp(x * total / _K)), progress, end)


def constant(progress: float, end: float) -> float:
    """Stay at `end` throughout."""
    return end


def increasing(progress: float, end: float) -> float:
    """Rise from `end` to 1, by the same amount each update (Teutsch & Maeder 2022, arXiv 2210.08959)."""
    return end + (1.0 - end) * progress


def _rescaled(shape: Callable[[float], float], progress: float, end: float) -> float:
    share = (shape(progress) - shape(1.0)) / (shape(0.0) - shape(1.0))
    return end + (1.0 - end) * min(max(share, 0.0), 1.0)


SCHEDULES: dict[str, Callable[[float, float], float]] = {
    "linear": linear,
    "exponential": exponential,
    "inverse_sigmoid": inverse_sigmoid,
    "constant": constant,
    "increasing": increasing,
}
