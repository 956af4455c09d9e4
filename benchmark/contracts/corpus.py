"""Tasks over a corpus: examples that are listed, split once and for all, and drawn by their length.

Axes: B batch.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import torch

from benchmark.contracts.batch import Batch
from benchmark.contracts.task import Split, Task

E = TypeVar("E")

_POOLED = 16  # a training batch is a run of neighbours in length among so many batches' worth of draws


class CorpusTask(Task, ABC):
    """A task whose examples are listed. A subclass lists them by split, says how long each is, and lays them out."""

    @classmethod
    @abstractmethod
    def corpus(cls) -> Mapping[Split, Sequence[Any]]:
        """List the examples of each split, in an order that does not change. Asked often: keep what is costly."""

    @classmethod
    def warm_up(cls) -> None:
        """List the examples."""
        cls.corpus()

    @classmethod
    @abstractmethod
    def length_of(cls, example: Any) -> int:
        """Length of an example in the curve's unit."""

    @abstractmethod
    def lay_out(self, examples: Sequence[Any]) -> Batch:
        """Make a batch of examples, one a row."""

    @classmethod
    def columns_of(cls, example: Any) -> Any:
        """What orders examples by the columns that they fill; batches of neighbours need little padding."""
        return cls.length_of(example)

    @classmethod
    def identity(cls, example: Any) -> Hashable:
        """What of an example may occur in one split alone."""
        return example

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw examples whose length lies in the inclusive range; all of a held-out range that holds fewer."""
        pool = self.within(split, length)
        return self.lay_out(draw_examples(pool, split, size, self.columns_of, stream))

    @classmethod
    @cache
    def within(cls, split: Split, length: tuple[int, int]) -> Sequence[Any]:
        """List the examples of a split whose length lies in the inclusive range."""
        low, high = length
        return [example for example in cls.corpus()[split] if low <= cls.length_of(example) <= high]


def split_by_hash(key: str, held_out: float = 0.05) -> Split:
    """Assign whatever has this key to validation or test, each with this share, or to train."""
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    return "train" if share < 1 - 2 * held_out else "validation" if share < 1 - held_out else "test"


def draw_examples(
    pool: Sequence[E], split: Split, size: int, columns: Callable[[E], Any], stream: torch.Generator
) -> list[E]:
    """Draw `size` examples for a batch, or all of a smaller pool that is held out.

    Those of a training batch are near in length, to halve the padding, and may repeat; others are drawn without
    replacement.

    Args:
        columns: what an example's place in the order by length is.
    """
    if split != "train":
        return [pool[index] for index in torch.randperm(len(pool), generator=stream)[:size].tolist()]
    drawn = torch.randint(len(pool), (_POOLED * size,), generator=stream).tolist()
    drawn.sort(key=lambda index: columns(pool[index]))
    first = int(torch.randint((_POOLED - 1) * size + 1, (), generator=stream))
    return [pool[index] for index in drawn[first : first + size]]
