"""What the transformer's step-wise path has read, as torch's products read it best and as the kernel does.

Axes: B batch, S columns read, P pages, C columns of a page, E features, H heads, D features of a head.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from benchmark.models.decode_attention import PAGE, paged

_FIRST_CAPACITY = 64

Held = Sequence[tuple[Tensor, Tensor]]
"""Keys and values of each layer, [B, H, S, D] each."""


@dataclass
class FastState:
    """What the layers have read, in buffers that double when full, for torch's batched products.

    Attributes:
        keys: of each layer, [B, H, D, capacity].
        values: of each layer, [B, H, capacity, D].
        slopes: of the biases on the attention, [H].
        bias: on the attention to each column, [B, H, 1, capacity].
        read: columns read so far.
    """

    keys: list[Tensor]
    values: list[Tensor]
    slopes: Tensor
    bias: Tensor
    read: int

    @classmethod
    def holding(cls, held: Held, slopes: Tensor, read: int) -> Self:
        """Take over what was read at once, and make room for more."""
        keys, values = [k.transpose(2, 3) for k, _ in held], [v for _, v in held]
        state = cls(keys, values, slopes, _bias(slopes, len(values[0]), read), read)
        state.grow()
        return state

    def select(self, rows: Tensor) -> Self:
        """Return a copy that holds the rows asked for."""
        keys, values = [part[rows] for part in self.keys], [part[rows] for part in self.values]
        return replace(self, keys=keys, values=values, bias=self.bias[rows])

    @property
    def full(self) -> bool:
        """Whether the buffers have no room for another column."""
        return self.read == self.bias.shape[3]

    def grow(self) -> None:
        """Double the buffers."""
        capacity = max(_FIRST_CAPACITY, 2 * self.read)
        # zeros, as static shapes read ahead, under a mask
        self.keys = [_longer(part, 3, self.read, capacity, part.new_zeros) for part in self.keys]
        self.values = [_longer(part, 2, self.read, capacity, part.new_zeros) for part in self.values]
        self.bias = _bias(self.slopes, len(self.bias), capacity)

    def attend(self, layer: int, qkv: Tensor, bias: Tensor | None) -> Tensor:
        """Keep the keys and values in qkv [B, 3, H, D], and mix all that a layer holds as the queries ask: [B, E].

        Args:
            bias: of `biases`, once a step.
        """
        assert bias is not None
        query, key, value = qkv.unbind(1)  # [B, H, D] each
        self.append(layer, key, value)
        keys, values = self.columns(layer)
        scores = torch.baddbmm(bias, query.reshape(-1, 1, query.shape[-1]), keys)  # [B H, 1, S]
        return torch.bmm(scores.softmax(-1), values).view(len(qkv), -1)  # [B, E]

    def append(self, layer: int, key: Tensor, value: Tensor) -> None:
        """Write a layer's key and value, [B, H, D] each, of the column that is being read."""
        self.keys[layer][..., self.read], self.values[layer][:, :, self.read] = key, value

    def advanced(self) -> Self:
        """The state after that column."""
        self.read += 1
        return self

    def columns(self, layer: int) -> tuple[Tensor, Tensor]:
        """Keys [B H, D, S] and values [B H, S, D] of a layer, up to the column that is being read."""
        keys, values = self.keys[layer].flatten(0, 1), self.values[layer].flatten(0, 1)
        return keys[:, :, : self.read + 1], values[:, : self.read + 1]

    def biases(self) -> Tensor:
        """Biases [B H, 1, S] on the attention of the column that is being read, the same in all layers."""
        return self.bias.flatten(0, 1)[:, :, : self.read + 1]


@dataclass
class KernelState:
    """What the layers have read, for the kernel of `decode_attention`.

    Attributes:
        held: of each layer, [P, B, H, 2, C, D]: pages of so many columns.
        slopes: of the biases on the attention, [H].
        read: columns read so far.
        kernel: see `kernels.decode.compiled`.
    """

    held: list[Tensor]
    slopes: Tensor
    read: int
    kernel: Callable[..., None]

    @classmethod
    def holding(cls, held: Held, slopes: Tensor, read: int, kernel: Callable[..., None]) -> Self:
        """Take over what was read at once, and make room for more."""
        state = cls([paged(*both) for both in held], slopes, read, kernel)
        state.grow()
        return state

    def select(self, rows: Tensor) -> Self:
        """Return a copy that holds the rows asked for."""
        return replace(self, held=[part[:, rows] for part in self.held])

    @property
    def full(self) -> bool:
        """Whether the buffers have no room for another column."""
        return self.read == PAGE * len(self.held[0])

    def grow(self) -> None:
        """Double the buffers."""
        pages = max(_FIRST_CAPACITY // PAGE, 2 * len(self.held[0]))
        self.held = [_longer(part, 0, len(part), pages, part.new_empty) for part in self.held]

    def attend(self, layer: int, qkv: Tensor, bias: None) -> Tensor:
        """Keep the keys and values in qkv [B, 3, H, D], and mix all that a layer holds as the queries ask: [B, E]."""
        mixed = torch.empty_like(qkv[:, 0])  # [B, H, D]
        self.kernel(qkv.numpy(), self.held[layer].numpy(), self.slopes.numpy(), self.read, mixed.numpy())
        return mixed.flatten(1)

    def advanced(self) -> Self:
        """The state after the column that is being read."""
        self.read += 1
        return self

    def biases(self) -> None:
        """The kernel makes its own."""
        return


def _longer(part: Tensor, axis: int, read: int, capacity: int, make: Callable[..., Tensor]) -> Tensor:
    made = make((*part.shape[:axis], capacity, *part.shape[axis + 1 :]))
    made.narrow(axis, 0, read).copy_(part.narrow(axis, 0, read))
    return made


def _bias(slopes: Tensor, rows: int, columns: int) -> Tensor:
    """Biases [B, H, 1, columns], in as many rows."""
    line = slopes[:, None, None] * torch.arange(columns, device=slopes.device, dtype=slopes.dtype)  # [H, 1, columns]
    return line.expand(rows, -1, -1, -1).contiguous()
