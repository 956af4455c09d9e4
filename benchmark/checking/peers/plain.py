"""A GPT in plain torch, of the design of nanoGPT (github.com/karpathy/nanoGPT), which is no package.

Learned positions, layers normalised before, GELU, fused attention, the output tied to the embedding.

Axes: B batch, T time, E features, H heads, V symbols.
"""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from benchmark.checking.peers.steps import Update, step_of


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixing, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, E] -> [B, T, E]."""
        parts = self.mixing(self.first_norm(x)).chunk(3, -1)
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)  # [B, H, T, D]
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.mixed(attended.transpose(1, 2).flatten(2))  # [B, T, E]
        return x + self.perceptron(self.second_norm(x))


class PlainGPT(nn.Module):
    """Logits [B, T, V] of the next token after each of tokens [B, T]."""

    def __init__(self, symbols: int, columns: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.symbols, self.positions = nn.Embedding(symbols, width), nn.Embedding(columns, width)
        self.layers = nn.Sequential(*(_Layer(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, T] int64 -> [B, T, V]."""
        x = self.symbols(tokens) + self.positions.weight[: tokens.shape[1]]  # [B, T, E]
        return F.linear(self.norm(self.layers(x)), self.symbols.weight)


def plain_torch(tokens: Tensor, symbols: int, size: dict[str, Any]) -> dict[str, Update]:
    """A training step on tokens [B, T]: each but the first is predicted."""
    model = PlainGPT(symbols, tokens.shape[1], size["width"], size["layers"], size["heads"])
    before, target = tokens[:, :-1], tokens[:, 1:].flatten()

    def loss() -> Tensor:
        return F.cross_entropy(model(before).flatten(0, 1), target)

    return {"training": step_of(model, loss)}
