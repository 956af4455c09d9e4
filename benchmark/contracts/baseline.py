"""How it is learned: a loss and its knobs.

Axes: B batch, T time, V vocabulary.
"""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.knobs import Configurable
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.task import Decoding

TrainingPath = Literal["parallel", "k passes", "step-wise"]
Coin = Literal["token", "sequence"]


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

    def roll_in(
        self,
        model: SequenceModel,
        batch: Batch,
        gold_probability: float,
        coin: Coin = "token",
        decoding: Decoding = "sample",
    ) -> Tensor:
        """Mix gold and own tokens [B, T], each own one drawn given the mixed prefix; no gradient flows through it."""
        ...

    def roll_out(self, model: SequenceModel, batch: Batch, decoding: Decoding = "sample") -> Output:
        """Let the model run freely on the batch's given tokens; no gradient."""
        ...

    def unroll(self, model: SequenceModel, batch: Batch, gold_share: float) -> Tensor:
        """In a continuous space: feed a mixture of gold and the model's own vectors, with gradient through the latter.

        Returns the predictions [B, T, 2 D]; share 1 is teacher forcing, 0 free running.
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


class Baseline(Configurable, ABC):
    """A way of training. A subclass declares the attributes and the knobs, and computes the loss of a batch.

    Attributes:
        path: how it passes through the model: in parallel, in a few parallel passes, or token by token.
        needs: what the task must have ("reward", "process", "expert"); a task without it is not applicable.
        reduces_to: `{other method: knob values at which this one is it}`.
        citation: BibTeX.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    path: ClassVar[TrainingPath]
    needs: ClassVar[tuple[str, ...]] = ()
    reduces_to: ClassVar[dict[str, dict[str, Any]]] = {}
    citation: ClassVar[str] = ""

    def __init__(self, **knobs: Any) -> None:
        self.configure(knobs)

    @abstractmethod
    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        """Compute the loss of one batch of gold sequences."""
