"""What every task promises of its data: declarations, layout, lengths, randomness, splits, environment, scores.

Axes: B batch, T time (columns).
"""

import itertools
import math
import random

import numpy
import torch
from torch import Tensor

from benchmark.checking.conformance import Failed, need
from benchmark.checking.oracle_policy import ScriptedPolicy
from benchmark.checking.task_samples import (
    draw,
    gold,
    output_of,
    random_history,
    sample_batches,
    training_batch,
)
from benchmark.contracts.batch import Batch
from benchmark.contracts.corpus import CorpusTask
from benchmark.contracts.languages import FullSupportLanguage
from benchmark.contracts.spaces import Continuous, Discrete
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Metric, Score, Split, Task
from benchmark.errors import NotApplicable
from benchmark.learning.free_running import Draw, roll_out
from benchmark.measuring.enumeration import MOST_SEQUENCES
from benchmark.measuring.quality import figure_of

_MANY, _FEW = 2048, 512  # training and test examples that are compared


def declares_itself(task: Task) -> str:
    """It says what it is, where it comes from and what its data's licence is."""
    need(bool((type(task).__doc__ or "").strip()), "the class has no documentation")
    need(task.citation.lstrip().startswith("@"), "citation is not a BibTeX entry")
    need(bool(task.licence.strip()), "licence is empty")
    need(task.version >= 1, f"version must be >= 1, got {task.version}")
    floor, ceiling, metric = task.floor, task.ceiling, task.metric
    if floor is not None and ceiling is not None:
        better = ceiling > floor if metric.direction == "higher" else ceiling < floor
        need(better, f"the ceiling {ceiling} is not better than the floor {floor}: {metric.direction} is better")
    return f"version {task.version}, {task.metric.name}, floor {floor}, ceiling {ceiling}"


def lays_out_batches(task: Task) -> str:
    """Batches hold what the space allows: symbols that may be said at own positions, the end at the end alone."""
    for batch in sample_batches(task):
        if isinstance(task.space, Continuous):
            _check_vectors(task.space, batch)
        else:
            _check_symbols(task.space, batch)
    shapes = ", ".join(f"{tuple(batch.tokens.shape)}" for batch in sample_batches(task))
    return f"shapes {shapes}"


def _check_vectors(space: Continuous, batch: Batch) -> None:
    need(batch.tokens.shape[2] == space.size, f"vectors of {space.size} numbers expected, got {batch.tokens.shape[2]}")
    values = batch.tokens[batch.valid]
    need(bool(values.isfinite().all()), "a vector is not finite")
    deviation = float(values.std())
    need(0.3 < deviation < 3, f"values are not standardised: their standard deviation is {deviation:.2f}")


def _check_symbols(space: Discrete, batch: Batch) -> None:
    tokens, own = batch.tokens, batch.own
    low, high = int(tokens[batch.valid].min()), int(tokens[batch.valid].max())
    need(0 <= low <= high < space.size, f"symbols {low} to {high} lie outside the vocabulary of {space.size}")
    silent = tokens[own][~torch.isin(tokens[own], torch.tensor(space.emits))]
    need(not len(silent), f"symbol {silent[:1].tolist()} stands at an own position and is not among `emits`")
    if space.end is not None:
        last = own & (own.cumsum(1) == batch.lengths[:, None])  # [B, T]
        need(bool((tokens[last] == space.end).all()), "the last own token of a row is not the end symbol")
        need(not bool((tokens[own & ~last] == space.end).any()), "an end symbol stands before the end of a row")


