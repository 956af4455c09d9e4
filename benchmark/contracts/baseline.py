"""How it is learned: a loss and its knobs."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from benchmark.contracts.batch import Batch
from benchmark.contracts.context import Context, Loss
from benchmark.contracts.knobs import Configurable
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Continuous
from benchmark.contracts.task import CAPABILITIES, Task
from benchmark.errors import unknown_name

TrainingPath = Literal["parallel", "k passes", "step-wise"]
SPACES = ("discrete", "continuous")


@dataclass(frozen=True)
class Reduction:
    """At some values of its knobs a method is another one.

    Attributes:
        to: the other method.
        at: this method's knobs.
        there: the other method's knobs.
        same_operations: whether the weights are then equal bit for bit; else to 1e-10 in float64.
        space: where it holds, "" for everywhere.
    """

    to: str
    at: Mapping[str, Any] = field(default_factory=dict)
    there: Mapping[str, Any] = field(default_factory=dict)
    same_operations: bool = True
    space: Literal["", "discrete", "continuous"] = ""


class Baseline(Configurable, ABC):
    """A way of training. A subclass declares the attributes and the knobs, and computes the loss of a batch.

    Whatever a method keeps from one update to the next is an attribute with `state_dict` and `load_state_dict` (a
    module, a `Learner`, a `RunningMean`), so that training can stop and go on.

    Attributes:
        path: how it passes through the model: in parallel, in a few parallel passes, or token by token.
        needs: what the task must have ("reward", "process", "expert", "correct") and which space it must be in
            ("discrete", "continuous"); a task without it is not applicable.
        reduces_to: what it is at which values of its knobs.
        citation: BibTeX.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    path: ClassVar[TrainingPath]
    needs: tuple[str, ...] = ()
    reduces_to: ClassVar[tuple[Reduction, ...]] = ()
    citation: ClassVar[str] = ""

    def __init__(self, **knobs: Any) -> None:
        self.configure(knobs)

    def lacks(self, task: Task) -> tuple[str, ...]:
        """Return what this method, with its knobs, needs and the task has not.

        Raises:
            UsageError: if it needs something that no task can have.
        """
        return tuple(need for need in self.needs if not _offers(task, need))

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        """Make what is learned or kept beside the model, before the first update; new weights come from the stream."""

    @abstractmethod
    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        """Compute the loss of one batch of gold sequences."""

    def parameters(self) -> Iterable[nn.Parameter]:
        """Parameters beside the model's that the same optimiser trains."""
        return ()

    def after_update(self, model: SequenceModel) -> None:
        """Follow the model, whose weights have just been updated."""

    def deployed(self, model: SequenceModel) -> SequenceModel:
        """Return the model that is to be evaluated; the trained one, if a method does not say otherwise."""
        return model

    def evaluations(self, model: SequenceModel) -> int:
        """Tokens passed through networks beside the model, weighted by their parameters over the model's."""
        spent = sum(network.evaluations * network.size for network in self._networks())
        return round(spent / model.size)

    def state_dict(self) -> dict[str, Any]:
        """Return all that is kept from one update to the next."""
        return {name: part.state_dict() for name, part in self._kept()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; `build` has been called."""
        for name, part in self._kept():
            part.load_state_dict(state[name])

    def _kept(self) -> Iterator[tuple[str, Any]]:
        return ((name, part) for name, part in vars(self).items() if hasattr(part, "state_dict"))

    def _networks(self) -> set[SequenceModel]:
        kept = (getattr(part, "module", part) for _, part in self._kept())
        modules = (module for part in kept if isinstance(part, nn.Module) for module in part.modules())
        return {module for module in modules if isinstance(module, SequenceModel)}


def _offers(task: Task, need: str) -> bool:
    if need in SPACES:
        return (need == "continuous") == isinstance(task.space, Continuous)
    if need not in CAPABILITIES:
        raise unknown_name("need of a method", need, (*CAPABILITIES, *SPACES))
    return task.has(need)
