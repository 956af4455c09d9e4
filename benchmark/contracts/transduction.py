"""Sequence transduction: a prompt becomes a target that is determined, ends by a symbol, and is judged by its edits.

Axes: B batch, T time (columns), N own tokens of gold, V vocabulary.
"""

from abc import ABC

from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.corpus import CorpusTask
from benchmark.contracts.edits import completion_costs, edit_reward, optimal_completions, uniform_over, whole_costs
from benchmark.contracts.spaces import Discrete


class TransductionTask(CorpusTask, ABC):
    """A corpus of prompts and targets whose reward, expert and judge follow from the edit distance to the target."""

    def limit(self, batch: Batch) -> Tensor:
        """Twice the symbols of the prompt and ten more: no function of gold."""
        return 2 * batch.given.sum(1) + 10

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """The fall of the edit distance to gold with each token, per gold token; a row sums to minus its error rate.

        Before the end the distance is the least to any prefix of gold; at the last token it is that to gold as a whole.
        """
        costs = completion_costs(batch, output.tokens, output.own)  # [B, T + 1, N + 1]
        return edit_reward(costs.min(-1).values, whole_costs(batch, costs), output, batch.lengths)

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """Uniform over the optimal completions of the history (Sabour et al. 2019, arXiv 1810.01398), [B, T, V]."""
        return uniform_over(self._best(batch, history))

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Is the token among the optimal completions of what was said before it, [B, T]?"""
        return self._best(batch, history).gather(-1, history[..., None]).squeeze(-1)

    def _best(self, batch: Batch, history: Tensor) -> Tensor:
        """[B, T, V] bool."""
        assert isinstance(self.space, Discrete)
        return optimal_completions(batch, history, self.space.size)
