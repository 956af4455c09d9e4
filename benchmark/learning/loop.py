"""The one training loop.

Data order and initial weights depend on task, model and seed alone, so that methods are compared on the same footing.
All randomness comes from streams named by the update, so a run that stops and goes on from its state is the same run.
"""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from benchmark.contracts.baseline import Baseline
from benchmark.contracts.batch import Batch
from benchmark.contracts.context import Loss
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import seeded, stream
from benchmark.contracts.task import Task
from benchmark.errors import Diverged
from benchmark.learning.context import Origin, UpdateContext
from benchmark.settings import Budget, Optimisation

_LINES = 50  # of the log
_AT_ONCE = 8  # batches that are drawn together where all sequences are of one length


@dataclass
class Spent:
    """What training cost.

    Attributes:
        updates: steps of the optimiser.
        evaluations: tokens through the model, 1 forward and 3 with gradient, roll-outs counted; those through networks
            beside the model weighted by their parameters.
        tokens: valid tokens of the gold batches.
        cpu_seconds: process-CPU seconds inside updates (making the data is not counted).
        wall_seconds: of the whole loop.
    """

    updates: int = 0
    evaluations: int = 0
    tokens: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0


@dataclass(frozen=True)
class Training:
    """A trained model, what it cost, and one line of figures for each of about 50 updates."""

    model: SequenceModel
    spent: Spent
    log: list[dict[str, float]]


def build_model(
    model_class: type[SequenceModel], task: Task, knobs: dict, seed: int, replicate: int = 0
) -> SequenceModel:
    """Build a model with the initial weights of (task, model, seed), or others of a further replicate."""
    with seeded(*_origin(task, seed, replicate), "weights", model_class.name):
        return model_class(task.space, **knobs)


def _origin(task: Task, seed: int, replicate: int) -> Origin:
    return Origin(f"{task.name} again {replicate}" if replicate else task.name, seed)


def learning_rate(progress: float, settings: Optimisation) -> float:
    """Rise linearly during warm-up, then fall along a half cosine to the final share of the peak."""
    if progress < settings.warm_up:
        return settings.learning_rate * (progress + 1e-3) / (settings.warm_up + 1e-3)
    fall = (progress - settings.warm_up) / (1 - settings.warm_up)
    share = settings.final + (1 - settings.final) * 0.5 * (1 + math.cos(math.pi * fall))
    return settings.learning_rate * share


