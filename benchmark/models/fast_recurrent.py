"""The step-wise path of recurrent models without gradient: what a symbol puts into the gates is looked up in a table.

Axes: B batch, E features, V symbols and the start symbol.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from benchmark.models.fast_linear import linear, packed, sum_of

if TYPE_CHECKING:
    from benchmark.models.recurrent import GRU, LSTM, RecurrentState


class _Fast(ABC):
    """Stands in for a model of one layer in a run over symbols; see `SequenceModel.stepper`.

    Attributes:
        table: what each symbol puts into the gates, [V, gates E], with the biases that need not stay apart.
    """

    def __init__(self, model: "LSTM | GRU", bias: Tensor) -> None:
        self.model = model
        (of_input, self.hidden_weight, *_), *_ = model.network.all_weights
        self.of_hidden: Tensor = self.hidden_weight
        self.table = linear(model.embedding.weight, of_input, bias)

    def prefill(self, prompt: Tensor) -> "tuple[Tensor, RecurrentState]":
        """Read a prompt [B, P] at once: logits [B, V] of the next token, and the state."""
        self.of_hidden = packed(self.hidden_weight, len(prompt))
        logits, state = self.model.prefill(prompt)
        return logits, cast("RecurrentState", state)

    def step(self, token: Tensor, state: "RecurrentState") -> "tuple[Tensor, RecurrentState]":
        """Read one more token [B]: logits [B, V] of the next one, and the state."""
        self.model.count(token[:, None])
        features, after = self.advance(self.table[token], state)
        return self.model.project(features), after

    @abstractmethod
    def advance(self, gates: Tensor, state: "RecurrentState") -> "tuple[Tensor, RecurrentState]":
        """One step from what the symbols put into the gates, [B, gates E]: features [B, E] and the state."""


class FastLSTM(_Fast):
    """Of a long short-term memory."""

    def __init__(self, model: "LSTM") -> None:
        _, _, of_input, of_hidden = model.network.all_weights[0]
        super().__init__(model, of_input + of_hidden)

    def advance(self, gates: Tensor, state: "RecurrentState") -> "tuple[Tensor, RecurrentState]":
        """One step."""
        assert state.cells is not None
        gates = sum_of(state.hidden[0], self.of_hidden, gates)  # [B, 4 E]
        enter, keep, _, leave = gates.sigmoid().chunk(4, 1)  # [B, E] each; the third is no sigmoid
        cells = torch.addcmul(keep * state.cells[0], enter, _tanh(gates.chunk(4, 1)[2]))
        hidden = leave * _tanh(cells)
        return hidden, type(state)(hidden[None], cells[None])


class FastGRU(_Fast):
    """Of a gated recurrent unit."""

    def __init__(self, model: "GRU") -> None:
        _, _, of_input, self.bias = model.network.all_weights[0]
        super().__init__(model, of_input)

    def advance(self, gates: Tensor, state: "RecurrentState") -> "tuple[Tensor, RecurrentState]":
        """One step."""
        before = state.hidden[0]
        reset_in, update_in, new_in = gates.chunk(3, 1)  # [B, E] each
        reset, update, new = linear(before, self.of_hidden, self.bias).chunk(3, 1)
        new = torch.addcmul(new_in, (reset_in + reset).sigmoid(), new)
        hidden = torch.lerp(_tanh(new), before, (update_in + update).sigmoid())
        return hidden, type(state)(hidden[None])


def _tanh(x: Tensor) -> Tensor:
    """2 sigmoid(2 x) - 1 is tanh x, and on CPU torch's sigmoid is several times as fast as its tanh."""
    return (2 * x).sigmoid_().mul_(2).sub_(1)
