"""What every task promises."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from benchmark.contracts import Batch, Continuous, Discrete, Output, Task, stream
from benchmark.contracts.registry import Registry

TASKS = {entry.name: entry for entry in Registry().of("tasks")}
ORACLES = [
    (name, oracle) for name in sorted(TASKS) for oracle in ("process", "expert") if Registry().task(name).has(oracle)
]
GOLDEN = Path(__file__).parents[1] / "golden" / "tasks.json"


@pytest.fixture(params=sorted(TASKS))
def task(request) -> Task:
    return Registry().task(request.param)()


def batches(task: Task, size: int = 8) -> list[Batch]:
    """A training batch and the test batches of the shortest and longest bucket."""
    lengths = [("train", task.curve.trained), ("test", task.curve.buckets[0]), ("test", task.curve.buckets[-1])]
    return [task.sample(split, size, length, stream("test", split, *length)) for split, length in lengths]  # type: ignore[arg-type]


def gold_output(task: Task, batch: Batch) -> Output:
    ends = torch.full((len(batch),), task.space.end is not None)
    if isinstance(task.space, Continuous):
        return Output(batch.tokens, batch.own, batch.tokens, ends)
    uniform = torch.full((*batch.tokens.shape, task.space.size), -torch.inf).index_fill(
        -1, torch.tensor(task.space.emits), 0
    )
    return Output(batch.tokens, batch.own, batch.tokens, ends, uniform.log_softmax(-1))


def random_history(task: Task, batch: Batch) -> torch.Tensor:
    """A history that is the model's own and wrong."""
    if isinstance(task.space, Continuous):
        noise = torch.randn(batch.tokens.shape, generator=stream("wrong"))  # of the deviation of the data
        return torch.where(batch.own[..., None], noise, batch.tokens)
    emits = torch.tensor(task.space.emits)
    drawn = emits[torch.randint(len(emits), batch.tokens.shape, generator=stream("wrong"))]
    return torch.where(batch.own, drawn, batch.tokens)


def test_the_same_stream_gives_the_same_batch_and_another_seed_another(task):
    length = task.curve.trained
    first, again, other = (task.sample("train", 16, length, stream(task.name, seed, "order", 0)) for seed in (0, 0, 1))
    assert torch.equal(first.tokens, again.tokens)
    assert first.tokens.shape != other.tokens.shape or not torch.equal(first.tokens, other.tokens)


def test_test_sets_of_two_seeds_differ(task):
    length = task.curve.buckets[-1]
    one, other = (task.sample("test", 16, length, stream(task.name, seed, "test", *length)) for seed in (0, 1))
    assert one.tokens.shape != other.tokens.shape or not torch.equal(one.tokens, other.tokens)


def test_own_tokens_belong_to_the_space(task):
    """Symbols that may be emitted; or vectors that are standardised."""
    for batch in batches(task, size=256 if isinstance(task.space, Continuous) else 8):
        if isinstance(task.space, Discrete):
            assert torch.isin(batch.tokens[batch.own], torch.tensor(task.space.emits)).all()
            assert int(batch.tokens.max()) < task.space.size
            assert int(batch.tokens.min()) >= 0
        else:
            assert batch.tokens.shape == (*batch.valid.shape, task.space.size)
            assert batch.tokens.dtype == torch.float32
            assert batch.tokens[batch.valid].mean(0).abs().max() < 0.1
            assert (batch.tokens[batch.valid].std(0) - 1).abs().max() < 0.1


def test_a_limit_leaves_room_for_gold(task):
    for batch in batches(task):
        assert (task.limit(batch) >= batch.lengths).all()


def test_scores_have_the_shape_of_the_curve_axis(task):
    for batch in batches(task):
        score = task.score(batch, gold_output(task, batch))
        expected = batch.valid.shape if task.curve.axis != "length" else (len(batch),)
        assert score.weight.shape == expected
        assert score.value.shape[: len(expected)] == expected  # a metric of a corpus has several statistics a row
        assert (score.weight >= 0).all()


@pytest.mark.parametrize(("task", "oracle"), ORACLES, indirect=["task"])
def test_oracles_are_distributions_over_emitted_symbols_on_every_history(task, oracle):
    silent = [symbol for symbol in range(task.space.size) if symbol not in task.space.emits]
    for batch in batches(task):
        for history in (batch.tokens, random_history(task, batch)):
            probability = getattr(task, oracle)(batch, history).exp()[batch.own]
            assert torch.allclose(probability.sum(-1), torch.ones(len(probability), dtype=probability.dtype))
            assert (probability[:, silent] == 0).all()


@pytest.mark.parametrize(("task", "oracle"), ORACLES, indirect=["task"])
def test_oracles_do_not_look_ahead(task, oracle):
    batch = batches(task)[0]
    history, column = random_history(task, batch), batch.tokens.shape[1] // 2
    later = torch.cat([history[:, :column], random_history(task, batch).roll(1, 0)[:, column:]], 1)
    later = torch.where(batch.own, later, batch.tokens)
    first, second = (getattr(task, oracle)(batch, h)[:, : column + 1] for h in (history, later))
    own = batch.own[:, : column + 1]
    assert torch.allclose(first[own].exp(), second[own].exp())


def test_gold_is_correct(task):
    if task.has("correct"):
        for batch in batches(task):
            assert task.correct(batch, batch.tokens)[batch.own].all()


def test_rewards_stand_at_own_positions_and_prefer_gold_to_noise(task):
    batch = batches(task, size=64)[0]
    gold = task.reward(batch, gold_output(task, batch))
    history = random_history(task, batch)
    noise = task.reward(batch, Output(history, batch.own, history, torch.zeros(64, dtype=torch.bool)))
    assert (gold[~batch.own] == 0).all()
    assert gold.sum() > noise.sum()


def test_every_task_says_where_it_comes_from(task):
    assert task.citation.startswith("@")
    assert task.licence
    assert type(task).__doc__


def test_samples_are_those_of_the_declared_version(task):
    """A change of the sampler must come with a new version; then this file is made anew (see CONTRIBUTING.md)."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden.get(f"{task.name} {task.version}") == digest(task), (
        f"the samples of {task.name} changed: bump its version and run `python -m tests.tasks.test_all_tasks`"
    )


def digest(task: Task) -> str:
    """Hash every bit of a few batches, vectors included.

    Rounding would not make a digest of vectors robust: among 10,000 values, a difference of 1e-7 takes about one over a
    boundary of rounding to .001. So a task with vectors must make them by operations that all processors round alike:
    elementwise additions, multiplications and divisions in a fixed order, and neither transcendental functions, sums
    over an axis, nor an adaptive step. Then chaos has no difference to amplify.
    """
    total = hashlib.sha256()
    for batch in batches(task):
        for part in (batch.tokens, batch.given, batch.valid):
            total.update(part.numpy().tobytes())
    return total.hexdigest()[:16]


if __name__ == "__main__":
    found = {f"{name} {entry.plugin.version}": digest(entry.plugin()) for name, entry in TASKS.items()}  # type: ignore
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
