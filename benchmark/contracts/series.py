"""Series of vectors that are continued from a given stretch: drawn as windows, judged by the squared error.

Values are standardised: one unit is the standard deviation of the data.

Axes: B batch, T time (columns), R trajectories, N samples of a trajectory, D numbers in a vector.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.task import Decoding, Score, Split, Task

_WORST = 4.0  # squared error at which the reward is cut; that of two independent draws from the data is 2


class Forecasting(Task, ABC):
    """Continue a series: `prefix` vectors are given, then as many are the model's own as the length says.

    Attributes:
        prefix: given vectors at the beginning of each row.
    """

    prefix: ClassVar[int]
    decoding: ClassVar[Decoding] = "greedy"
    floor: ClassVar[float | None] = 1.0  # the mean of the data as the forecast at every lead time
    ceiling: ClassVar[float | None] = 0.0

    @abstractmethod
    def series(self, split: Split) -> Tensor:
        """Return the trajectories of a split, [R, N, D] float32, standardised; splits have no sample in common."""

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw windows of the series, all with the same number of own vectors.

        Windows of a training batch may repeat; others are drawn without replacement, or are all of a smaller pool.
        """
        series = self.series(split)  # [R, N, D]
        columns = self.prefix + int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        starts = series.shape[1] - columns + 1  # in each trajectory
        windows = len(series) * starts
        if split == "train":
            drawn = torch.randint(windows, (size,), generator=stream)
        else:
            drawn = torch.randperm(windows, generator=stream)[:size]
        column = torch.arange(columns)
        tokens = series[(drawn // starts)[:, None], (drawn % starts)[:, None] + column]  # [B, T, D]
        given = (column < self.prefix).expand(len(drawn), -1)
        return Batch(tokens, given, torch.ones_like(given))

    def score(self, batch: Batch, output: Output) -> Score:
        """Squared error of each own vector, mean over its numbers, [B, T], >= 0, lower is better."""
        return Score(_squared_error(batch, output), output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """Minus the squared error of each own vector, mean over its numbers, [B, T], in [-4, 0]."""
        return (-_squared_error(batch, output).clamp_max(_WORST) * output.own).float()


def _squared_error(batch: Batch, output: Output) -> Tensor:
    return (output.tokens - batch.tokens).double().square().mean(-1)
