"""Policy gradients by enumeration: the expected update of a method against the exact gradient of the expected reward.

Axes: N all sequences, T time, V vocabulary.
"""

import itertools
from typing import Any

import torch
from torch import Tensor

from benchmark.checking.symbols import Symbols
from benchmark.contracts.baseline import Baseline
from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.context import Coin
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.registry import Registry
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.streams import seeded
from benchmark.contracts.task import Decoding
from benchmark.learning.context import Origin, UpdateContext

SYMBOLS, LENGTH, SAMPLES = 3, 2, 2
SEQUENCES = torch.tensor(list(itertools.product(range(SYMBOLS), repeat=LENGTH)))  # [N, T]
_REWARD = torch.tensor([[0.0, 1.0, 3.0], [2.0, -1.0, 0.5]], dtype=torch.float64)  # [T, V]


def reward_of(tokens: Tensor) -> Tensor:
    """A reward [B, T] of each token that depends on the token before it."""
    each = _REWARD[torch.arange(LENGTH), tokens]  # [B, T]
    return torch.stack([each[:, 0], each[:, 1] * (1 + tokens[:, 0])], 1)


class EnumeratedContext(UpdateContext):
    """A context whose samples are handed to it; the greedy run is one fixed sequence."""

    def __init__(self, samples: Tensor, constant: float = 0.0) -> None:
        super().__init__(Symbols(), Origin("enumeration", 0), step=0, progress=1.0)
        self.samples, self.constant = samples, constant

    def roll_out(self, model: SequenceModel, batch: Batch, decoding: str = "sample") -> Output:
        """Return the samples, or the fixed sequence for the greedy run."""
        tokens = SEQUENCES[4:5].expand(len(batch), -1) if decoding == "greedy" else self.samples
        own = torch.ones_like(tokens, dtype=torch.bool)
        return Output(tokens, own, tokens, own[:, 0] & False)

    def roll_in(
        self,
        model: SequenceModel,
        batch: Batch,
        gold_probability: float | Tensor,
        coin: Coin = "token",
        decoding: Decoding = "sample",
        temperature: float = 1.0,
    ) -> Tensor:
        """Return the samples, whose gold part is as it is handed over."""
        return self.samples

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """Return the reward of each token, the constant added."""
        return reward_of(output.tokens) + self.constant


def small_model(seed: int = 0) -> SequenceModel:
    """A GRU in float64 with large weights, so that its distribution is far from uniform."""
    with seeded("enumeration", seed):
        model = Registry().model("gru")(Discrete(SYMBOLS), width=4).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 2
    return model


def gradient(model: SequenceModel, scalar: Tensor) -> Tensor:
    """Gradient of a scalar by all parameters, flat."""
    return torch.cat([part.flatten() for part in torch.autograd.grad(scalar, list(model.parameters()))])


def update(model: SequenceModel, method: Baseline, samples: Tensor, constant: float = 0.0) -> Tensor:
    """The gradient that a method takes on these samples [S, T] of one input, `constant` added to each reward."""
    empty = torch.zeros(len(samples), LENGTH, dtype=torch.int64)
    loss = method.loss(model, Batch(empty, empty > 0, empty == 0), EnumeratedContext(samples, constant))
    return gradient(model, loss.objective)


def log_likelihood(model: SequenceModel, sequences: Tensor) -> Tensor:
    """Log-probability of each token of some sequences, [N, T]."""
    return model(sequences).log_softmax(-1).gather(-1, sequences[..., None]).squeeze(-1)


def exact_gradient(model: SequenceModel) -> Tensor:
    """The gradient of minus the expected reward, per token."""
    probability = log_likelihood(model, SEQUENCES).sum(1).exp()  # [N]
    return gradient(model, -(probability * reward_of(SEQUENCES).sum(1)).sum() / LENGTH)


def bias(**knobs: Any) -> float:
    """Largest difference between the expected update of REINFORCE and the exact gradient, over all parameters.

    The expectation is over everything that could have been sampled. A running mean starts at some fixed values.
    """
    model, reinforce = small_model(), Registry().baseline("reinforce")
    probability, exact = log_likelihood(model, SEQUENCES).sum(1).exp().detach(), exact_gradient(model)
    expected = torch.zeros_like(exact)
    for rows in itertools.product(range(len(SEQUENCES)), repeat=SAMPLES):
        method: Any = reinforce(samples=SAMPLES, warm_start=0.0, **knobs)
        method.running_mean.mean = torch.tensor([0.0, 1.5, -0.5], dtype=torch.float64)
        expected += probability[list(rows)].prod() * update(model, method, SEQUENCES[list(rows)])
    return float((expected - exact).abs().max())
