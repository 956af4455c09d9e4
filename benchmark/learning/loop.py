"""The one training loop.

Data order and initial weights depend on task, model and seed alone, so that methods are compared on the same footing.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import nn

from benchmark.contracts.baseline import Baseline, Loss
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import seeded, stream
from benchmark.contracts.task import Task
from benchmark.errors import Diverged
from benchmark.learning.context import Origin, UpdateContext
from benchmark.settings import Budget, Optimisation


@dataclass
class Spent:
    """What training cost.

    Attributes:
        updates: steps of the optimiser.
        evaluations: tokens through the model, 1 forward and 3 with gradient, roll-outs counted.
        tokens: valid tokens of the gold batches.
        cpu_seconds: process-CPU seconds inside updates (making the data is not counted).
        wall_seconds: of the whole loop.
    """

    updates: int = 0
    evaluations: int = 0
    tokens: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0


@dataclass
class Training:
    """A trained model, what it cost, and one line of figures for each of about 50 updates."""

    model: SequenceModel
    spent: Spent
    log: list[dict[str, float]] = field(default_factory=list)


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
    """Train a model in place until the budget is spent.

    Args:
        model: trained in place.
        observe: called with the progress in [0, 1] before each update.
        replicate: other than 0 draws data in another order.

    Raises:
        Diverged: if the objective or the gradient leaves the finite numbers, with the step and the value.
    """
    origin = _origin(task, seed, replicate)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)
    )
    spent, log, counted = Spent(), [], model.evaluations
    started, next_line = time.perf_counter(), 0.0
    model.train()
    while (progress := budget.progress(spent.updates, spent.evaluations)) < 1:
        observe(progress)
        batch = task.sample("train", settings.batch, task.curve.trained, stream(*origin, "order", spent.updates))
        model.noise = stream(*origin, "dropout", spent.updates)
        ctx = UpdateContext(task, origin, spent.updates, progress)
        began = time.process_time()
        loss = baseline.loss(model, batch, ctx)
        norm = _update(model, optimiser, loss, learning_rate(progress, settings), settings.clip, spent.updates)
        spent.cpu_seconds += time.process_time() - began
        spent.updates += 1
        spent.evaluations = model.evaluations - counted
        spent.tokens += int(batch.valid.sum())
        if progress >= next_line:
            next_line += 0.02
            log.append(
                {
                    "update": spent.updates,
                    "objective": loss.objective.item(),
                    "nll": loss.nll,
                    "gradient_norm": norm,
                    **loss.parts,
                    **ctx.figures,
                }
            )
    spent.wall_seconds = time.perf_counter() - started
    model.eval()
    return Training(model, spent, log)


def _update(
    model: nn.Module, optimiser: torch.optim.Optimizer, loss: Loss, rate: float, clip: float, step: int
) -> float:
    """Take one step and return the gradient's norm before clipping."""
    if not math.isfinite(loss.objective.item()):
        raise Diverged(f"the objective is {loss.objective.item()} at update {step}")
    optimiser.zero_grad(set_to_none=True)
    loss.objective.backward()
    norm = float(nn.utils.clip_grad_norm_(model.parameters(), clip))
    if not math.isfinite(norm):
        raise Diverged(f"the gradient's norm is {norm} at update {step}")
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    return norm
