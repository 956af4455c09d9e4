"""The test sequences, run freely in each way and once on gold prefixes: what the instruments look at.

Every roll-out of an evaluation is made here once and shared by all instruments.

Axes: B batch, T time (columns), V vocabulary, D numbers in a vector.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.losses import token_log_likelihood
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Continuous, Discrete
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Decoding, Split, Task
from benchmark.learning.free_running import Draw, either, roll_out
from benchmark.measuring.evaluated import Evaluated

ROWS = 512  # evaluated at once


@dataclass(frozen=True)
class Runs:
    """A batch of test sequences and what a model made of them.

    Attributes:
        bucket: which bucket of the curve they belong to, None where each holds positions of all buckets.
        batch: gold.
        gold: the main decoding's choice at each position given gold before it.
        log_likelihood: [B, T] nats, of each own gold token given gold before it; 0 elsewhere.
        free: the free run by each way of decoding.
        main: the free run by the task's main decoding.
    """

    bucket: int | None
    batch: Batch
    gold: Output
    log_likelihood: Tensor
    free: dict[Decoding, Output]
    main: Output


class Instrument(Protocol):
    """Looks at every batch of runs, then enters its measures and curves."""

    def add(self, runs: Runs) -> None:
        """Look at a batch."""
        ...

    def put_into(self, result: Evaluated) -> None:
        """Enter what was seen."""
        ...


def decodings(task: Task) -> tuple[Decoding, ...]:
    """The ways in which the test sequences are run: the main one alone where the output is deterministic."""
    deterministic = isinstance(task.space, Continuous) and task.space.noise == "none"
    return (task.decoding,) if deterministic else ("greedy", "sample")


def test_runs(model: SequenceModel, task: Task, sequences: int, seed: int) -> Iterator[Runs]:
    """Run test sequences that are redrawn with the seed; call it without gradient and the model in evaluation mode."""
    names = (task.name, seed, "test")
    for index, (bucket, batch) in enumerate(batches(task, "test", sequences, names)):
        free: dict[Decoding, Output] = {
            decoding: run_freely(model, task, batch, Draw(decoding, stream(*names, decoding, index)))
            for decoding in decodings(task)
        }
        logits = model(batch.tokens)  # [B, T, V]
        gold = on_gold_prefixes(task, batch, logits, stream(*names, "gold_prefix", index))
        log_likelihood = token_log_likelihood(logits, batch.tokens, batch.own)  # [B, T]
        yield Runs(bucket, batch, gold, log_likelihood, free, free[task.decoding])


def batches(
    task: Task, split: Split, sequences: int, names: tuple[str | int, ...]
) -> Iterator[tuple[int | None, Batch]]:
    """Yield (bucket, batch): on a length axis each bucket in turn, else None and the longest length."""
    curve = task.curve
    by_length = curve.axis == "length"
    lengths = list(enumerate(curve.buckets)) if by_length else [(None, (curve.longest, curve.longest))]
    for bucket, length in lengths:
        drawn = task.sample(split, sequences, length, stream(*names, *length))
        for first in range(0, len(drawn), ROWS):
            yield bucket, drawn.select(slice(first, first + ROWS))


def run_freely(model: SequenceModel, task: Task, batch: Batch, draw: Draw) -> Output:
    """Let the model run freely; in a discrete space with its log-probabilities [B, T, V] of what it could have said."""
    return roll_out(model, task, batch, draw, keep_log_probabilities=isinstance(task.space, Discrete))


def on_gold_prefixes(task: Task, batch: Batch, logits: Tensor, generator: torch.Generator) -> Output:
    """Choose each own token by the main decoding from the logits [B, T, V] of a parallel pass over gold."""
    discrete = isinstance(task.space, Discrete)
    log_probabilities = logits.log_softmax(-1) if discrete else logits
    chosen = Draw(task.decoding, generator)(log_probabilities, task.space)  # [B, T] or [B, T, D]
    tokens = either(batch.own, chosen, batch.tokens)
    ended = batch.own[:, 0] & False if task.space.end is None else ((tokens == task.space.end) & batch.own).any(1)
    return Output(tokens, batch.own, batch.tokens, ended, log_probabilities if discrete else None)
