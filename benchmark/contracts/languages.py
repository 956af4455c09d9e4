"""Languages whose process is known: what is judged and rewarded, with and without impossible symbols.

Axes: B batch, T time (columns), V vocabulary.
"""

import math
from abc import ABC

from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.losses import kl_divergence
from benchmark.contracts.task import Score, Task


class FullSupportLanguage(Task, ABC):
    """A language in which every symbol is possible after every history: judged by its distance from the process."""

    def score(self, batch: Batch, output: Output) -> Score:
        """KL(P||Q) of the next symbol on the history that was fed, exact over symbols, [B, T] nats."""
        assert output.log_probabilities is not None
        divergence = kl_divergence(self.process(batch, output.history), output.log_probabilities.double())
        return Score(divergence, output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """Log-probability of each own symbol under the process, [B, T] nats."""
        log_p = self.process(batch, output.tokens).gather(-1, output.tokens[..., None]).squeeze(-1)
        return (log_p * output.own).float()

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The process itself: nothing goes on beside the model's own symbols, [B, T, V]."""
        return self.process(batch, history)


class SparseLanguage(Task, ABC):
    """A language in which most symbols are impossible after a history: judged by the share of those said."""

    def score(self, batch: Batch, output: Output) -> Score:
        """1 for a token that is impossible after the history that was fed; on gold prefixes the model's own draw."""
        return Score((~self._possible(batch, output.history, output.tokens)).double(), output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for an own token that is possible, [B, T]."""
        return (self.correct(batch, output.tokens) & output.own).float()

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The process itself: nothing goes on beside the model's own symbols, [B, T, V]."""
        return self.process(batch, history)

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Does the token have positive probability under the process, given the history before it? [B, T] bool."""
        return self._possible(batch, history, history)

    def _possible(self, batch: Batch, history: Tensor, tokens: Tensor) -> Tensor:
        log_p = self.process(batch, history)  # [B, T, V]
        return log_p.gather(-1, tokens[..., None]).squeeze(-1) > -math.inf  # [B, T]
