"""Lorenz-63 (Lorenz 1963, Deterministic Nonperiodic Flow): continue a chaotic flow, whose whole state is seen.

Errors grow e-fold in 1.1 units of time (a Lyapunov time), however small they are, so that every forecast ends at the
error of chance; the question is how late. Teutsch & Maeder (2022, arXiv 2210.08959) compare training with teacher
forcing, in free running and by curricula between them on this system: here, free running was the worse of the two.

Axes: R trajectories, N samples of a trajectory, D = 3 coordinates of a state.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from benchmark.contracts import Continuous, Coordinates, Curve, Forecasting, Metric, Split, stream

_SIGMA, _RHO, _BETA = 10.0, 28.0, 8 / 3
_STEP, _SUBSTEPS = 0.05, 5  # units of time between samples, and integration steps in them
# [D, 2], range of the first states, away from the two unstable fixed points, from which the flow spirals out slowly
_STARTS = np.array([[-5.0, 5.0], [-5.0, 5.0], [5.0, 25.0]])
_TRANSIENT, _SAMPLES = 400, 512  # samples dropped until the flow is on the attractor, and kept
_TRAJECTORIES: dict[Split, int] = {"train": 512, "validation": 64, "test": 128}
_MEAN, _DEVIATION = np.array([0.0, 0.0, 23.55]), np.array([7.925, 9.01, 8.62])  # [D], of the attractor


def _flow(state: np.ndarray) -> np.ndarray:
    """Time derivative of states [D, R]."""
    x, y, z = state
    return np.stack([_SIGMA * (y - x), x * (_RHO - z) - y, x * y - _BETA * z])


def advance(state: np.ndarray) -> np.ndarray:
    """Take states [D, R] one sample further, by Runge-Kutta steps of fourth order and fixed size.

    These are additions and multiplications alone, which all processors round alike. So chaos finds no difference to
    amplify, and the series are the same everywhere to the last bit; an adaptive solver does not promise that.
    """
    step = _STEP / _SUBSTEPS
    for _ in range(_SUBSTEPS):
        k1 = _flow(state)
        k2 = _flow(state + step / 2 * k1)
        k3 = _flow(state + step / 2 * k2)
        k4 = _flow(state + step * k3)
        state = state + step / 6 * (k1 + 2 * (k2 + k3) + k4)
    return state


@cache
def _trajectories(split: Split, version: int) -> Tensor:
    """Trajectories [R, N, D] on the attractor, standardised; those of each split have first states of their own."""
    drawn = torch.rand(3, _TRAJECTORIES[split], dtype=torch.float64, generator=stream("lorenz63", version, split))
    low, high = _STARTS[:, :1], _STARTS[:, 1:]
    state, samples = low + (high - low) * drawn.numpy(), []
    for _ in range(_TRANSIENT + _SAMPLES):
        state = advance(state)
        samples.append(state)
    kept = np.stack(samples[_TRANSIENT:]).transpose(2, 0, 1)  # [R, N, D]
    return torch.from_numpy((kept - _MEAN) / _DEVIATION).float()


class Lorenz63(Forecasting):
    """Continue a trajectory of the Lorenz system, sampled every .05 units of time: 22 steps are a Lyapunov time."""

    name = "lorenz63"
    space = Continuous(3, names=("x", "y", "z"))
    metric = Metric("NRMSE", "standard deviations", "lower", 0.0, None, figure=lambda mean: float(mean.sqrt()))
    curve = Curve(
        "position", "steps", ((1, 1), (2, 5), (6, 11), (12, 22), (23, 44), (45, 88)), trained=(22, 22)
    )  # to .5, 1, 2 and 4 Lyapunov times
    coordinates = Coordinates(
        failure="compounding",
        target="deterministic",
        recoverable="never",
        aligned=False,
        source="synthetic",
        given="prompt",
    )
    controls = {"persistence": 1.37, "integrator from a state rounded to .001": 0.035}  # recomputed in the tests
    lyapunov = 0.905 * _STEP
    prefix = 16
    citation = """@article{lorenz1963deterministic,
  title = {Deterministic Nonperiodic Flow},
  author = {Lorenz, Edward N.}, journal = {Journal of the Atmospheric Sciences}, volume = {20}, number = {2},
  pages = {130--141}, year = {1963}
}"""

    def series(self, split: Split) -> Tensor:
        """Trajectories of the split, [R, N, D] standardised; made once a process, in a third of a second."""
        return _trajectories(split, self.version)