def keeps_to_lengths(task: Task) -> str:
    """Sequences are as long as was asked for, in the unit of the curve."""
    means, (first, longest) = [], (task.curve.trained[0], task.curve.longest)
    for bucket in task.curve.buckets:
        length = bucket if task.curve.axis == "length" else (bucket[1], bucket[1])
        batch = draw(task, "test", length)
        means.append(float(batch.lengths.double().mean()))
        if isinstance(task, CorpusTask) and task.curve.axis == "length":
            found = [task.length_of(example) for example in task.within("test", bucket)]
            need(all(bucket[0] <= size <= bucket[1] for size in found), f"a length lies outside {bucket}")
        elif task.curve.axis != "length":
            reached = int(task.positions(output_of(task, batch, batch.tokens)).max())
            need(reached == bucket[1], f"asked for {bucket[1]} {task.curve.unit}, the longest row has {reached}")
    rising = all(one < other for one, other in itertools.pairwise(means))
    need(rising, f"own tokens do not grow from bucket to bucket: {[round(mean, 1) for mean in means]}")
    return f"{first} to {longest} {task.curve.unit}: {means[0]:.0f} to {means[-1]:.0f} own tokens"


def draws_from_its_stream(task: Task) -> str:
    """The same stream gives the same batch, another seed another, and no global generator is touched."""
    before = _global_states()
    first, again, other = (draw(task, "train", task.curve.trained, seed=seed) for seed in (0, 0, 1))
    for name, state in _global_states().items():
        need(state == before[name], f"sampling touched the global generator of {name}: draw from `stream` alone")
    need(_same(first, again), "the same stream gave two batches: some randomness comes from elsewhere")
    need(not _same(first, other), "two seeds gave one batch: the stream is not used")
    tests = [draw(task, "test", task.curve.buckets[-1], seed=seed) for seed in (0, 1)]
    need(not _same(*tests), "two seeds gave one test set: the stream is not used")
    return ""


def _global_states() -> dict[str, str]:
    return {
        "torch": str(torch.random.get_rng_state().tolist()),
        "numpy": str(numpy.random.get_state()),  # noqa: NPY002
        "random": str(random.getstate()),
    }


def _same(one: Batch, other: Batch) -> bool:
    return one.tokens.shape == other.tokens.shape and torch.equal(one.tokens, other.tokens)


def splits_are_disjoint(task: Task) -> str:
    """No test example occurs in training."""
    if isinstance(task, CorpusTask):
        splits = {split: {task.identity(one) for one in examples} for split, examples in task.corpus().items()}
        counted = "all examples of the corpus"
    else:
        possible = _sequences(task)
        if possible <= MOST_SEQUENCES:
            raise NotApplicable(f"only {possible:.0f} sequences exist, so that all splits share them")
        sizes: dict[Split, int] = {"train": _MANY, "test": _FEW}
        splits = {split: _hashes(draw(task, split, task.curve.trained, size)) for split, size in sizes.items()}
        counted = f"{_MANY} training and {_FEW} test examples"
    shared = {name: len(splits[name] & splits["test"]) for name in splits if name != "test"}
    for name, count in shared.items():
        need(not count, f"{count} of {len(splits['test'])} test examples are in {name}: split by a hash of the example")
    return counted


def _sequences(task: Task) -> float:
    """How many gold sequences there can be at the training length."""
    if isinstance(task.space, Continuous):
        return math.inf
    batch = training_batch(task)
    return float(len(task.space.emits)) ** int(batch.valid.sum(1).max())


def _hashes(batch: Batch) -> set[bytes]:
    rows = zip(batch.tokens, batch.valid, strict=True)
    return {row[valid].numpy().tobytes() for row, valid in rows}


