"""Evaluation of a trained model on the test split: free running, gold prefixes, stopping.

Axes: B batch, T time (columns), V vocabulary.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.losses import token_log_likelihood
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Decoding, Score, Task
from benchmark.learning.free_running import Draw, roll_out
from benchmark.measuring.decodings import sweep_decodings
from benchmark.measuring.entropy import EntropyTally
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.interventions import applicable, intervene, put_interventions
from benchmark.measuring.oracle_measures import OracleTally, position_buckets
from benchmark.measuring.quality import by_position, points, weighted_mean
from benchmark.settings import Evaluation

DECODINGS: tuple[Decoding, ...] = ("greedy", "sample")
_ROWS = 512  # evaluated at once


@dataclass
class _Tally:
    """Scores of one way of running, by bucket of the curve."""

    buckets: list[list[Score]]

    def add(self, task: Task, bucket: int | None, score: Score, output: Output) -> None:
        parts = by_position(score, output, task.curve) if bucket is None else [score]
        for index, part in enumerate(parts, bucket or 0):
            self.buckets[index].append(part)

    @property
    def overall(self) -> float:
        return weighted_mean([score for bucket in self.buckets for score in bucket])

    @property
    def curve(self) -> list[float]:
        return [weighted_mean(bucket) for bucket in self.buckets]


def evaluate(model: SequenceModel, task: Task, settings: Evaluation, seed: int) -> Evaluated:
    """Measure a model on test sequences that are redrawn with the seed.

    Free-running quality is recorded under greedy decoding and under sampling; the task says which is the main one. The
    gold-prefix quality is that of the main decoding's choice at each position, given gold before it. The oracles that
    the task has are applied to the same runs, and the interventions that it allows are made.
    """
    ways = [*DECODINGS, "gold_prefix"]
    tallies = {way: _Tally([[] for _ in task.curve.buckets]) for way in ways}
    facts, oracles, entropy = _Facts(), OracleTally(task), EntropyTally(task.curve.longest)
    with torch.inference_mode():
        model.eval()
        for index, (bucket, batch) in enumerate(_test_batches(task, settings, seed)):
            runs = {}
            for decoding in DECODINGS:
                output = roll_out(model, task, batch, Draw(decoding, stream(task.name, seed, "test", decoding, index)))
                output = runs[decoding] = output.with_log_probabilities(model)
                tallies[decoding].add(task, bucket, task.score(batch, output), output)
            facts.add_stopping(batch, runs[task.decoding])
            gold = on_gold_prefixes(model, task, batch, stream(task.name, seed, "test", "gold_prefix", index))
            facts.add_gold(batch, gold)
            if not task.metric.gold_prefix:
                tallies["gold_prefix"].add(task, bucket, task.score(batch, gold), gold)
            oracles.add(batch, gold, sampled=runs["sample"], main=runs[task.decoding])
            entropy.add("gold", gold)
            entropy.add("own", runs["sample"])
    result = _summarise(task, tallies, facts)
    oracles.put_into(result)
    entropy.put_into(result, position_buckets(task))
    if applicable(task):
        put_interventions(result, intervene(model, task, seed, rows=min(settings.sequences, _ROWS // 2)))
    sweep_decodings(model, task, seed, min(settings.sequences, _ROWS // 8), result)
    return result


def on_gold_prefixes(model: SequenceModel, task: Task, batch: Batch, generator: torch.Generator) -> Output:
    """Choose each own token by the main decoding given gold before it, in one parallel pass."""
    log_probabilities = model(batch.tokens).log_softmax(-1)  # [B, T, V]
    chosen = Draw(task.decoding, generator)(log_probabilities)  # [B, T]
    tokens = torch.where(batch.own, chosen, batch.tokens)
    ended = batch.own[:, 0] & False if task.space.end is None else ((tokens == task.space.end) & batch.own).any(1)
    return Output(tokens, batch.own, batch.tokens, ended, log_probabilities)


def _test_batches(task: Task, settings: Evaluation, seed: int) -> Iterator[tuple[int | None, Batch]]:
    """Yield (bucket, batch): on a length axis each bucket in turn, on a position axis None and the longest length."""
    curve = task.curve
    lengths = [(None, (curve.longest, curve.longest))] if curve.axis == "position" else list(enumerate(curve.buckets))
    for bucket, length in lengths:
        drawn = task.sample("test", settings.sequences, length, stream(task.name, seed, "test", *length))
        for first in range(0, len(drawn), _ROWS):
            yield bucket, drawn.select(slice(first, first + _ROWS))


class _Facts:
    """Counts over all test sequences."""

    def __init__(self) -> None:
        self.rows = self.own_length = self.gold_length = self.never_stopped = self.stopped_early = 0
        self.wrong = self.nll = 0.0

    def add_stopping(self, batch: Batch, output: Output) -> None:
        self.rows += len(batch)
        self.own_length += int(output.lengths.sum())
        self.gold_length += int(batch.lengths.sum())
        self.never_stopped += int((~output.stopped).sum())
        self.stopped_early += int((output.stopped & (output.lengths < batch.lengths)).sum())

    def add_gold(self, batch: Batch, output: Output) -> None:
        assert output.log_probabilities is not None
        log_q: Tensor = token_log_likelihood(output.log_probabilities, batch.tokens, batch.own)
        self.nll -= float(log_q.double().sum())
        self.wrong += float(((output.tokens != batch.tokens) & batch.own).sum())


def _summarise(task: Task, tallies: dict[str, _Tally], facts: _Facts) -> Evaluated:
    metric, result = task.metric, Evaluated()
    for decoding in DECODINGS:
        result.put(f"free_running_{decoding}", tallies[decoding].overall, metric.unit, metric.direction)
        result.curves[f"free_running_{decoding}"] = points(task.curve, tallies[decoding].curve)
    free = tallies[task.decoding]
    result.put("free_running", free.overall, metric.unit, metric.direction)
    result.curves["free_running"] = points(task.curve, free.curve)

    gold, sign = tallies["gold_prefix"], 1 if metric.direction == "higher" else -1
    result.put("gold_prefix", gold.overall, metric.unit, metric.direction, metric.gold_prefix)
    result.put("gap", sign * (gold.overall - free.overall), metric.unit, "lower", metric.gold_prefix)
    result.curves["gold_prefix"] = points(task.curve, gold.curve)
    gaps = [sign * (on_gold - own) for on_gold, own in zip(gold.curve, free.curve, strict=True)]
    result.curves["gap"] = points(task.curve, gaps)

    result.put("gold_prefix_token_error", facts.wrong / facts.gold_length, "share of own tokens", "lower")
    result.put("gold_prefix_nll", facts.nll / facts.gold_length, "nats per own token", "lower")
    endless = "the task has no end symbol" if task.space.end is None else ""
    nan = float("nan")
    result.put(
        "length_ratio",
        nan if endless else facts.own_length / facts.gold_length,
        "own tokens per gold token",
        "none",
        endless,
    )
    result.put("never_stopped", nan if endless else facts.never_stopped / facts.rows, "share of rows", "lower", endless)
    result.put("stopped_early", nan if endless else facts.stopped_early / facts.rows, "share of rows", "lower", endless)
    return result
