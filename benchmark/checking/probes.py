"""Small tasks on which a method is tried: one of each kind of sequence."""

import copy
from typing import Any

from benchmark.contracts.baseline import Baseline
from benchmark.contracts.batch import Batch
from benchmark.contracts.registry import Registry
from benchmark.contracts.spaces import Continuous
from benchmark.contracts.task import Task
from benchmark.errors import UsageError

PROBES = {
    "copycat_tagging": "observations and labels that alternate",
    "hmm_language": "a language without a prompt",
    "sorting": "a prompt, and an end symbol",
    "dialogue_state": "turns of a user, who answers",
    "lorenz63": "vectors",
}


def probes(registry: Registry, baseline: Baseline) -> list[Task]:
    """The tasks to which a method is applicable, the first of them its main one.

    Raises:
        UsageError: if there is none.
    """
    found = [task for name in PROBES if not baseline.lacks(task := registry.task(name)())]
    if not found:
        raise UsageError(f"{baseline.name} needs {', '.join(baseline.needs)}, which none of {', '.join(PROBES)} has")
    return found


def in_float64(task: Task) -> Task:
    """The same task with vectors in double precision; symbols are as they are."""
    if not isinstance(task.space, Continuous):
        return task
    doubled: Any = copy.copy(task)

    def sample(*arguments: Any) -> Batch:
        drawn = task.sample(*arguments)
        return Batch(drawn.tokens.double(), drawn.given, drawn.valid)

    doubled.sample = sample
    return doubled
