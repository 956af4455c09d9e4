"""Tokens per second of the parallel and the step-wise training paths, and what bounds them."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmark.checking.machine import Machine, bytes_read_per_column, flops_per_evaluation, machine
from benchmark.checking.peers import peer_updates
from benchmark.checking.training_paths import SIZES, Update, does_not_fit, prepare, training_updates
from benchmark.checking.work import Work, work_of
from benchmark.contracts.batch import Batch
from benchmark.contracts.model import SequenceModel
from benchmark.models import decode_attention, fast_linear
from benchmark.reporting.throughput import share_of

Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is timed.

    Attributes:
        lengths: of the sequences.
        batches: sequences an update; none for as many as make up `tokens`.
        tokens: of an update.
        repeats: timed updates of each path, after one that warms up.
        paths: of `training_paths.PATHS`, and of peers; none for all. Teacher forcing is timed always.
        peers: whether other implementations of the transformer are timed beside the suite's.
    """

    lengths: Sequence[int]
    batches: Sequence[int] = ()
    tokens: int = 8192
    repeats: int = 3
    paths: Sequence[str] = ()
    peers: bool = False

    def sizes(self) -> Iterator[tuple[int, int]]:
        """Each length and batch size."""
        for length in self.lengths:
            for batch in self.batches or (max(self.tokens // length, 1),):
                yield length, batch

    def wants(self, path: str) -> bool:
        """Whether a path is timed."""
        return not self.paths or path in self.paths or path == "teacher_forcing"


@dataclass
class Timing:
    """Seconds of each repetition of an update, and what it asked of model and memory.

    Attributes:
        cpu: seconds of the process, of all its threads.
        wall: seconds.
        evaluations: of the model, in one update.
    """

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    evaluations: int = 0
    work: Work | None = None

    @property
    def seconds(self) -> float:
        """Median CPU-seconds of an update."""
        return statistics.median(self.cpu)


def measure(
    models: Sequence[type[SequenceModel]], plan: Plan, report: Callable[[str], None] = lambda line: None
) -> list[Row]:
    """Time one update of each path, for each model, length and batch; on one thread.

    Candidates are interleaved, so that a slow minute of the machine meets all alike, and what the machine can do at
    best is measured in the same run.

    Returns:
        A row each: see `_row`. A path that would not fit in memory has None for its figures, and a reason.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows, limits = [], machine()
        for model_class in models:
            for length, batch_size in plan.sizes():
                with torch.random.fork_rng(devices=[]):  # peers draw from the global generator
                    rows += _measure_one(model_class, length, batch_size, plan, limits)
                report(f"timed {model_class.name} at length {length}, {batch_size} sequences")
        return rows
    finally:
        torch.set_num_threads(threads)


def _measure_one(
    model_class: type[SequenceModel], length: int, batch_size: int, plan: Plan, limits: Machine
) -> list[Row]:
    model, task, batch = prepare(model_class, length, batch_size)
    updates = training_updates(model, task, batch)
    if plan.peers and model.name == "transformer":
        updates |= peer_updates(batch, task.space.size, SIZES["transformer"])
    updates = {path: update for path, update in updates.items() if plan.wants(path)}
    reasons = {"scheduled_sampling_stepwise": does_not_fit(model, batch)}
    timed = _time({path: u for path, u in updates.items() if not reasons.get(path)}, model, plan.repeats)
    reference, each = timed["teacher_forcing"].seconds, flops_per_evaluation(model, length)
    return [
        _row(model, path, batch, timed[path], reference, each, limits)
        if path in timed
        else _place(model, path, batch) | {"tokens_per_cpu_second": None, "reason": reasons[path]}
        for path in updates
    ]


def _time(updates: dict[str, Update], model: SequenceModel, repeats: int) -> dict[str, Timing]:
    timed = {path: Timing() for path in updates}
    for repeat in range(repeats + 1):
        for path, update in updates.items():
            timing, counted = timed[path], model.evaluations
            cpu, wall = time.process_time(), time.perf_counter()
            own = update()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            timing.evaluations = model.evaluations - counted
            if repeat:  # the first warms up
                timing.cpu.append(own if isinstance(own, float) else cpu)
                timing.wall.append(wall)
    for path, update in updates.items():
        if timed[path].evaluations:  # a peer's are not counted, and TRL's trainer would be watched with all it does
            timed[path].work = work_of(update)
    return timed


def _place(model: SequenceModel, path: str, batch: Batch) -> Row:
    rows, columns = batch.tokens.shape
    return {"model": model.name, "path": path, "length": columns, "batch": rows}


def _row(
    model: SequenceModel, path: str, batch: Batch, timing: Timing, reference: float, each: float, limits: Machine
) -> Row:
    """Medians over the repetitions.

    Tokens per CPU-second with the least and the greatest, milliseconds of an update, cost over teacher forcing (a ratio
    of medians, > 1 is slower); model FLOP per CPU-second and its share of the peak of matrix products; bytes that the
    operations move per CPU-second and its share of a copy in memory; the most memory held at once; what shares of its
    time an update spends on; the bytes by which a column of the prefix adds to what each later step reads. Each limit
    stands beside what is compared with it.
    """
    tokens, seconds = batch.tokens.numel(), timing.seconds
    row = _place(model, path, batch) | {
        "tokens_per_cpu_second": tokens / seconds,
        "tokens_per_cpu_second_least": tokens / max(timing.cpu),
        "tokens_per_cpu_second_greatest": tokens / min(timing.cpu),
        "cpu_milliseconds": 1e3 * seconds,
        "wall_milliseconds": 1e3 * statistics.median(timing.wall),
        "cost_over_teacher_forcing": seconds / reference,
        "linear": fast_linear.backend() if timing.evaluations else "torch",
        "attention": decode_attention.backend() if timing.evaluations else "torch",
        "gemm_peak": limits.gemm_peak,
        "memory_bandwidth": limits.memory_bandwidth,
        "cache_bandwidth": limits.cache_bandwidth,
        "read_bandwidth": limits.read_bandwidth,
        "reason": "",
    }
    if timing.work is None:
        return row
    flop, moved = each * timing.evaluations, timing.work.bytes_moved
    return (
        row
        | {
            "bytes_read_per_column": bytes_read_per_column(model, len(batch)),
            "flop_per_cpu_second": flop / seconds,
            "share_of_gemm_peak": flop / seconds / limits.gemm_peak,
            "bytes_per_cpu_second": moved / seconds,
            "share_of_memory_bandwidth": moved / seconds / limits.memory_bandwidth,
            "flop_per_byte": flop / moved,
            "peak_memory_bytes": timing.work.peak_bytes,
        }
        | {share_of(kind): share for kind, share in timing.work.shares.items()}
    )
