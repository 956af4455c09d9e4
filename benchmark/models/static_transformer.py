"""The transformer's step with shapes that do not change, so that it can be captured once and replayed (`captured`).

All columns of the buffers are read at every step, and those ahead are masked. Meant for accelerators, where launching
the kernels of a step costs more than reading columns that are not there yet.

Axes: B batch, L layers, H heads, D features of a head.
"""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from benchmark.models.fast_transformer import FastTransformer
from benchmark.models.prefix_states import FastState, Held


@dataclass
class StaticState(FastState):
    """What the layers have read.

    Attributes:
        column: [1] int64, the column that is being read, where the buffers are.
    """

    column: Tensor

    @classmethod
    def of(cls, state: FastState) -> Self:
        """Take over a state."""
        column = torch.full((1,), state.read, device=state.bias.device)
        return cls(state.keys, state.values, state.slopes, state.bias, state.read, column)

    def select(self, rows: Tensor) -> Self:
        """Return a copy that holds the rows asked for."""
        return replace(super().select(rows), column=self.column.clone())

    def append(self, layer: int, key: Tensor, value: Tensor) -> None:
        """Write a layer's key and value, [B, H, D] each, of the column that is being read."""
        self.keys[layer].index_copy_(3, self.column, key[..., None])
        self.values[layer].index_copy_(2, self.column, value[:, :, None])

    def advanced(self) -> Self:
        """The state after that column, in the same buffers."""
        return replace(self, read=self.read + 1, column=self.column + 1)

    def take(self, after: Self) -> None:
        """Become the state after a replayed step."""
        self.column.copy_(after.column)
        self.read += 1

    def columns(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys [B H, D, capacity] and values [B H, capacity, D] of a layer."""
        return self.keys[layer].flatten(0, 1), self.values[layer].flatten(0, 1)

    def biases(self) -> Tensor:
        """Biases [B H, 1, capacity] on the attention of the column that is being read, -inf ahead of it."""
        ahead = torch.arange(self.bias.shape[3], device=self.bias.device) > self.column  # [capacity]
        return self.bias.masked_fill(ahead, float("-inf")).flatten(0, 1)


class StaticTransformer(FastTransformer):
    """Stands in for a transformer in a run; see `SequenceModel.stepper`."""

    def take_over(self, held: Held, read: int) -> StaticState:
        """The state after so many columns, whose keys and values were read at once."""
        return StaticState.of(FastState.holding(held, self.model.slopes, read))
