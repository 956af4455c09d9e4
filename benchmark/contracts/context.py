"""What passes between a method and the training loop: the loss of a batch, and what a method may ask for.

Axes: B batch, T time, V vocabulary, D numbers in a vector.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.task import Decoding

Coin = Literal["token", "sequence"]

Feed = Callable[[Tensor, Tensor, Tensor], Tensor]
"""What is fed at a column, made of its logits [B, V], its gold tokens [B] or [B, D], and where it is own, [B] bool."""


@dataclass(frozen=True)
class Loss:
    """What one update minimises, and what to report about it.

    Attributes:
        objective: scalar that is differentiated.
        nll: nats per own token of the gold sequence given the prefix that was fed; NaN where there is none.
        parts: further figures by name, for the log.
    """

    objective: Tensor
    nll: float = float("nan")
    parts: dict[str, float] = field(default_factory=dict)


class Context(Protocol):
    """All that a method may ask for during an update. It knows neither the task's name nor any test data."""

    progress: float
    """Share of the budget that is spent, in [0, 1]."""
    step: int
    """Updates made so far."""
    reward_temperature: float
    """The task's weight of an entropy bonus (see Task)."""

    def stream(self, name: str) -> torch.Generator:
        """Return this step's generator of that name: the same for every method at the same task, seed and step."""
        ...

    def side_pass(self, model: SequenceModel) -> AbstractContextManager[None]:
        """Evaluate a model without dropout: counted in the budget, and no shared random stream is touched."""
        ...

    def gold_positions(self, batch: Batch, gold_probability: float | Tensor, coin: Coin = "token") -> Tensor:
        """Decide where gold is fed, [B, T] bool: everywhere but at own positions, there by chance.

        The probability may differ by position, [B, T] or what broadcasts to it.
        """
        ...

    def roll_in(
        self,
        model: SequenceModel,
        batch: Batch,
        gold_probability: float | Tensor,
        coin: Coin = "token",
        decoding: Decoding = "sample",
        temperature: float = 1.0,
    ) -> Tensor:
        """Mix gold and own tokens [B, T], each own one drawn given the mixed prefix; no gradient flows through it.

        Gold is fed at `gold_positions`. Logits are divided by the temperature of a sample.
        """
        ...

    def parallel_roll_in(
        self,
        model: SequenceModel,
        batch: Batch,
        gold_probability: float,
        passes: int,
        coin: Coin = "token",
        decoding: Decoding = "sample",
        temperature: float = 1.0,
    ) -> Tensor:
        """Approach `roll_in` by so many parallel passes; as many as a row has own tokens give the same [B, T]."""
        ...

    def roll_out(self, model: SequenceModel, batch: Batch, decoding: Decoding = "sample") -> Output:
        """Let the model run freely on the batch's given tokens; no gradient."""
        ...

    def step_wise(self, model: SequenceModel, batch: Batch, feed: Feed, own: Tensor | None = None) -> Tensor:
        """Go through the columns one by one with gradient, feeding at each what `feed` makes of its logits.

        What is fed may be tokens [B], mixtures of tokens [B, V] or vectors [B, D]. `feed` is told where it is own: by
        default at all of the batch's own positions, else where `own` [B, T] says so. Returns the logits [B, T, V].
        """
        ...

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """The task's reward [B, T] of each own token; needs "reward"."""
        ...

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """The task's process [B, T, V], log-probabilities; needs "process"."""
        ...

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The task's expert [B, T, V], log-probabilities; needs "expert"."""
        ...

    def log(self, **figures: float) -> None:
        """Report figures of this update."""
        ...
