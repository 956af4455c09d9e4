"""Samples of every task are those of its declared version. What else tasks promise is in `tests/checking`."""

import hashlib
import json
from pathlib import Path

import pytest

from benchmark.checking.task_samples import sample_batches
from benchmark.contracts import Task
from benchmark.contracts.registry import Registry

TASKS = {entry.name: entry for entry in Registry().of("tasks")}
GOLDEN = Path(__file__).parents[1] / "golden" / "tasks.json"


@pytest.fixture(params=sorted(TASKS))
def task(request) -> Task:
    return Registry().task(request.param)()


def test_samples_are_those_of_the_declared_version(task):
    """A change of the sampler must come with a new version; then this file is made anew (see CONTRIBUTING.md)."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden.get(key(task)) == digest(task), (
        f"the samples of {task.name} changed: bump its version and run `python -m tests.tasks.test_all_tasks`"
    )


def key(task: Task) -> str:
    return f"{task.name} {task.version} {task.edition}".strip()


def digest(task: Task) -> str:
    total = hashlib.sha256()
    for batch in sample_batches(task):
        for part in (batch.tokens, batch.given, batch.valid):
            total.update(part.numpy().tobytes())
    return total.hexdigest()[:16]


if __name__ == "__main__":
    tasks = [Registry().task(name)() for name in TASKS]
    GOLDEN.write_text(json.dumps({key(task): digest(task) for task in tasks}, indent=1) + "\n", encoding="utf-8")
