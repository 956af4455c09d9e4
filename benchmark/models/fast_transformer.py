"""The transformer's step-wise path without gradient: the same function in fewer and larger operations.

The softmax's scale is folded into the query's weights, keys are stored as the batched product reads them, the residual
is added and GELU applied inside the linear layers, and biases on the attention are written once: -slope * distance
differs from slope * column by a constant, which the softmax does not see.

Axes: B batch, S columns read, L layers, E features, H heads, D features of a head.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import torch
from torch import Tensor

from benchmark.models.fast_linear import gelu_of, linear, packed, sum_of

if TYPE_CHECKING:
    from benchmark.models.transformer import Block, Transformer

_FIRST_CAPACITY = 64


class Layer(NamedTuple):
    """A block, and its weights as a run reads them; the first with the scale of the softmax in them."""

    block: "Block"
    qkv: Tensor
    qkv_bias: Tensor
    out: Tensor
    widening: Tensor
    narrowing: Tensor

    @classmethod
    def of(cls, block: Any, scale: Tensor, rows: int) -> Self:
        """Prepare a block for so many rows; scale [3 E]."""
        weights = (
            block.qkv.weight * scale[:, None],
            *(layer.weight for layer in (block.attention_out, block.perceptron_in, block.perceptron_out)),
        )
        qkv, out, widening, narrowing = (packed(weight, rows) for weight in weights)
        return cls(block, qkv, block.qkv.bias * scale, out, widening, narrowing)


@dataclass
class FastState:
    """What the layers have read, in buffers that double when full.

    Attributes:
        keys: of each layer, [B, H, D, capacity].
        values: of each layer, [B, H, capacity, D].
        bias: on the attention to each column, [B, H, 1, capacity].
        read: columns read so far.
    """

    keys: list[Tensor]
    values: list[Tensor]
    bias: Tensor
    read: int

    def select(self, rows: Tensor) -> Self:
        """Return a copy that holds the rows asked for."""
        keys, values = [part[rows] for part in self.keys], [part[rows] for part in self.values]
        return type(self)(keys, values, self.bias[rows], self.read)

    @property
    def full(self) -> bool:
        """Whether the buffers have no room for another column."""
        return self.read == self.bias.shape[3]

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


class FastTransformer:
    """Stands in for a transformer in a run; see `SequenceModel.stepper`."""

    def __init__(self, model: "Transformer") -> None:
        self.model, self.heads, self.size = model, model.heads, model.width // model.heads
        self.layers: list[Layer] = []

    def prefill(self, prompt: Tensor) -> tuple[Tensor, FastState]:
        """Read a prompt [B, P] at once: logits [B, V] of the next token, and the state."""
        blocks: Any = self.model.blocks
        scale = torch.ones_like(blocks[0].qkv.bias)  # [3 E]
        scale[: self.model.width] = self.size**-0.5
        self.layers = [Layer.of(block, scale, len(prompt)) for block in blocks]
        state: Any
        logits, state = self.model.prefill(prompt)
        held = [cache.held(state.length) for cache in state.caches]
        keys, values = [k.transpose(2, 3) for k, _ in held], [v for _, v in held]
        made = FastState(keys, values, self._bias(len(prompt), state.length), state.length)
        self.grow(made)
        return logits, made

    def step(self, token: Tensor, state: FastState) -> tuple[Tensor, FastState]:
        """Read one more token [B]: logits [B, V] of the next one, and the state."""
        if state.full:
            self.grow(state)
        x, bias = self.model.embed_once(token), state.biases()  # [B, E], [B H, 1, S]
        for index, layer in enumerate(self.layers):
            x = self._through(x, bias, index, layer, state)
        return self.model.project(self.model.norm(x)), state.advanced()

    def _through(self, x: Tensor, bias: Tensor, index: int, layer: Layer, state: FastState) -> Tensor:
        block, rows = layer.block, len(x)
        qkv = linear(block.attention_norm(x), layer.qkv, layer.qkv_bias).view(rows, 3, self.heads, self.size)
        query, key, value = qkv.unbind(1)  # [B, H, D] each
        state.append(index, key, value)
        keys, values = state.columns(index)
        scores = torch.baddbmm(bias, query.reshape(-1, 1, self.size), keys)  # [B H, 1, S]
        mixed = torch.bmm(scores.softmax(-1), values).view(rows, -1)  # [B, E]
        x = sum_of(mixed, layer.out, x, block.attention_out.bias)
        wide = gelu_of(block.perceptron_norm(x), layer.widening, block.perceptron_in.bias)  # [B, 4 E]
        return sum_of(wide, layer.narrowing, x, block.perceptron_out.bias)

    def grow(self, state: FastState) -> None:
        """Double the buffers."""
        capacity, read = max(_FIRST_CAPACITY, 2 * state.read), state.read
        state.keys = [self._longer(part, (*part.shape[:3], capacity), read, 3) for part in state.keys]
        state.values = [self._longer(part, (*part.shape[:2], capacity, self.size), read, 2) for part in state.values]
        state.bias = self._bias(len(state.bias), capacity)

    @staticmethod
    def _longer(part: Tensor, shape: tuple[int, ...], read: int, axis: int) -> Tensor:
        made: Any = part.new_zeros(shape)
        made.narrow(axis, 0, read).copy_(part.narrow(axis, 0, read))
        return made

    def _bias(self, rows: int, columns: int) -> Tensor:
        slopes = self.model.slopes
        line = slopes[:, None, None] * torch.arange(
            columns, device=slopes.device, dtype=slopes.dtype
        )  # [H, 1, columns]
        return line.expand(rows, -1, -1, -1).contiguous()
