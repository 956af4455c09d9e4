"""What the checks of a task look at: batches, wrong histories, and outputs made of them.

Axes: B batch, T time (columns), V vocabulary, D numbers in a vector.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from benchmark.checking.oracle_policy import OraclePolicy, Script, ScriptedPolicy
from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Continuous, Discrete
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Decoding, Score, Split, Task
from benchmark.learning.free_running import Draw, either
from benchmark.measuring.runs import batches, run_freely

ROWS = 16


def training_batch(task: Task, rows: int = ROWS) -> Batch:
    """A batch as a method sees it."""
    return draw(task, "train", task.curve.trained, rows)


def sample_batches(task: Task, rows: int = ROWS) -> list[Batch]:
    """A training batch, and test batches of the shortest and the longest bucket."""
    held_out = (draw(task, "test", task.curve.buckets[place], rows) for place in (0, -1))
    return [training_batch(task, rows), *held_out]


def draw(task: Task, split: Split, length: tuple[int, int], rows: int = ROWS, seed: int = 0) -> Batch:
    """Sample from a stream of the checks' own."""
    return task.sample(split, rows, length, stream(task.name, seed, "check", split, *length))


def random_history(task: Task, batch: Batch, seed: int = 0) -> Tensor:
    """What is given, and chance at own positions: a history that is the model's own and wrong; [B, T] or [B, T, D]."""
    generator = stream("check", "history", seed)
    if isinstance(task.space, Continuous):
        noise = torch.randn(batch.tokens.shape, generator=generator)
    else:
        emits = torch.tensor(task.space.emits)
        noise = emits[torch.randint(len(emits), batch.own.shape, generator=generator)]
    return either(batch.own, noise, batch.tokens)


def output_of(task: Task, batch: Batch, history: Tensor) -> Output:
    """A history as the free run of a model, which says uniform probabilities."""
    ended = torch.full((len(batch),), task.space.end is not None)
    log_q = None if isinstance(task.space, Continuous) else _uniform(task.space).expand(*history.shape, -1)
    return Output(history, batch.own, history, ended, log_q)


def _uniform(space: Discrete) -> Tensor:
    """Log-probabilities [V], uniform over emitted symbols."""
    row = torch.full((space.size,), -math.inf)
    row[list(space.emits)] = -math.log(len(space.emits))
    return row


def uniform(task: Task) -> Script:
    """What a model says that knows nothing: uniform probabilities; the mean of the data in a continuous space."""
    space = task.space
    if isinstance(space, Continuous):
        return lambda batch, column: torch.zeros(len(batch), 2 * space.size)  # [B, 2 D]
    return lambda batch, column: _uniform(space).expand(len(batch), -1)  # [B, V]


def gold(task: Task) -> Script:
    """What a model says that knows gold."""

    def says(batch: Batch, column: int) -> Tensor:
        token = batch.tokens[:, min(column, batch.tokens.shape[1] - 1)]  # [B] or [B, D]
        if isinstance(task.space, Continuous):
            return torch.cat([token, torch.zeros_like(token)], -1)  # [B, 2 D]
        return torch.nn.functional.one_hot(token, task.space.size).double().log()  # [B, V]

    return says


def free_scores(task: Task, policy: Callable[[Batch], SequenceModel], decoding: Decoding, rows: int) -> list[Score]:
    """The main metric of a policy run freely on test sequences: so many of the longest, or of each length."""
    scores, names = [], (task.name, 0, "check")
    with torch.inference_mode():
        for index, (_, batch) in enumerate(batches(task, "test", rows, names)):
            output = run_freely(policy(batch), task, batch, Draw(decoding, stream(*names, "draw", index)))
            scores.append(task.score(batch, output))
    return scores


def expert_scores(task: Task, rows: int) -> list[Score]:
    """The main metric of the expert run freely."""
    return free_scores(task, lambda batch: OraclePolicy(task, task.expert, batch), task.decoding, rows)


def uniform_scores(task: Task, rows: int) -> list[Score]:
    """The main metric of a model that knows nothing, sampled."""
    return free_scores(task, lambda batch: ScriptedPolicy(task, uniform(task), batch), "sample", rows)
