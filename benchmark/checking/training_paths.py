"""One update of each training path, and generation, on random symbols.

The losses are those of the baselines themselves: what is timed is what trains.
"""

from collections.abc import Callable
from typing import Any

import psutil
import torch

from benchmark.checking.machine import bytes_read_per_column
from benchmark.checking.peers.policy_gradient import SAMPLES
from benchmark.checking.symbols import Symbols
from benchmark.contracts.baseline import Baseline
from benchmark.contracts.batch import Batch
from benchmark.contracts.context import Loss
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.registry import Registry
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Task
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.free_running import Draw, flip_coins, roll_out
from benchmark.learning.loop import build_model
from benchmark.learning.step_wise import step_wise_nll

SIZES: dict[str, dict[str, Any]] = {
    "transformer": {"width": 128, "layers": 4, "heads": 4},
    "lstm": {"width": 256},
    "gru": {"width": 256},
}
"""Knobs of the models that are timed; a model that is not named has its defaults."""

PATHS = (
    "teacher_forcing",
    "scheduled_sampling_two_phase",
    "scheduled_sampling_passes",
    "scheduled_sampling_stepwise",
    "reinforce",
    "generation",
)
_GOLD_PROBABILITY = 0.5
_MEMORY_SHARE = 0.6  # of what is free, that the graph of the step-wise loop may take

Update = Callable[[], object]


def prepare(model_class: type[SequenceModel], length: int, batch_size: int) -> tuple[SequenceModel, Task, Batch]:
    """Build a model of the size that is timed, and random symbols for it."""
    task = Symbols()
    model = build_model(model_class, task, SIZES.get(model_class.name, {}), seed=0)
    return model, task, task.sample("train", batch_size, (length, length), stream(task.name, "throughput"))


def training_updates(model: SequenceModel, task: Task, batch: Batch) -> dict[str, Update]:
    """One update of each path, by its name in `PATHS`."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    registry = Registry()

    def learn(objective: torch.Tensor) -> None:
        optimiser.zero_grad(set_to_none=True)
        objective.backward()
        optimiser.step()

    def by_baseline(name: str, **knobs: Any) -> Update:
        baseline: Baseline = registry.baseline(name)(**knobs)

        def update() -> None:
            loss: Loss = baseline.loss(model, batch, UpdateContext(task, Origin(task.name, 0), step=0, progress=0.5))
            learn(loss.objective)

        return update

    def step_wise() -> None:
        gold = flip_coins(batch, _GOLD_PROBABILITY, "token", stream("coin"))
        learn(step_wise_nll(model, batch, gold, Draw("sample", stream("draw")))[0])

    mixed = {"schedule": "constant", "end": _GOLD_PROBABILITY}
    updates = {
        "teacher_forcing": by_baseline("teacher_forcing"),
        "scheduled_sampling_two_phase": by_baseline("scheduled_sampling", **mixed),
        "scheduled_sampling_passes": by_baseline("parallel_scheduled_sampling", **mixed),
        "scheduled_sampling_stepwise": step_wise,
        "reinforce": by_baseline("reinforce", warm_start=0.0, samples=SAMPLES),
        "generation": lambda: roll_out(model, task, batch, Draw("sample", stream("draw"))),
    }
    return {path: updates[path] for path in PATHS}


def does_not_fit(model: SequenceModel, batch: Batch) -> str:
    """Why the graph of the step-wise loop would not fit, or "": a transformer keeps its whole cache at each step."""
    rows, columns = batch.tokens.shape
    needed = bytes_read_per_column(model, rows) * columns * (columns + 1) // 2
    free = psutil.virtual_memory().available
    if needed <= _MEMORY_SHARE * free:
        return ""
    return f"its graph needs {needed / 2**30:.1f} GiB of the {free / 2**30:.1f} GiB that are free"
