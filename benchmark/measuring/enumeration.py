"""The exposure grid of a language so small that all of its sequences can be listed.

Axes: N sequences, L positions, V vocabulary.
"""

import torch

from benchmark.contracts.batch import Batch
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.task import Task
from benchmark.measuring.grid import Grid, enumerated_grid

MOST_SEQUENCES = 100_000


def enumerable(task: Task) -> bool:
    """Whether every sequence of a task can be listed: nothing is given, no symbol ends it, and V^L <= 100,000."""
    space = task.space
    if not isinstance(space, Discrete) or space.end is not None or task.coordinates.given != "nothing":
        return False
    return len(space.emits) ** task.curve.longest <= MOST_SEQUENCES


def exact_grid(model: SequenceModel, task: Task) -> Grid:
    """The grid over all sequences of the longest length, each prefix weighted by its probability."""
    assert isinstance(task.space, Discrete)
    emits = torch.tensor(task.space.emits)
    columns = [emits] * task.curve.longest
    tokens = torch.cartesian_prod(*columns).view(-1, len(columns))  # [N, L]
    own = torch.ones_like(tokens, dtype=torch.bool)
    batch = Batch(tokens, ~own, own)
    return enumerated_grid(task.process(batch, tokens), model(tokens).log_softmax(-1), tokens)
