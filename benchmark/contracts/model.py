"""The sequence models: one set of weights, a parallel and a step-wise path through it.

Axes: B batch, T time, V vocabulary, E features, D numbers in a vector. In a continuous space tokens are
[B, T, D] float, and what is called logits [B, T, V] is [B, T, 2 D]: means and log standard deviations.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, Self

import torch
from torch import Tensor, nn

from benchmark.contracts.knobs import Configurable, Knob
from benchmark.contracts.spaces import Continuous, Discrete, Space


class State(Protocol):
    """What a model remembers of a prefix. A step consumes it: to branch, `select` a copy first."""

    def select(self, rows: Tensor) -> Self:
        """Return a copy that holds the rows asked for (int64 indices, repeats allowed)."""
        ...


class Stepper(Protocol):
    """The step-wise path alone."""

    def prefill(self, prompt: Tensor) -> tuple[Tensor, State]:
        """Read a prompt [B, P] int64, P >= 0: logits [B, V] of the next token, and the state."""
        ...

    def step(self, token: Tensor, state: Any) -> tuple[Tensor, State]:
        """Read one more token [B] int64: logits [B, V] of the next one, and the state."""
        ...


def fed_before(tokens: Tensor, start: int) -> Tensor:
    """Shift: column t of the result is what a model is fed just before it predicts column t of `tokens`.

    This is the one place where the suite shifts. [B, T] int64 -> [B, T + 1]: the start symbol, then the tokens; in a
    continuous space [B, T, D] -> [B, T + 1, D], and the start is 0, the mean of the data.
    """
    if tokens.is_floating_point():
        return torch.nn.functional.pad(tokens, (0, 0, 1, 0))
    return torch.nn.functional.pad(tokens, (1, 0), value=start)


class SequenceModel(Configurable, nn.Module, ABC):
    """A causal model of sequences over a discrete or continuous space.

    A subclass implements `advance`; both paths are made of it. `logits[:, t]` predicts `tokens[:, t]` from what stands
    before it, and is -inf at symbols that the space does not emit.

    Attributes:
        evaluations: tokens passed through the model so far, counted 1 without and 3 with gradient.
        noise: generator that dropout draws from while the model trains.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    width = Knob(64, low=1, help="features of a position")
    dropout = Knob(0.0, low=0.0, high=0.9, help="share of features dropped in training")

    def __init__(self, space: Space, **knobs: Any) -> None:
        super().__init__()
        self.configure(knobs)
        self.space = space
        self.start = space.size
        self.evaluations = 0
        self.noise = torch.Generator()
        discrete = isinstance(space, Discrete)
        self.embedding = nn.Embedding(space.size + 1, self.width) if discrete else nn.Linear(space.size, self.width)
        self.head = nn.Linear(self.width, space.outputs)
        never = torch.zeros(space.outputs)
        if discrete:
            never = torch.full((space.size,), float("-inf")).index_fill(0, torch.tensor(space.emits), 0.0)
        self.register_buffer("never", never, persistent=False)

    never: Tensor

    @abstractmethod
    def advance(self, inputs: Tensor, state: Any) -> tuple[Tensor, State]:
        """Read more inputs.

        Args:
            inputs: [B, T, E] embedded, T >= 1, the continuation of what the state has read.
            state: from an earlier call, or None at the start of a sequence.

        Returns:
            The features after each input, [B, T, E], and the state after the last one.
        """

    def embed(self, tokens: Tensor) -> Tensor:
        """Embed tokens [B, T] int64, mixtures of tokens [B, T, V] float or vectors [B, T, D], as [B, T, E]."""
        if tokens.is_floating_point() and isinstance(self.embedding, nn.Embedding):
            return tokens @ self.embedding.weight[: self.space.size]
        return self.embedding(tokens)

    def embed_once(self, token: Tensor) -> Tensor:
        """Embed the tokens of one column, [B] int64 or what stands for them, as [B, E], and count them."""
        self.count(token[:, None])
        return self.embed(token[:, None])[:, 0]

    def hidden(self, tokens: Tensor) -> Tensor:
        """Parallel path up to the features: [B, T] int64 -> [B, T, E], column t knowing the tokens before t."""
        self.count(tokens)
        return self.advance(self.embed(fed_before(tokens, self.start)[:, :-1]), None)[0]

    def forward(self, tokens: Tensor) -> Tensor:
        """Parallel path: [B, T] int64 -> logits [B, T, V]; column t predicts token t from the tokens before it.

        The logits are where the tokens are, on whatever device the model is.
        """
        return self.project(self.hidden(tokens.to(self.device))).to(tokens.device)

    def prefill(self, prompt: Tensor) -> tuple[Tensor, State]:
        """Read a prompt [B, P] int64, P >= 0, at once: logits [B, V] of the next token, and the state."""
        inputs = fed_before(prompt, self.start)  # [B, P + 1]
        self.count(inputs)
        features, state = self.advance(self.embed(inputs), None)
        return self.project(features[:, -1]), state

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one more token [B] int64: logits [B, V] of the next one, and the state."""
        features, state = self.advance(self.embed_once(token)[:, None], state)
        return self.project(features[:, 0]), state

    @classmethod
    def warm_up(cls, knobs: dict[str, Any]) -> None:
        """Load what the steps of such a model on CPU need, before any clock runs; by default nothing."""
        return

    def stepper(self) -> "Stepper":
        """What stands in for this model in a run without gradient and dropout: by default the model itself.

        It may hold weights prepared for many steps, and is made anew for every run, because weights change. Its logits
        are the model's, to rounding, and it counts its evaluations as the model's.
        """
        return self

    def project(self, features: Tensor) -> Tensor:
        """Turn features [..., E] into logits [..., V], -inf at symbols that are never emitted."""
        logits = self.head(features) + self.never
        if isinstance(self.space, Continuous) and self.space.noise == "none":
            return torch.cat([logits, torch.zeros_like(logits)], -1)  # [..., 2 D], of deviation 1
        return logits

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.never.device

    @property
    def size(self) -> int:
        """Parameters."""
        return sum(parameter.numel() for parameter in self.parameters())

    def get_extra_state(self) -> int:
        """The count of evaluations is part of the state, so that a budget goes on where it stood."""
        return self.evaluations

    def set_extra_state(self, state: int) -> None:
        """Go on counting from a state."""
        self.evaluations = state

    def drop(self, features: Tensor) -> Tensor:
        """Apply dropout from the model's own stream, in training mode only."""
        if not self.training or self.dropout == 0:
            return features
        keep = torch.empty(features.shape, dtype=features.dtype).bernoulli_(1 - self.dropout, generator=self.noise)
        return features * keep.to(features.device) / (1 - self.dropout)

    def count(self, tokens: Tensor) -> None:
        """Count columns, tokens being [B, T] or [B, T, D]: 1 each, 3 with gradient."""
        self.evaluations += tokens.shape[0] * tokens.shape[1] * (3 if torch.is_grad_enabled() else 1)
