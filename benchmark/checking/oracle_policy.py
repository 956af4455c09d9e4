"""An oracle of a task in the place of a model, so that it can be run freely like one.

Axes: B batch, T time (columns), V vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import seeded
from benchmark.contracts.task import Task

Oracle = Callable[[Batch, Tensor], Tensor]
Script = Callable[[Batch, int], Tensor]


@dataclass
class Said:
    """The columns so far, [B, T]."""

    tokens: Tensor

    def select(self, rows: Tensor) -> Self:
        """Return a copy that holds the rows asked for."""
        return type(self)(self.tokens[rows])


class OraclePolicy(SequenceModel):
    """Says what an oracle says, given all that was said before. For one batch; each step asks the oracle anew.

    Args:
        task: whose oracle it is.
        oracle: `task.process` or `task.expert`: log-probabilities [B, T, V] of a batch and a history.
        batch: whose rows are run.
    """

    name = "oracle policy"

    def __init__(self, task: Task, oracle: Oracle, batch: Batch) -> None:
        with seeded("oracle policy"):  # the layers of a model are made and never used
            super().__init__(task.space, width=1)
        self._oracle, self._batch = oracle, batch

    def advance(self, inputs: Tensor, state: Any) -> tuple[Tensor, Said]:
        """An oracle has no features."""
        raise TypeError("an oracle is asked through forward, prefill and step")

    def forward(self, tokens: Tensor) -> Tensor:
        """Log-probabilities [B, T, V] on a history [B, T]."""
        return self._oracle(self._batch, tokens)

    def prefill(self, prompt: Tensor) -> tuple[Tensor, Said]:
        """Log-probabilities [B, V] after a prompt [B, P]."""
        return self._after(prompt), Said(prompt)

    def step(self, token: Tensor, state: Any) -> tuple[Tensor, Said]:
        """Log-probabilities [B, V] after one more token [B]."""
        said = torch.cat([state.tokens, token[:, None]], 1)  # [B, T]
        return self._after(said), Said(said)

    def _after(self, said: Tensor) -> Tensor:
        """Ask for the column after those said; what stands in later columns does not matter, and gold does."""
        column = said.shape[1]
        gold = self._batch.tokens[:, column:]  # [B, the rest]
        rest = gold if gold.shape[1] else said.new_zeros(len(said), 1)
        return self._oracle(self._batch, torch.cat([said, rest], 1))[:, column]


class ScriptedPolicy(OraclePolicy):
    """Says what stands in a script, whatever was said before. For one batch.

    Args:
        task: whose space it speaks in.
        script: logits [B, V] of a batch and a column; [B, 2 D] in a continuous space.
        batch: whose rows are run.
    """

    name = "scripted policy"

    def __init__(self, task: Task, script: Script, batch: Batch) -> None:
        super().__init__(task, self._never, batch)
        self._script = script

    @staticmethod
    def _never(batch: Batch, history: Tensor) -> Tensor:
        raise TypeError("a script has no parallel pass")

    def _after(self, said: Tensor) -> Tensor:
        return self._script(self._batch, said.shape[1])
