"""Small tasks on which a method is tried: one of each kind of sequence."""

import copy
from typing import Any

import torch

from benchmark.contracts.baseline import Baseline
from benchmark.contracts.batch import Batch
from benchmark.contracts.registry import Registry
from benchmark.contracts.task import Split, Task
from benchmark.errors import NotApplicable

PROBES = {
    "copycat_tagging": (8, "observations and labels that alternate"),
    "hmm_language": (12, "a language without a prompt"),
    "sorting": (5, "a prompt, and an end symbol"),
    "dialogue_state": (2, "turns of a user, who answers"),
    "lorenz63": (8, "vectors"),
}
"""The length at which each is tried, and what kind of sequence it has."""


def probe(registry: Registry, name: str, double: bool = False) -> Task:
    """A task whose sequences are short, of vectors in double precision if asked for."""
    task, (length, _) = registry.task(name)(), PROBES[name]
    short: Any = copy.copy(task)

    def sample(split: Split, size: int, lengths: tuple[int, int], stream: torch.Generator) -> Batch:
        drawn = task.sample(split, size, (length, length), stream)
        doubles = double and drawn.tokens.is_floating_point()
        return Batch(drawn.tokens.double() if doubles else drawn.tokens, drawn.given, drawn.valid)

    short.sample = sample
    return short


def probes(registry: Registry, baseline: Baseline) -> list[str]:
    """The tasks to which a method is applicable, the first of them its main one.

    Raises:
        NotApplicable: if there is none.
    """
    found = [name for name in PROBES if not baseline.lacks(registry.task(name)())]
    if not found:
        raise NotApplicable(f"it needs {', '.join(baseline.needs)}, which none of {', '.join(PROBES)} has")
    return found
