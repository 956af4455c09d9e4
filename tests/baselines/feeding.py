"""What a method feeds in one update."""

import torch
from torch import Tensor

from benchmark.contracts import Baseline, Batch, SequenceModel
from benchmark.learning.context import Origin, UpdateContext
from tests.factories import EndingTask


def context(step: int = 1, progress: float = 0.5) -> UpdateContext:
    return UpdateContext(EndingTask(), Origin("ending", 0), step, progress)


def wide_batch(rows: int = 400, columns: int = 20, symbols: int = 4) -> Batch:
    """Three columns given, the rest the model's own, the last ones padding in every other row."""
    tokens = torch.randint(symbols, (rows, columns), generator=torch.Generator().manual_seed(5))
    valid = (torch.arange(columns) < columns - 4) | (torch.arange(rows) % 2 == 0)[:, None]
    return Batch(tokens, (torch.arange(columns) < 3).expand_as(valid), valid)


def fed_by(method: Baseline, model: SequenceModel, batch: Batch) -> Tensor:
    """Tokens of the last parallel pass of one update."""
    seen: list[Tensor] = []
    handle = model.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    method.loss(model, batch, context())
    handle.remove()
    return seen[-1]
