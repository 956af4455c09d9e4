"""LSTM (Hochreiter & Schmidhuber 1997) and GRU (Cho et al. 2014, arXiv 1406.1078).

Axes: B batch, T time, E features, L layers.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from benchmark.contracts.knobs import Knob
from benchmark.contracts.model import SequenceModel, Stepper
from benchmark.contracts.spaces import Discrete, Space
from benchmark.models.fast_recurrent import FastGRU, FastLSTM


class RecurrentState(NamedTuple):
    """What the layers hold after the tokens read: each [L, B, E]; a GRU has no cells."""

    hidden: Tensor
    cells: Tensor | None = None

    def select(self, rows: Tensor) -> Self:
        """Return a copy that holds the rows asked for."""
        return type(self)(self.hidden[:, rows], None if self.cells is None else self.cells[:, rows])


class _Recurrent(SequenceModel):
    layers = Knob(1, low=1, help="recurrent layers on top of each other")
    network: nn.LSTM | nn.GRU

    def advance(self, inputs: Tensor, state: RecurrentState | None) -> tuple[Tensor, RecurrentState]:
        """Read more inputs [B, T, E]: many by the fused network, one by its cell."""
        if inputs.shape[1] == 1:
            return self._advance_once(inputs, state)
        features, last = self.network(self.drop(inputs), None if state is None else self._packed(state))
        return self.drop(features), RecurrentState(*last) if isinstance(last, tuple) else RecurrentState(last)

    def _advance_once(self, inputs: Tensor, state: RecurrentState | None) -> tuple[Tensor, RecurrentState]:
        """One step by the cell functions: the same arithmetic as the network's, a fraction of its overhead."""
        features, states = self.drop(inputs)[:, 0], []  # [B, E]
        for layer, weights in enumerate(self.network.all_weights):
            previous = self._layer_state(inputs, state, layer)
            last = self._cell(features, previous, weights)
            states.append(last)
            features = last[0]
        stacked = RecurrentState(*(torch.stack(part) for part in zip(*states, strict=True)))  # [L, B, E]
        return self.drop(features[:, None]), stacked

    def _layer_state(self, inputs: Tensor, state: RecurrentState | None, layer: int) -> tuple[Tensor, ...]:
        if state is not None:
            return tuple(part[layer] for part in state if part is not None)
        zeros = inputs.new_zeros(len(inputs), self.width)
        return (zeros, zeros) if isinstance(self.network, nn.LSTM) else (zeros,)

    @abstractmethod
    def _cell(self, features: Tensor, previous: tuple[Tensor, ...], weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """One step of one layer: features [B, E] and its state before -> its state after, features first."""

    def _packed(self, state: RecurrentState) -> Any:
        return state.hidden if state.cells is None else (state.hidden, state.cells)


class LSTM(_Recurrent):
    """Long short-term memory, fused over time in the parallel path."""

    name = "lstm"

    def __init__(self, space: Space, **knobs: Any) -> None:
        super().__init__(space, **knobs)
        self.network = nn.LSTM(self.width, self.width, self.layers, batch_first=True)

    def stepper(self) -> Stepper:
        """One layer over symbols by a table."""
        return FastLSTM(self) if self.layers == 1 and isinstance(self.space, Discrete) else self

    def _cell(self, features: Tensor, previous: tuple[Tensor, ...], weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return torch.lstm_cell(features, previous, *weights)


class GRU(_Recurrent):
    """Gated recurrent unit."""

    name = "gru"

    def __init__(self, space: Space, **knobs: Any) -> None:
        super().__init__(space, **knobs)
        self.network = nn.GRU(self.width, self.width, self.layers, batch_first=True)

    def stepper(self) -> Stepper:
        """One layer over symbols by a table."""
        return FastGRU(self) if self.layers == 1 and isinstance(self.space, Discrete) else self

    def _cell(self, features: Tensor, previous: tuple[Tensor, ...], weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return (torch.gru_cell(features, previous[0], *weights),)
