"""What can be seen of a training from outside: the passes through networks, the mixtures, the data that are drawn.

Axes: B batch, T time.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmark.checking.conformance import Failed
from benchmark.contracts.batch import Batch
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.task import Task
from benchmark.learning.context import UpdateContext


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Replace an attribute of a class for a while."""
    own, before = name in vars(owner), getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


@dataclass
class Passes:
    """What went through a model and the networks of its kind beside it.

    Attributes:
        with_gradient: tokens [B, T] of the model's parallel passes with gradient, in their order.
        evaluations: tokens, 1 forward and 3 with gradient, weighted by the parameters of the network.
        parallel: the model's passes over whole sequences.
        steps: of the model and the networks beside it.
    """

    with_gradient: list[Tensor] = field(default_factory=list)
    evaluations: float = 0.0
    parallel: int = 0
    steps: int = 0


@contextmanager
def watched_passes(model: SequenceModel) -> Iterator[Passes]:
    """Watch what is really computed, below all that counts."""
    seen, kind, size = Passes(), type(model), model.size
    advance, hidden, step = kind.advance, kind.hidden, kind.step

    def watched_advance(self: SequenceModel, inputs: Tensor, state: Any) -> Any:
        tokens = inputs.shape[0] * inputs.shape[1]
        seen.evaluations += tokens * (3 if torch.is_grad_enabled() else 1) * self.size / size
        return advance(self, inputs, state)

    def watched_hidden(self: SequenceModel, tokens: Tensor) -> Tensor:
        seen.parallel += self is model
        if self is model and torch.is_grad_enabled():
            seen.with_gradient.append(tokens.detach().clone())
        return hidden(self, tokens)

    def watched_step(self: SequenceModel, token: Tensor, state: Any) -> Any:
        seen.steps += 1
        return step(self, token, state)

    with ExitStack() as stack:
        watched = {"advance": watched_advance, "hidden": watched_hidden, "step": watched_step, "stepper": _as_it_is}
        for name, value in watched.items():
            stack.enter_context(replaced(kind, name, value))
        yield seen


def _as_it_is(model: SequenceModel) -> SequenceModel:
    """No faster path stands in for a model that is watched."""
    return model


class Mixture(NamedTuple):
    """What was rolled in once.

    Attributes:
        batch: the gold sequences.
        probability: of feeding gold, as it was asked for, [B, T].
        gold: where gold was fed, [B, T] bool.
        fed: the result, [B, T] or [B, T, D].
    """

    batch: Batch
    probability: Tensor
    gold: Tensor
    fed: Tensor


@contextmanager
def watched_mixtures() -> Iterator[list[Mixture]]:
    """Watch the roll-ins of a context in which the model has a part."""
    mixtures: list[Mixture] = []
    masks: list[Tensor] = []
    positions = UpdateContext.gold_positions

    def watched_positions(*arguments: Any) -> Tensor:
        masks.append(positions(*arguments))
        return masks[-1]

    def watched(roll: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def call(ctx: UpdateContext, model: SequenceModel, batch: Batch, gold_probability: Any, *rest: Any,
                 **named: Any) -> Tensor:  # fmt: skip
            fed = roll(ctx, model, batch, gold_probability, *rest, **named)
            asked = torch.as_tensor(gold_probability, dtype=torch.float64).expand(batch.own.shape)  # [B, T]
            if not bool(masks[-1].all()):
                mixtures.append(Mixture(batch, asked, masks[-1], fed.clone()))
            return fed

        return call

    with ExitStack() as stack:
        stack.enter_context(replaced(UpdateContext, "gold_positions", watched_positions))
        for name in ("roll_in", "parallel_roll_in"):
            stack.enter_context(replaced(UpdateContext, name, watched(getattr(UpdateContext, name))))
        yield mixtures


@contextmanager
def training_data_only(task: Task) -> Iterator[None]:
    """Let nobody draw other than training data of a task's class, in whatever way he came by it."""
    kind, sample = type(task), type(task).sample

    def guarded(self: Task, split: str, *rest: Any) -> Batch:
        if split != "train":
            raise Failed(f"it draws {split} data while it trains; all that it may use is the batch that it is given")
        return sample(self, "train", *rest)

    with replaced(kind, "sample", guarded):
        yield
