"""Tokens per second of the parallel and the step-wise training paths.

The losses are those of the baselines themselves, on random symbols: what is timed is what trains.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil
import torch

from benchmark.checking.machine import flops_per_evaluation, gemm_peak
from benchmark.checking.peers import peer_updates
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
from benchmark.models.fast_linear import backend

SIZES: dict[str, dict[str, Any]] = {
    "transformer": {"width": 128, "layers": 4, "heads": 4},
    "lstm": {"width": 256},
    "gru": {"width": 256},
}
"""Knobs of the models that are timed; a model that is not named has its defaults."""

_GOLD_PROBABILITY = 0.5
_MEMORY_SHARE = 0.6  # of what is free, that the graph of the step-wise loop may take

Row = dict[str, Any]
Update = Callable[[], object]


def measure(
    models: Sequence[type[SequenceModel]],
    lengths: Sequence[int],
    tokens: int,
    repeats: int,
    report: Callable[[str], None] = lambda line: None,
    peers: bool = False,
) -> list[Row]:
    """Time one update of each path, for each model and length; on one thread.

    Args:
        peers: whether other libraries' transformers of the same size are timed beside the suite's own.

    Returns:
        Rows of model, path, length, batch, tokens per CPU-second (median, least and greatest), CPU-milliseconds per
        update, cost over teacher forcing (a ratio of medians, > 1 is slower), FLOP per CPU-second and its share of the
        peak of matrix products in the same run, and what computed the linear layers. A path that would not fit in
        memory has None and a reason.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows, peak = [], gemm_peak()
        for model_class in models:
            beside = peers and model_class.name == "transformer"
            for length in lengths:
                with torch.random.fork_rng(devices=[]):  # peers draw from the global generator
                    rows += _measure_one(model_class, length, max(tokens // length, 1), repeats, peak, beside)
                report(f"timed {model_class.name} at length {length}")
        return rows
    finally:
        torch.set_num_threads(threads)


def _measure_one(
    model_class: type[SequenceModel], length: int, batch_size: int, repeats: int, peak: float, peers: bool
) -> list[Row]:
    task = Symbols()
    model, batch = _prepare(model_class, task, length, batch_size)
    updates = _updates(model, task, batch)
    if peers:
        updates |= peer_updates(batch, task.space.size, SIZES["transformer"])
    reasons = {"scheduled_sampling_stepwise": _does_not_fit(model, batch)}
    timed: dict[str, list[float]] = {path: [] for path in updates if not reasons.get(path)}
    evaluations: dict[str, int] = {}
    for repeat in range(repeats + 1):
        for path in timed:  # interleaved, so that a slow minute of the machine meets all alike
            began, counted = time.process_time(), model.evaluations
            updates[path]()
            evaluations[path] = model.evaluations - counted
            if repeat:  # the first warms up
                timed[path].append(time.process_time() - began)
    reference = statistics.median(timed["teacher_forcing"])
    each = flops_per_evaluation(model, length)
    return [
        _row(model, path, batch, timed.get(path), reference, reasons.get(path, ""))
        | _work(each * evaluations.get(path, 0), timed.get(path), peak)
        for path in updates
    ]


def _work(flops: float, seconds: list[float] | None, peak: float) -> Row:
    """FLOP per CPU-second of an update, and its share of what a product of large matrices reaches in the same run."""
    rate = flops / statistics.median(seconds) if seconds and flops else None  # peers' evaluations are not counted
    share = None if rate is None else rate / peak
    return {"flop_per_cpu_second": rate, "share_of_gemm_peak": share, "gemm_peak": peak, "linear": backend()}


def training_updates(model_class: type[SequenceModel], length: int, batch_size: int) -> dict[str, Update]:
    """One update of each path on random symbols, by the path's name; also generation."""
    task = Symbols()
    model, batch = _prepare(model_class, task, length, batch_size)
    return _updates(model, task, batch)


def _prepare(model_class: type[SequenceModel], task: Task, length: int, batch_size: int) -> tuple[SequenceModel, Batch]:
    model = build_model(model_class, task, SIZES.get(model_class.name, {}), seed=0)
    return model, task.sample("train", batch_size, (length, length), stream(task.name, "throughput"))


def _updates(model: SequenceModel, task: Task, batch: Batch) -> dict[str, Update]:
    """One update of each path, by name."""
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

    return {
        "teacher_forcing": by_baseline("teacher_forcing"),
        "scheduled_sampling_two_phase": by_baseline("scheduled_sampling", schedule="constant", end=_GOLD_PROBABILITY),
        "scheduled_sampling_passes": by_baseline(
            "parallel_scheduled_sampling", schedule="constant", end=_GOLD_PROBABILITY
        ),
        "scheduled_sampling_stepwise": step_wise,
        "reinforce": by_baseline("reinforce", warm_start=0.0),
        "generation": lambda: roll_out(model, task, batch, Draw("sample", stream("draw"))),
    }


def _does_not_fit(model: SequenceModel, batch: Batch) -> str:
    """Why the graph of the step-wise loop would not fit, or "": a transformer keeps its whole cache at each step."""
    if model.name != "transformer":
        return ""
    rows, columns = batch.tokens.shape
    layers = int(model.knobs["layers"])
    needed = 4 * 2 * layers * model.width * rows * columns * (columns + 1) // 2  # float32 keys and values
    free = psutil.virtual_memory().available
    if needed <= _MEMORY_SHARE * free:
        return ""
    return f"its graph needs {needed / 2**30:.1f} GiB of the {free / 2**30:.1f} GiB that are free"


def _row(
    model: SequenceModel, path: str, batch: Batch, seconds: list[float] | None, reference: float, reason: str
) -> Row:
    rows, columns = batch.tokens.shape
    row: Row = {"model": model.name, "path": path, "length": columns, "batch": rows}
    count = rows * columns
    if not seconds:
        return row | {"tokens_per_cpu_second": None, "cost_over_teacher_forcing": None, "reason": reason}
    middle = statistics.median(seconds)
    return row | {
        "tokens_per_cpu_second": count / middle,
        "tokens_per_cpu_second_least": count / max(seconds),
        "tokens_per_cpu_second_greatest": count / min(seconds),
        "cpu_milliseconds": 1e3 * middle,
        "cost_over_teacher_forcing": middle / reference,
        "reason": "",
    }
