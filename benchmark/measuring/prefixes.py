"""Prefixes along a task's curve, in own tokens or in turns: what is in them, feeding them, and putting others in.

Axes: B batch, T time (columns), U columns of another history.
"""

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.task import Task


def gold_positions(task: Task, batch: Batch) -> Tensor:
    """Number gold's columns along the curve's axis, from 1: [B, T], 0 where a column counts for nothing."""
    endless = torch.zeros_like(batch.own[:, 0])
    return task.positions(Output(batch.tokens, batch.own, batch.tokens, endless))


def columns_up_to(position: Tensor, last: int) -> Tensor:
    """The columns up to the last one that is numbered `last` or less, what is given among them too; [B, T] bool."""
    inside = (position > 0) & (position <= last)
    return inside.flip(1).int().cummax(1).values.flip(1) > 0


def give(batch: Batch, where: Tensor) -> Batch:
    """The same sequences with further columns given, [B, T] bool."""
    return Batch(batch.tokens, batch.given | (where & batch.valid), batch.valid)


def cut(batch: Batch, where: Tensor) -> Batch:
    """The columns asked for, [B, T] bool, which begin each row."""
    columns = slice(int(where.sum(1).max()))
    return Batch(batch.tokens[:, columns], batch.given[:, columns], (batch.valid & where)[:, columns])


def splice(head: Output, head_columns: Tensor, tail: Batch, tail_columns: Tensor) -> Batch:
    """Go on with one history after the beginning of another of the same rows, which may be longer or shorter.

    Args:
        head: [B, U], of which the columns asked for, [B, U] bool, come first.
        tail: [B, T], of which those asked for, [B, T] bool, follow.
    """
    tokens = torch.cat([head.tokens, tail.tokens], 1)  # [B, U + T]
    given = torch.cat([~head.own, tail.given], 1)
    kept = torch.cat([head_columns, tail_columns & tail.valid], 1)
    order = torch.sort((~kept).int(), dim=1, stable=True).indices[:, : int(kept.sum(1).max())]
    tokens, given, valid = (part.gather(1, order) for part in (tokens, given, kept))
    return Batch(tokens, given, valid)


def beside(batches: list[Batch]) -> Batch:
    """Put batches below each other, padded on the right to the longest."""
    longest = max(batch.tokens.shape[1] for batch in batches)
    padded = (
        [torch.nn.functional.pad(part, (0, longest - part.shape[1])) for part in (b.tokens, b.given, b.valid)]
        for b in batches
    )
    tokens, given, valid = (torch.cat(part) for part in zip(*padded, strict=True))
    return Batch(tokens, given, valid)
