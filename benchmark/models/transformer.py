"""Pre-LN causal transformer (Vaswani et al. 2017, arXiv 1706.03762; Xiong et al. 2020, arXiv 2002.04745).

Positions enter as linear biases on the attention (ALiBi, Press et al. 2022, arXiv 2108.12409), which have no parameters
and keep their meaning beyond the lengths seen in training.

Axes: B batch, T time, S time of the keys, E features, H heads, D features of a head.
"""

from dataclasses import dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.contracts.knobs import Knob
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Space
from benchmark.errors import UsageError
from benchmark.models import decode_attention
from benchmark.models.fast_linear import Linear
from benchmark.models.fast_transformer import FastTransformer
from benchmark.models.static_transformer import StaticTransformer

_FIRST_CAPACITY = 64


class Cache:
    """Keys and values of one layer, [B, H, S, D] each.

    Without gradient they live in buffers that double when full, so a step writes one column; with gradient every step
    makes new tensors, because autograd needs the old ones.
    """

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        self.length = keys.shape[2]
        self._buffers = (keys, values)

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add columns [B, H, T, D] and return all keys and values so far, [B, H, S, D]."""
        begin, self.length = self.length, self.length + keys.shape[2]
        if torch.is_grad_enabled():
            held = self.held(begin)
            self._buffers = (torch.cat([held[0], keys], 2), torch.cat([held[1], values], 2))
            return self._buffers
        if self.length > self._buffers[0].shape[2]:
            self._grow()
        for buffer, new in zip(self._buffers, (keys, values), strict=True):
            buffer[:, :, begin : self.length] = new
        return self.held(self.length)

    def held(self, length: int) -> tuple[Tensor, Tensor]:
        """Return the first columns of the keys and values, as views."""
        return self._buffers[0][:, :, :length], self._buffers[1][:, :, :length]

    def select(self, rows: Tensor) -> "Cache":
        """Return a copy that holds the rows asked for."""
        keys, values = self.held(self.length)
        return Cache(keys[rows], values[rows])

    def _grow(self) -> None:
        capacity = max(_FIRST_CAPACITY, 2 * self.length)
        old = self._buffers
        self._buffers = tuple(b.new_empty(*b.shape[:2], capacity, b.shape[3]) for b in old)
        for new, buffer in zip(self._buffers, old, strict=True):
            new[:, :, : buffer.shape[2]] = buffer


@dataclass
class TransformerState:
    """The layers' keys and values."""

    caches: list[Cache]

    @property
    def length(self) -> int:
        """Columns read so far."""
        return self.caches[0].length

    def select(self, rows: Tensor) -> Self:
        """Return a copy that holds the rows asked for."""
        return type(self)([cache.select(rows) for cache in self.caches])


class Block(nn.Module):
    """Attention and a two-layer perceptron, each normalised before and added after."""

    def __init__(self, model: "Transformer") -> None:
        super().__init__()
        width = model.width
        self.heads, self.drop = model.heads, model.drop
        self.attention_norm, self.perceptron_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = Linear(width, 3 * width)
        self.attention_out = Linear(width, width)
        self.perceptron_in, self.perceptron_out = Linear(width, 4 * width), Linear(4 * width, width)

    def forward(self, x: Tensor, bias: Tensor | None, cache: Cache | None) -> tuple[Tensor, Cache]:
        """Transform features [B, T, E] under attention biases [1, H, T, S], and return the keys and values as well."""
        batch, time, width = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(batch, time, 3, self.heads, -1)  # [B, T, 3, H, D]
        query, keys, values = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each [B, H, T, D]
        if cache is None:
            cache = Cache(keys, values)
        else:
            keys, values = cache.append(keys, values)  # [B, H, S, D]
        mixed = F.scaled_dot_product_attention(query, keys, values, attn_mask=bias)  # [B, H, T, D]
        x = x + self.drop(self.attention_out(mixed.transpose(1, 2).reshape(batch, time, width)))
        x = x + self.drop(self.perceptron_out(F.gelu(self.perceptron_in(self.perceptron_norm(x)))))
        return x, cache


class Transformer(SequenceModel):
    """Pre-LN causal transformer with linear attention biases (ALiBi) and a key-value cache."""

    name = "transformer"
    layers = Knob(2, low=1, help="attention blocks on top of each other")
    heads = Knob(4, low=1, help="attention heads; must divide the width")

    def __init__(self, space: Space, **knobs: Any) -> None:
        super().__init__(space, **knobs)
        if self.width % self.heads:
            raise UsageError(f"heads must divide the width, got heads={self.heads} and width={self.width}")
        self.blocks = nn.ModuleList(Block(self) for _ in range(self.layers))
        self.norm = nn.LayerNorm(self.width)
        slopes = 2.0 ** (-8.0 * torch.arange(1, self.heads + 1) / self.heads)  # [H], the geometric series of the paper
        self.register_buffer("slopes", slopes, persistent=False)
        self._row_of_biases: Tensor | None = None
        self._initialise()

    slopes: Tensor

    def advance(self, inputs: Tensor, state: TransformerState | None) -> tuple[Tensor, TransformerState]:
        """Read more inputs [B, T, E], attending to all that was read before."""
        read = 0 if state is None else state.length
        bias = self._bias(read, inputs.shape[1])
        x, caches = self.drop(inputs), []
        for layer, block in enumerate(self.blocks):
            x, cache = block(x, bias, None if state is None else state.caches[layer])
            caches.append(cache)
        return self.norm(x), TransformerState(caches)

    @classmethod
    def warm_up(cls, knobs: dict[str, Any]) -> None:
        """Load the kernel of attention, if there is one."""
        values = cls.resolve_knobs(knobs)
        decode_attention.load(values["width"] // values["heads"])

    def stepper(self) -> FastTransformer:
        """The same weights, packed for stepping without gradient; of static shapes where a step may be captured."""
        return StaticTransformer(self) if self.device.type == "cuda" else FastTransformer(self)

    def _bias(self, read: int, new: int) -> Tensor:
        """Biases [1, H, T, S] of `new` queries after `read` columns: -slope * distance, and -inf ahead of the query."""
        if new == 1:
            return self._last_bias(read + 1)
        query = torch.arange(read, read + new, device=self.slopes.device)
        distance = query[:, None] - torch.arange(read + new, device=self.slopes.device)  # [T, S]
        bias = -self.slopes[:, None, None] * distance  # [H, T, S]
        return bias.masked_fill(distance < 0, float("-inf"))[None]  # four axes, or the fused kernel is not used

    def _last_bias(self, columns: int) -> Tensor:
        """Biases [1, H, 1, S] of one query at the end of so many columns, cut from a row that is kept."""
        kept, slopes = self._row_of_biases, self.slopes
        if kept is None or kept.shape[-1] < columns or (kept.dtype, kept.device) != (slopes.dtype, slopes.device):
            with torch.inference_mode(False):  # it may serve a differentiated step later
                distance = torch.arange(2 * columns - 1, -1, -1, device=slopes.device)
                kept = self._row_of_biases = (-slopes[:, None] * distance)[None, :, None]  # [1, H, 1, 2 S]
        return kept[..., -columns:]

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=self.width**-0.5)
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.embedding.weight, std=1.0)
        for block in self.blocks:  # residual branches start small, so that depth does not add up
            for name in ("attention_out", "perceptron_out"):
                getattr(block, name).weight.data /= (2 * self.layers) ** 0.5
