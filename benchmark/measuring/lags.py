"""Quality by lag after a gold prefix: from an empty one some models are lost at the first token, and the curve is flat.

Prefixes and lags are counted along the curve: in own tokens, or in turns of a dialogue.

Axes: A arms, B batch, T time (columns).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Task
from benchmark.learning.free_running import Draw
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.prefixes import beside, columns_up_to, give, gold_positions
from benchmark.measuring.quality import by_bucket, figure_of, points
from benchmark.measuring.runs import run_freely

LAGS = (1, 2, 4, 8, 16, 32)
_BUCKETS = tuple((lag, lag) for lag in LAGS)


@dataclass(frozen=True)
class Instances:
    """Test sequences of which a prefix is fed, and the names of the streams for what follows.

    Attributes:
        batch: gold, with room for the longest lag after the prefix.
        prefix: own tokens (or turns) in the prefix: half of the longest training sequence, at most 32.
    """

    batch: Batch
    prefix: int
    names: tuple[str | int, ...]


def possible(task: Task) -> bool:
    """Whether sequences are laid out by position or turn, end by themselves, and are longer than the lags."""
    return task.curve.axis != "length" and task.space.end is None and task.curve.longest > LAGS[-1]


def draw_instances(task: Task, seed: int, rows: int) -> Instances:
    """Draw test sequences for continuations; the same for every model."""
    prefix = min(max(task.curve.trained[1] // 2, 1), LAGS[-1], task.curve.longest - LAGS[-1])
    names, length = (task.name, seed, "interventions"), prefix + LAGS[-1]
    return Instances(task.sample("test", rows, (length, length), stream(*names)), prefix, names)


def continue_after(
    model: SequenceModel, task: Task, instances: Instances, arms: Sequence[Batch]
) -> list[tuple[Batch, Output]]:
    """Run freely by the main decoding after the prefix of each arm, all arms with the same noise.

    Returns:
        For each arm the batch, which has that prefix given, and the output.
    """
    copies, rows = len(arms), len(instances.batch)
    within = (columns_up_to(gold_positions(task, arm), instances.prefix) for arm in arms)
    started = beside([give(arm, part) for arm, part in zip(arms, within, strict=True)])  # [A B, T]
    output = run_freely(model, task, started, Draw(task.decoding, stream(*instances.names, "continue"), copies=copies))
    blocks = [slice(first, first + rows) for first in range(0, copies * rows, rows)]
    return [(started.select(block), output.select(block)) for block in blocks]


def put_quality_by_lag(result: Evaluated, task: Task, started: Batch, output: Output) -> None:
    """Enter the main metric at each lag after the gold prefix."""
    score = task.score(started, output)
    parts = by_bucket(score, task.positions(output), _BUCKETS)
    result.curves["quality_by_lag"] = points(_BUCKETS, [figure_of(task.metric, [part]) for part in parts])


def measure_quality_by_lag(result: Evaluated, model: SequenceModel, task: Task, seed: int, rows: int) -> None:
    """Run test instances freely after a gold prefix and enter the main metric by lag."""
    instances = draw_instances(task, seed, rows)
    with torch.inference_mode():
        model.eval()
        (on_gold,) = continue_after(model, task, instances, [instances.batch])
        put_quality_by_lag(result, task, *on_gold)
