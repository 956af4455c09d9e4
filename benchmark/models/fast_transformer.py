"""The transformer's step-wise path without gradient: the same function in fewer and larger operations.

The softmax's scale is folded into the query's weights, keys are stored as the batched product reads them, the residual
is added and GELU applied inside the linear layers, and biases on the attention are written once: -slope * distance
differs from slope * column by a constant, which the softmax does not see. Where there is a kernel for it, one call
attends (`decode_attention`).

Axes: B batch, S columns read, E features, H heads, D features of a head.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import torch
from torch import Tensor

from benchmark.models.decode_attention import kernel_for
from benchmark.models.fast_linear import gelu_of, linear, packed, sum_of
from benchmark.models.prefix_states import FastState, Held, KernelState

if TYPE_CHECKING:
    from benchmark.models.transformer import Block, Transformer

State = FastState | KernelState


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


class FastTransformer:
    """Stands in for a transformer in a run; see `SequenceModel.stepper`."""

    def __init__(self, model: "Transformer") -> None:
        self.model, self.heads, self.size = model, model.heads, model.width // model.heads
        self.layers: list[Layer] = []

    def prefill(self, prompt: Tensor) -> tuple[Tensor, State]:
        """Read a prompt [B, P] at once: logits [B, V] of the next token, and the state."""
        blocks: Any = self.model.blocks
        scale = torch.ones_like(blocks[0].qkv.bias)  # [3 E]
        scale[: self.model.width] = self.size**-0.5
        self.layers = [Layer.of(block, scale, len(prompt)) for block in blocks]
        state: Any
        logits, state = self.model.prefill(prompt)
        return logits, self.take_over([cache.held(state.length) for cache in state.caches], state.length)

    def take_over(self, held: Held, read: int) -> State:
        """The state after so many columns, whose keys and values were read at once."""
        kernel = kernel_for(held[0][0], self.size)
        if kernel:
            return KernelState.holding(held, self.model.slopes, read, kernel)
        return FastState.holding(held, self.model.slopes, read)

    def step(self, token: Tensor, state: Any) -> tuple[Tensor, State]:
        """Read one more token [B]: logits [B, V] of the next one, and the state."""
        if state.full:
            state.grow()
        x, bias = self.model.embed_once(token), state.biases()  # [B, E]
        for index, layer in enumerate(self.layers):
            x = self._through(x, bias, index, layer, state)
        return self.model.project(self.model.norm(x)), state.advanced()

    def _through(self, x: Tensor, bias: Tensor | None, index: int, layer: Layer, state: Any) -> Tensor:
        block = layer.block
        qkv = linear(block.attention_norm(x), layer.qkv, layer.qkv_bias).view(len(x), 3, self.heads, self.size)
        mixed = state.attend(index, qkv, bias)  # [B, E]
        x = sum_of(mixed, layer.out, x, block.attention_out.bias)
        wide = gelu_of(block.perceptron_norm(x), layer.widening, block.perceptron_in.bias)  # [B, 4 E]
        return sum_of(wide, layer.narrowing, x, block.perceptron_out.bias)
