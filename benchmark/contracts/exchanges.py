"""Dialogues that are listed: a corpus of exchanges, each a user's turn and the reply to it.

Axes: B batch, T time (columns).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch

from benchmark.contracts.batch import Batch
from benchmark.contracts.corpus import CorpusTask
from benchmark.contracts.dialogues import DialogueTask
from benchmark.contracts.task import Split


class DialogueCorpusTask(CorpusTask, DialogueTask, ABC):
    """A corpus whose examples are tuples of exchanges."""

    @abstractmethod
    def spell(self, exchange: Any) -> tuple[list[int], list[int]]:
        """Write a user's turn and the reply to it in symbols, each with its end."""

    @classmethod
    def length_of(cls, example: Any) -> int:
        """Replies."""
        return len(example)

    @classmethod
    @cache
    def within(cls, split: Split, length: tuple[int, int]) -> Sequence[Any]:
        """List the dialogues of at least as many turns as the lower length, cut after as many as the upper one."""
        low, high = length
        return [example[:high] for example in cls.corpus()[split] if len(example) >= low]

    def lay_out(self, examples: Sequence[Any]) -> Batch:
        """Each user's turn is given; each reply is to be said."""
        rows, given = [], []
        for example in examples:
            parts = [part for exchange in example for part in zip(self.spell(exchange), (True, False), strict=True)]
            rows.append(torch.tensor([token for tokens, _ in parts for token in tokens]))
            given.append(torch.tensor([supplied for tokens, supplied in parts for _ in tokens]))
        tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)  # [B, T]
        valid = torch.arange(tokens.shape[1]) < torch.tensor([len(row) for row in rows])[:, None]
        return Batch(tokens, torch.nn.utils.rnn.pad_sequence(given, batch_first=True), valid)
