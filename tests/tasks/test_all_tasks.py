"""What every task promises."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from benchmark.contracts import Batch, Discrete, Output, Task, stream
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
    assert isinstance(task.space, Discrete)
    uniform = torch.full((*batch.tokens.shape, task.space.size), -torch.inf).index_fill(
        -1, torch.tensor(task.space.emits), 0
    )
    return Output(batch.tokens, batch.own, batch.tokens, ends, uniform.log_softmax(-1))


def random_history(task: Task, batch: Batch) -> torch.Tensor:
    """A history that is the model's own and wrong."""
    assert isinstance(task.space, Discrete)
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


def test_own_tokens_are_symbols_that_may_be_emitted(task):
    assert isinstance(task.space, Discrete)
    emits = torch.tensor(task.space.emits)
    for batch in batches(task):
        assert torch.isin(batch.tokens[batch.own], emits).all()
        assert int(batch.tokens.max()) < task.space.size
        assert int(batch.tokens.min()) >= 0


def test_a_limit_leaves_room_for_gold(task):
    for batch in batches(task):
        assert (task.limit(batch) >= batch.lengths).all()


def test_scores_have_the_shape_of_the_curve_axis(task):
    for batch in batches(task):
        score = task.score(batch, gold_output(task, batch))
        expected = batch.tokens.shape if task.curve.axis != "length" else (len(batch),)
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
    golden, key = json.loads(GOLDEN.read_text(encoding="utf-8")), f"{task.name} {task.version} {task.edition}".strip()
    if task.edition and key not in golden:
        pytest.skip(f"no golden file for {task.edition}")
    assert golden.get(key) == digest(task), (
        f"the samples of {task.name} changed: bump its version and run `python -m tests.tasks.test_all_tasks`"
    )


def digest(task: Task) -> str:
    total = hashlib.sha256()
    for batch in batches(task):
        for part in (batch.tokens, batch.given, batch.valid):
            total.update(part.numpy().tobytes())
    return total.hexdigest()[:16]


if __name__ == "__main__":
    kept = json.loads(GOLDEN.read_text(encoding="utf-8"))
    kept |= {f"{name} {entry.version}": digest(entry.plugin()) for name, entry in TASKS.items()}  # type: ignore
    GOLDEN.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
