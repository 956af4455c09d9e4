"""A task without any structure, for checks that need one and do not care which.

Axes: B batch, T time.
"""

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.task import Coordinates, Curve, Metric, Score, Split, Task


class Symbols(Task):
    """Uniform symbols without any structure; a symbol is rewarded if it is the first."""

    name = "symbols"
    space = Discrete(64)
    metric = Metric("accuracy", "share of symbols", "higher", 0.0, 1.0)
    curve = Curve("position", "symbols", ((1, 512),), (1, 512))
    coordinates = Coordinates("none (null control)", "stochastic", "fully", False, "synthetic", "nothing")
    decoding = "sample"

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw uniform symbols."""
        tokens = torch.randint(self.space.size, (size, length[1]), generator=stream)  # [B, T]
        return Batch(tokens, torch.zeros_like(tokens, dtype=torch.bool), torch.ones_like(tokens, dtype=torch.bool))

    def score(self, batch: Batch, output: Output) -> Score:
        """Accuracy."""
        return Score((output.tokens == batch.tokens).double(), output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for the first symbol of the vocabulary."""
        return ((output.tokens == 0) & output.own).float()
