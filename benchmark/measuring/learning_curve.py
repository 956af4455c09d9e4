"""How fast a method learns, and how noisy its gradient is, observed while it trains.

What is measured here is counted in no budget and touches no stream of the training.

Axes: B batch, T time (columns), G gradients, N parameters.
"""

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmark.contracts.baseline import Baseline
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Task
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.free_running import Draw
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.quality import figure_of, finite
from benchmark.measuring.runs import run_freely
from benchmark.settings import Optimisation
from benchmark.values import Point

_CHECKPOINTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # shares of the budget; the end is added by `finish`
_FRACTIONS = (0.5, 0.9)  # of the way from floor to ceiling
_ROWS = 64
_GRADIENTS = 8


@dataclass
class LearningCurve:
    """Free-running quality on validation data at geometric shares of the budget; gradient noise at its half.

    Called with the progress before each update.

    Attributes:
        reached: updates, model evaluations of training and quality at each checkpoint.
        noise: trace of the gradient's covariance over its squared mean norm; None until half of training.
        cpu_seconds: that measuring took.
    """

    model: SequenceModel
    task: Task
    baseline: Baseline
    settings: Optimisation
    seed: int
    reached: list[tuple[int, int, float]] = field(default_factory=list)
    noise: float | None = None
    updates: int = 0
    cpu_seconds: float = 0.0

    def __call__(self, progress: float) -> None:
        """Measure where a checkpoint has been passed."""
        began = time.process_time()
        if len(self.reached) < len(_CHECKPOINTS) and progress >= _CHECKPOINTS[len(self.reached)]:
            self._measure()
        if self.noise is None and progress >= 0.5:
            counted = self.model.evaluations
            self.noise = gradient_noise(self.model, self.task, self.baseline, self.settings, self.seed, progress)
            self.model.evaluations = counted
        self.updates += 1
        self.cpu_seconds += time.process_time() - began

    def _measure(self) -> None:
        model = self.baseline.deployed(self.model)
        counted, was_training = model.evaluations, model.training
        batch = self.task.sample(
            "validation", _ROWS, self.task.curve.trained, stream(self.task.name, self.seed, "curve")
        )
        with torch.inference_mode():
            model.eval()
            draw = Draw(self.task.decoding, stream(self.task.name, self.seed, "curve", "draw"))
            output = run_freely(model, self.task, batch, draw)
            quality = figure_of(self.task.metric, [self.task.score(batch, output)])
        model.train(was_training)
        model.evaluations = counted
        self.reached.append((self.updates, self._spent(), quality))

    def _spent(self) -> int:
        return self.model.evaluations + self.baseline.evaluations(self.model)

    def finish(self) -> None:
        """Measure once more, after the last update."""
        began = time.process_time()
        self._measure()
        self.cpu_seconds += time.process_time() - began

    def state_dict(self) -> dict[str, Any]:
        """Return all that it takes to go on from here."""
        spent = {"cpu_seconds": self.cpu_seconds}
        return {"reached": list(self.reached), "noise": self.noise, "updates": self.updates} | spent

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.reached, self.noise, self.updates = list(state["reached"]), state["noise"], state["updates"]
        self.cpu_seconds = state["cpu_seconds"]

    def put_into(self, result: Evaluated) -> None:
        """Enter the curve over updates, what it took to reach fractions of the ceiling, and the noise."""
        result.curves["learning"] = [
            Point(low=updates, high=updates, value=finite(q)) for updates, _, q in self.reached
        ]
        for fraction in _FRACTIONS:
            updates, evaluations, reason = self._first_at(fraction)
            name = f"{100 * fraction:.0f}_percent"
            result.put(f"updates_to_{name}", updates, "updates", "lower", reason)
            result.put(f"evaluations_to_{name}", evaluations, "model evaluations", "lower", reason)
        missing = "the gradient was zero" if self.noise is not None else "training ended before its half"
        noise = float("nan") if self.noise is None else self.noise
        result.put("gradient_noise", noise, "trace of covariance over squared mean norm", "lower", missing)

    def _first_at(self, fraction: float) -> tuple[float, float, str]:
        """The first checkpoint at this fraction of the way from floor to ceiling, or why there is none."""
        floor, ceiling = self.task.floor, self.task.ceiling
        if floor is None or ceiling is None:
            return float("nan"), float("nan"), "the task has no floor and ceiling"
        for updates, evaluations, quality in self.reached:
            if (quality - floor) / (ceiling - floor) >= fraction:
                return updates, evaluations, ""
        return float("nan"), float("nan"), "not reached at a checkpoint"


def gradient_noise(model: SequenceModel, task: Task, baseline: Baseline, settings: Optimisation, seed: int,
                   progress: float) -> float:  # fmt: skip
    """Estimate tr Cov(g) / |E g|^2 of one update's gradient g, from independent batches at fixed weights.

    |mean of G gradients|^2 overestimates |E g|^2 by tr Cov(g) / G, which is taken off. Infinite where nothing is left.
    """
    origin, method = Origin(f"{task.name} gradient noise", seed), copy.deepcopy(baseline)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rows = []
    for index in range(_GRADIENTS):
        batch = task.sample("train", settings.batch, task.curve.trained, stream(*origin, "order", index))
        batch = batch.to(model.device)
        loss = method.loss(model, batch, UpdateContext(task, origin, index, progress))
        parts = torch.autograd.grad(loss.objective, parameters, allow_unused=True, materialize_grads=True)
        rows.append(torch.cat([part.flatten() for part in parts]).double())
    gradients = torch.stack(rows)  # [G, N]
    trace = float(gradients.var(0).sum())
    signal = float(gradients.mean(0).square().sum()) - trace / _GRADIENTS
    return trace / signal if signal > 0 else float("inf")
