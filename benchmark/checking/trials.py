"""Short trainings of a method."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.checking.probes import probe, probes
from benchmark.contracts.baseline import Baseline
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.registry import Registry
from benchmark.contracts.task import Task
from benchmark.learning.loop import Trainer, build_model
from benchmark.settings import Budget, Optimisation

UPDATES = 10
_ROWS = 4


@dataclass(frozen=True)
class Trial:
    """A method that is to be tried on a model."""

    registry: Registry
    method: type[Baseline]
    model: type[SequenceModel]

    @property
    def task(self) -> str:
        """The main task on which it is tried."""
        return probes(self.registry, self.method())[0]

    def trainer(
        self,
        knobs: dict[str, Any] | None = None,
        *,
        method: type[Baseline] | None = None,
        task: Task | str | None = None,
        dropout: float = 0.0,
        double: bool = False,
        seed: int = 0,
    ) -> Trainer:
        """Get ready to train: by this method or another one, for ten updates."""
        if not isinstance(task, Task):
            task = probe(self.registry, task or self.task, double)
        model = build_model(self.model, task, {"width": 8, "dropout": dropout}, seed)
        baseline = (method or self.method)(**(knobs or {}))
        settings = Optimisation(batch=_ROWS, learning_rate=1e-2)
        return Trainer(model.double() if double else model, task, baseline, Budget(updates=UPDATES), settings, seed)

    def weights(self, knobs: dict[str, Any] | None = None, **others: Any) -> Tensor:
        """Weights of the deployed model after ten updates, flat."""
        return flat(self.trainer(knobs, **others).run().model)


def flat(network: nn.Module) -> Tensor:
    """All weights of a network in one row."""
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])
