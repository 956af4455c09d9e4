"""Networks that a method learns or keeps beside the model: critics, reward models, discriminators, earlier weights.

Axes: B batch, T time (columns), E features, N outputs of a scorer.
"""

import copy
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Space
from benchmark.contracts.streams import seeded

M = TypeVar("M", bound=nn.Module)


def fresh_model(
    model: SequenceModel, stream: torch.Generator, space: Space | None = None, **knobs: Any
) -> SequenceModel:
    """Build another model of the same kind with weights of its own; `space` and `knobs` may differ from the model's."""
    with seeded(int(torch.randint(2**62, (), generator=stream))):
        made = type(model)(space or model.space, **(model.knobs | knobs))
    return made.to(next(model.parameters()))


def frozen_copy(model: SequenceModel) -> SequenceModel:
    """Copy a model: without gradient, without dropout, and with a count of evaluations of its own."""
    made = copy.deepcopy(model).requires_grad_(False).eval()
    made.evaluations = 0
    return made


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Give one network the weights of another."""
    average_weights(source, target, 0.0)


@torch.no_grad()
def average_weights(source: nn.Module, target: nn.Module, decay: float) -> None:
    """Move the target's weights towards the source's: decay * target + (1 - decay) * source."""
    for new, kept in zip(source.parameters(), target.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)


class Start(nn.Module):
    """The model as it was when a phase of training began.

    Attributes:
        model: its frozen copy.
    """

    def __init__(self, model: SequenceModel) -> None:
        super().__init__()
        self.model = frozen_copy(model)
        self.register_buffer("taken", torch.tensor(False))

    taken: Tensor

    def take(self, model: SequenceModel) -> SequenceModel:
        """Copy the weights the first time, and return the copy."""
        if not self.taken:
            copy_weights(model, self.model)
            self.taken.fill_(True)
        return self.model


class Scorer(nn.Module):
    """A sequence model with numbers at each column in place of logits.

    Args:
        trunk: a model of its own, whose head is not used.
        outputs: numbers at each column, N.
    """

    def __init__(self, trunk: SequenceModel, stream: torch.Generator, outputs: int = 1) -> None:
        super().__init__()
        self.trunk = trunk.train(False)
        with seeded(int(torch.randint(2**62, (), generator=stream))):
            self.output = nn.Linear(trunk.width, outputs).to(next(trunk.parameters()))

    def before(self, tokens: Tensor) -> Tensor:
        """Numbers [B, T, N] at each column, which know the tokens [B, T] before it."""
        return self.output(self.trunk.hidden(tokens))

    def after(self, tokens: Tensor) -> Tensor:
        """Numbers [B, T, N] at each column, which know its token too."""
        extended = torch.cat([tokens, tokens[:, :1]], 1)  # [B, T + 1], of which the last is not read
        return self.before(extended)[:, 1:]


class Learner(Generic[M]):
    """A network beside the model, with an optimiser of its own.

    Args:
        module: what is learned.
        learning_rate: of AdamW.
    """

    def __init__(self, module: M, learning_rate: float) -> None:
        self.module = module
        self.optimiser = torch.optim.AdamW(module.parameters(), lr=learning_rate)

    @property
    def untrained(self) -> bool:
        """Whether it has never been updated."""
        return not self.optimiser.state

    def step(self, objective: Tensor) -> None:
        """Minimise; the gradient goes to this network alone."""
        parameters = list(self.module.parameters())
        gradients = torch.autograd.grad(objective, parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """Weights and the optimiser's state."""
        return {"module": self.module.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.module.load_state_dict(state["module"])
        self.optimiser.load_state_dict(state["optimiser"])
