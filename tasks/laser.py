"""Santa Fe laser (Weigend & Gershenfeld 1994, data set A): continue the recorded intensity of a chaotic laser.

The intensity pulsates with a growing amplitude and collapses at irregular times, which are hard to foresee. The
competition gave the first 1,000 points. The recording is read from the installed package reservoirpy.

Axes: R trajectories (one), N samples of it, D = 1 number in a vector.
"""

import io
from functools import cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from benchmark.contracts import (
    Continuous,
    Coordinates,
    Curve,
    Forecasting,
    Metric,
    PackageData,
    Split,
)

_DATA = PackageData("reservoirpy", "datasets/santafe_laser.npy", "8c07281200935596", "reservoirpy==0.4.2")
_POINTS = 10_093
_MEAN, _DEVIATION = 59.894, 46.852  # of the first 1,000 points
_HELD_OUT: dict[Split, tuple[int, int]] = {"validation": (5050, 6000), "test": (6050, _POINTS)}  # after gaps


@cache
def _standardised() -> Tensor:
    """The whole recording, [N] float32."""
    (content,) = _DATA.read().values()
    values = np.load(io.BytesIO(content), allow_pickle=False)[:, 0].astype(np.float64)
    return ((torch.from_numpy(values) - _MEAN) / _DEVIATION).float()


class Laser(Forecasting):
    """Continue the intensity of a chaotic laser, trained on the first 1,000 points as in the competition.

    Hyperparameters are chosen on later points, which the competitors did not have.
    """

    name = "laser"
    needs = (_DATA,)
    space = Continuous(1, names=("intensity",))
    metric = Metric("NMSE", "variances of the data", "lower", 0.0, None)
    curve = Curve(
        "position",
        "steps",
        ((1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 32), (33, 64), (65, 128)),
        trained=(32, 32),
    )
    coordinates = Coordinates(
        failure="compounding",
        target="deterministic",
        recoverable="never",
        aligned=False,
        source="real",
        given="prompt",
    )
    floor = 0.898  # the mean of the first 1,000 points, which vary more; recomputed in the tests, like the controls
    controls: ClassVar[dict[str, float]] = {
        "persistence": 1.81,
        "AR(40) on gold prefixes": 0.163,
        "AR(40) run freely": 0.791,
    }
    licence = "recording: public since the Santa Fe competition of 1991, no licence stated; reservoirpy: MIT"
    citation = """@book{weigend1994time,
  title = {Time Series Prediction: Forecasting the Future and Understanding the Past},
  editor = {Weigend, Andreas S. and Gershenfeld, Neil A.}, publisher = {Addison-Wesley}, year = {1994}
}"""

    prefix = 40
    training_points: ClassVar[int] = 1000

    def series(self, split: Split) -> Tensor:
        """A stretch of the recording, [1, N, 1] standardised: the first points, or one of the held-out stretches."""
        first, beyond = _HELD_OUT.get(split, (0, self.training_points))
        return _standardised()[None, first:beyond, None]


class LaserLong(Laser):
    """Continue the intensity of a chaotic laser, trained on the first 5,000 points; tested on the same windows."""

    name = "laser_long"
    controls = {"persistence": 1.81, "AR(40) on gold prefixes": 0.172, "AR(40) run freely": 0.793}
    training_points = 5000
