"""Mackey-Glass (Mackey & Glass 1977, Oscillation and Chaos in Physiological Control Systems): a chaotic delay equation.

The change of the value depends on that of 17 units of time ago, so that the state is a stretch of the series. Teutsch &
Maeder (2022, arXiv 2210.08959) found equal one-step errors with and without teacher forcing on it, and errors of free
runs that differ 24-fold.

Axes: R trajectories, N samples of a trajectory, H integration steps of a delay, D = 1 number in a vector.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from benchmark.contracts import Continuous, Coordinates, Curve, Forecasting, Metric, Split, stream

_PRODUCTION, _DECAY, _DELAY = 0.2, 0.1, 17
_SUBSTEPS = 4  # integration steps in a unit of time, at whose end a sample is taken
_STARTS = (0.5, 1.3)  # range of the values that hold for all time before the first step
_TRANSIENT, _SAMPLES = 1000, 1200  # samples dropped until the flow is on the attractor, and kept
_TRAJECTORIES: dict[Split, int] = {"train": 256, "validation": 64, "test": 128}
_MEAN, _DEVIATION = 0.930, 0.226  # of the attractor


def _slope(value: np.ndarray, delayed: np.ndarray) -> np.ndarray:
    """Time derivative, production at the delayed value less decay: .2 d / (1 + d^10) - .1 v."""
    square = delayed * delayed
    fourth = square * square
    return _PRODUCTION * delayed / (1 + fourth * fourth * square) - _DECAY * value


def integrate(history: np.ndarray, slopes: np.ndarray, samples: int) -> np.ndarray:
    """Continue by Runge-Kutta steps of fourth order and fixed size; between them delayed values are cubic (Hermite).

    These are the four basic operations alone, which all processors round alike. So chaos finds no difference to
    amplify, and the series are the same everywhere to the last bit.

    Args:
        history, slopes: [H + 1, R] the values of the last 17 units of time at the integration steps, and their slopes.
        samples: how many units of time to go on.

    Returns:
        The values at the end of each, [samples, R].
    """
    step, lag = 1 / _SUBSTEPS, _DELAY * _SUBSTEPS
    values, changes = list(history), list(slopes)
    for now in range(lag, lag + samples * _SUBSTEPS):
        value, begin, end = values[now], values[now - lag], values[now - lag + 1]
        middle = (begin + end) / 2 + step / 8 * (changes[now - lag] - changes[now - lag + 1])
        k1 = changes[now] = _slope(value, begin)
        k2 = _slope(value + step / 2 * k1, middle)
        k3 = _slope(value + step / 2 * k2, middle)
        k4 = _slope(value + step * k3, end)
        values.append(value + step / 6 * (k1 + 2 * (k2 + k3) + k4))
        changes.append(k4)  # until the next step knows better
    return np.stack(values[lag + _SUBSTEPS :: _SUBSTEPS])


@cache
def _trajectories(split: Split, version: int) -> Tensor:
    """Trajectories [R, N, D] on the attractor, standardised; those of each split have histories of their own."""
    drawn = torch.rand(_TRAJECTORIES[split], dtype=torch.float64, generator=stream("mackey_glass", version, split))
    first = _STARTS[0] + (_STARTS[1] - _STARTS[0]) * drawn.numpy()  # [R]
    history = np.tile(first, (_DELAY * _SUBSTEPS + 1, 1))  # [H + 1, R]
    kept = integrate(history, np.zeros_like(history), _TRANSIENT + _SAMPLES)[_TRANSIENT:].T  # [R, N]
    return torch.from_numpy((kept - _MEAN) / _DEVIATION).float()[..., None]


class MackeyGlass(Forecasting):
    """Continue a solution of the Mackey-Glass equation, sampled every unit of time: 167 are a Lyapunov time.

    Two delays are given. Training on a quarter of a Lyapunov time, more than two further delays, is long enough for a
    model to meet its own errors in what it remembers.
    """

    name = "mackey_glass"
    space = Continuous(1, names=("value",))
    metric = Metric("NRMSE", "standard deviations", "lower", 0.0, None, figure=lambda mean: float(mean.sqrt()))
    curve = Curve(
        "position",
        "steps",
        ((1, 1), (2, 5), (6, 10), (11, 21), (22, 42), (43, 84), (85, 168), (169, 336), (337, 672)),
        trained=(42, 42),
    )  # to .5, 1, 2 and 4 Lyapunov times
    coordinates = Coordinates(
        failure="compounding",
        target="deterministic",
        recoverable="never",
        aligned=False,
        source="synthetic",
        given="prompt",
    )
    controls = {"persistence": 1.41, "integrator from a history rounded to .001": 0.038}  # recomputed in the tests
    lyapunov = 0.006
    prefix = 2 * _DELAY
    citation = """@article{mackey1977oscillation,
  title = {Oscillation and Chaos in Physiological Control Systems},
  author = {Mackey, Michael C. and Glass, Leon}, journal = {Science}, volume = {197}, number = {4300},
  pages = {287--289}, year = {1977}
}"""

    def series(self, split: Split) -> Tensor:
        """Trajectories of the split, [R, N, D] standardised; made once a process, in half a second."""
        return _trajectories(split, self.version)