def environment_replays_gold(task: Task) -> str:
    """A model that says gold is answered as gold is, and ends where gold ends."""
    for batch in sample_batches(task):
        output = roll_out(ScriptedPolicy(task, gold(task), batch), task, batch, Draw("greedy", stream("check")))
        need(
            torch.equal(output.lengths, batch.lengths),
            f"rows of {batch.lengths[:4].tolist()} own tokens ended after {output.lengths[:4].tolist()}: most likely "
            "`limit` is below gold's length, or `respond` ends a row elsewhere than gold ends",
        )
        said = [tokens[own] for tokens, own in ((output.tokens, output.own), (batch.tokens, batch.own))]
        need(_equal(*said), "own tokens stand in other columns than gold's: `respond` supplies other turns than gold")
        columns = output.tokens.shape[1]
        both = batch.valid[:, :columns] & (batch.own[:, :columns].flip(1).cumsum(1).flip(1) > 0)  # up to the last own
        fed = [tokens[:, :columns][both] for tokens in (output.tokens, batch.tokens)]
        need(_equal(*fed), "what is supplied differs from what gold was given: `respond` is not in step with `sample`")
    return ""


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether tokens are the same; vectors go through float32."""
    return torch.allclose(one, other, atol=1e-6) if one.is_floating_point() else torch.equal(one, other)


def limit_leaves_room(task: Task) -> str:
    """The limit of an output is no shorter than gold."""
    for batch in sample_batches(task):
        short = batch.lengths - task.limit(batch)
        need(int(short.max()) <= 0, f"gold is {int(short.max())} own tokens longer than `limit`")
    return ""


def scores_lie_in_range(task: Task) -> str:
    """Scores have the shape of the curve's axis and lie in the metric's range; gold's are no worse than chance's."""
    metrics = (task.metric, *task.further_metrics)
    for batch in sample_batches(task):
        figures = []
        for history in (batch.tokens, random_history(task, batch)):
            output = output_of(task, batch, history)
            scores = (task.score(batch, output), *task.further_scores(batch, output))
            need(len(scores) == len(metrics), f"{len(metrics)} metrics are declared and {len(scores)} scores given")
            for metric, score in zip(metrics, scores, strict=True):
                _check_score(metric, score, batch, task.curve.axis)
            figures.append(figure_of(task.metric, [scores[0]]))
        on_gold, by_chance = figures
        no_worse = on_gold >= by_chance if task.metric.direction == "higher" else on_gold <= by_chance
        if not isinstance(task, FullSupportLanguage):  # those judge probabilities, not tokens
            need(no_worse, f"{task.metric.name} of gold is {on_gold:.4f}, worse than {by_chance:.4f} by chance")
    return ""


def _check_score(metric: Metric, score: Score, batch: Batch, axis: str) -> None:
    expected = batch.own.shape if axis != "length" else batch.own.shape[:1]
    shapes = score.weight.shape, score.value.shape[: len(expected)]
    axes = "B, T" if len(expected) == 2 else "B"
    need(
        all(shape == expected for shape in shapes),
        f"{metric.name}: [{axes}] is expected where the axis is {axis}, got weights {tuple(score.weight.shape)}",
    )
    need(bool((score.weight >= 0).all()), f"{metric.name}: a weight is negative")
    figure = figure_of(metric, [score])
    low, high = (end if end is not None else sign * math.inf for end, sign in ((metric.low, -1), (metric.high, 1)))
    need(low - 1e-9 <= figure <= high + 1e-9, f"{metric.name}: {figure} lies outside [{low}, {high}]")


def rewards_prefer_gold(task: Task) -> str:
    """Rewards stand at own positions alone and are higher for gold than for chance."""
    if not task.has("reward"):
        raise NotApplicable("the task has no reward")
    batch = training_batch(task, rows=64)
    output = output_of(task, batch, batch.tokens)
    on_gold = task.reward(batch, output)
    need(on_gold.shape == batch.own.shape, f"[B, T] is expected, got {tuple(on_gold.shape)}")
    need(bool(on_gold.isfinite().all()), "a reward of gold is not finite")
    need(bool((on_gold[~batch.own] == 0).all()), "a reward stands where the environment supplies the token")
    by_chance = task.reward(batch, output_of(task, batch, random_history(task, batch)))
    if not float(on_gold.sum()) > float(by_chance.sum()):
        raise Failed(f"gold earns {float(on_gold.mean()):.4f} a column, chance {float(by_chance.mean()):.4f}")
    return ""


DATA_CHECKS = (
    declares_itself,
    lays_out_batches,
    keeps_to_lengths,
    draws_from_its_stream,
    splits_are_disjoint,
    environment_replays_gold,
    limit_leaves_room,
    scores_lie_in_range,
    rewards_prefer_gold,
)
