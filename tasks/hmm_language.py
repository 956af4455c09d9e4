"""The language of a hidden Markov model: a null control, in which no exposure bias exists.

Every history has positive probability under the process and a trained model is about as close to it on any of them, so
whatever closes a "gap" here is an artefact of the instrument or of the budget.

Axes: B batch, T time, S hidden states, V vocabulary.
"""

import numpy as np
import torch
from torch import Tensor

from benchmark.contracts import (
    Batch,
    Coordinates,
    Curve,
    Discrete,
    FullSupportLanguage,
    Metric,
    Split,
    stream_seed,
)

_STATES = 8
_SYMBOLS = 16
_CONCENTRATION = 0.2
_SMOOTHING = 0.01  # share of the uniform distribution in every row: full support


def _rows(count: int, size: int, name: str) -> Tensor:
    """Dirichlet rows [count, size], mixed with a little of the uniform distribution."""
    generator = np.random.default_rng(stream_seed(HmmLanguage.name, HmmLanguage.version, name))
    rows = torch.from_numpy(generator.dirichlet([_CONCENTRATION] * size, count))
    return (1 - _SMOOTHING) * rows + _SMOOTHING / size


class HmmLanguage(FullSupportLanguage):
    """Model the symbols of a hidden Markov model with 8 states (null control)."""

    name = "hmm_language"
    space = Discrete(_SYMBOLS, symbols=tuple("abcdefghijklmnop"))
    metric = Metric("KL(P||Q)", "nats per token", "lower", 0.0, None)
    curve = Curve("position", "symbols", ((1, 4), (5, 8), (9, 16), (17, 32), (33, 64), (65, 128)), trained=(32, 32))
    coordinates = Coordinates(
        failure="none (null control)",
        target="stochastic",
        recoverable="fully",
        aligned=False,
        source="synthetic",
        given="nothing",
    )
    decoding = "sample"
    floor = 0.402  # the uniform model run freely; recomputed in the tests
    controls = {"uniform model on gold prefixes": 0.45}
    ceiling = 0.0
    reward_temperature = 1.0
    citation = """@article{rabiner1989tutorial,
  title = {A tutorial on hidden {Markov} models and selected applications in speech recognition},
  author = {Rabiner, Lawrence R.}, journal = {Proceedings of the IEEE}, volume = {77}, pages = {257--286}, year = {1989}
}"""

    def __init__(self) -> None:
        self.transition = _rows(_STATES, _STATES, "transition")  # [S, S]
        self.emission = _rows(_STATES, _SYMBOLS, "emission")  # [S, V]

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw sequences of symbols, all of one length."""
        symbols = int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        cumulative_transition, cumulative_emission = self.transition.cumsum(-1), self.emission.cumsum(-1)
        state = torch.randint(0, _STATES, (size,), generator=stream)  # [B]
        coins = torch.rand(symbols, 2, size, 1, generator=stream, dtype=torch.float64)
        columns = []
        for move, emit in coins.unbind(0):
            columns.append((emit > cumulative_emission[state]).sum(-1).clamp_max(_SYMBOLS - 1))
            state = (move > cumulative_transition[state]).sum(-1).clamp_max(_STATES - 1)
        tokens = torch.stack(columns, 1)  # [B, T]
        return Batch(tokens, torch.zeros_like(tokens, dtype=torch.bool), torch.ones_like(tokens, dtype=torch.bool))

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """Forward filter over the history, [B, T, V]; total, because the emissions have full support."""
        belief = torch.full((len(history), _STATES), 1 / _STATES, dtype=torch.float64)  # [B, S] before the symbol
        likelihood = self.emission.T  # [V, S]
        predicted = []
        for symbol in history.unbind(1):
            predicted.append(belief @ self.emission)  # [B, V]
            belief = belief * likelihood[symbol]
            belief = (belief / belief.sum(-1, keepdim=True)) @ self.transition
        return torch.stack(predicted, 1).log()