class Trainer:
    """Training of a model in place, update by update, until the budget is spent.

    Args:
        model: trained in place.
        replicate: other than 0 draws data in another order.
    """

    def __init__(
        self,
        model: SequenceModel,
        task: Task,
        baseline: Baseline,
        budget: Budget,
        settings: Optimisation,
        seed: int,
        replicate: int = 0,
    ) -> None:
        self.model, self.task, self.baseline = model, task, baseline
        self.budget, self.settings, self.origin = budget, settings, _origin(task, seed, replicate)
        self.within = self.origin  # names the streams of what is drawn within an update
        self.spent, self.log, self.counted = Spent(), [], model.evaluations
        self.block: tuple[int, Batch] | None = None  # a number, and several batches
        baseline.build(model, stream(*self.origin, "build"))
        self.parameters = [*model.parameters(), *baseline.parameters()]
        self.optimiser = torch.optim.AdamW(
            self.parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)
        )

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, in [0, 1]."""
        return self.budget.progress(self.spent.updates, self.spent.evaluations)

    def run(
        self,
        observe: Callable[[float], None] = lambda progress: None,
        report: Callable[[Mapping[str, float]], None] = lambda line: None,
    ) -> Training:
        """Train until the budget is spent.

        Args:
            observe: called with the progress before each update.
            report: called with each line of the log as it is made.

        Raises:
            Diverged: if the objective or the gradient leaves the finite numbers, with the step and the value.
        """
        started = time.perf_counter() - self.spent.wall_seconds
        while (progress := self.progress) < 1:
            observe(progress)
            lines = len(self.log)
            self.update()
            for line in self.log[lines:]:
                report(line)
            self.spent.wall_seconds = time.perf_counter() - started
        return Training(self.baseline.deployed(self.model).eval(), self.spent, self.log)

    def update(self) -> None:
        """Draw a batch and take one step of the optimiser."""
        step, progress = self.spent.updates, self.progress
        batch = self._batch(step).to(self.model.device)
        self.model.train()
        self.model.noise = stream(*self.within, "dropout", step)
        ctx = UpdateContext(self.task, self.within, step, progress)
        began = time.process_time()
        with self._precision():
            loss = self.loss(batch, ctx)
        loss, norm = self._descend(loss, learning_rate(progress, self.settings))
        self.baseline.after_update(self.model)
        self.spent.cpu_seconds += time.process_time() - began
        self.spent.updates += 1
        self.spent.evaluations = self.evaluations()
        self.spent.tokens += int(batch.valid.sum())
        if progress >= len(self.log) / _LINES:
            figures = {"update": self.spent.updates, "objective": loss.objective.item(), "nll": loss.nll}
            self.log.append(figures | {"gradient_norm": norm} | loss.parts | ctx.figures)

    def _batch(self, step: int) -> Batch:
        """Draw the batch of an update; sequences of one length come several batches at once, at the price of one."""
        shortest, longest = self.task.curve.trained
        at_once, size = (_AT_ONCE if shortest == longest else 1), self.settings.batch
        number, place = divmod(step, at_once)
        if self.block is None or self.block[0] != number:
            order = stream(*self.origin, "order", number)
            self.block = number, self.task.sample("train", at_once * size, self.task.curve.trained, order)
        return self.block[1].select(slice(place * size, (place + 1) * size))

    def _precision(self) -> AbstractContextManager[Any]:
        if self.settings.precision == "float32":
            return nullcontext()
        # without a cache: what a roll-out has cast without gradient is of no use to the pass that follows
        return torch.autocast(self.model.device.type, torch.bfloat16, cache_enabled=False)

    def loss(self, batch: Batch, ctx: UpdateContext) -> Loss:
        """The method's loss of a batch."""
        return self.baseline.loss(self.model, batch, ctx)

    def differentiate(self, loss: Loss) -> Loss:
        """Give each parameter its gradient, and return the loss."""
        loss.objective.backward()
        return loss

    def evaluations(self) -> int:
        """Tokens through the model, and through networks beside it."""
        return self.model.evaluations - self.counted + self.baseline.evaluations(self.model)

    def _descend(self, loss: Loss, rate: float) -> tuple[Loss, float]:
        """Take one step and return the loss and the gradient's norm before clipping."""
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.differentiate(loss)
        if not math.isfinite(loss.objective.item()):
            raise Diverged(f"the objective is {loss.objective.item()} at update {self.spent.updates}")
        norm = float(nn.utils.clip_grad_norm_(self.parameters, self.settings.clip))
        if not math.isfinite(norm):
            raise Diverged(f"the gradient's norm is {norm} at update {self.spent.updates}")
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        return loss, norm

    def state_dict(self) -> dict[str, Any]:
        """Return all that it takes to go on from here: tensors, numbers and words alone."""
        return {
            "model": self.model.state_dict(),
            "noise": self.model.noise.get_state(),  # an update draws it anew; who observes in between goes on with it
            "optimiser": self.optimiser.state_dict(),
            "baseline": self.baseline.state_dict(),
            "counted": self.counted,
            "spent": asdict(self.spent),
            "log": [dict(line) for line in self.log],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.model.load_state_dict(state["model"])
        self.model.noise = torch.Generator()
        self.model.noise.set_state(state["noise"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.baseline.load_state_dict(state["baseline"])
        self.counted, self.spent, self.log = state["counted"], Spent(**state["spent"]), list(state["log"])


def train(
    model: SequenceModel,
    task: Task,
    baseline: Baseline,
    budget: Budget,
    settings: Optimisation,
    seed: int,
    observe: Callable[[float], None] = lambda progress: None,
    replicate: int = 0,
) -> Training:
    """Train a model in place until the budget is spent; see `Trainer`."""
    return Trainer(model, task, baseline, budget, settings, seed, replicate).run(observe)
