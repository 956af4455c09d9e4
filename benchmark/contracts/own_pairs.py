"""Prompts and targets of a user's own as a task; `own_data` makes it of files.

Axes: B batch, T time (columns).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.edits import edit_rate, exact_match
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.task import Coordinates, Score, Split
from benchmark.contracts.transduction import TransductionTask

Symbols = tuple[str, ...]
_READ, _END = "→", "■"  # between prompt and target, and after the target


class Pair(NamedTuple):
    """An example in symbols, without marks."""

    prompt: Symbols
    target: Symbols


def key(pair: Pair) -> Symbols:
    """What the split goes by: the prompt, or the target where there is none."""
    return pair.prompt or pair.target


class OwnPairs(TransductionTask):
    """Prompts and targets of a user's own."""

    coordinates = Coordinates(
        failure="open", target="deterministic", recoverable="partly", aligned=False, source="real", given="prompt"
    )
    splits: ClassVar[dict[Split, list[Pair]]]

    def __init__(self) -> None:
        pairs = [pair for pairs in self.splits.values() for pair in pairs]
        said = sorted({symbol for pair in pairs for symbol in pair.target})
        asked = sorted({symbol for pair in pairs for symbol in pair.prompt}.difference(said))
        first = len(asked) + 1  # of the symbols that may be said
        self._index = {symbol: index for index, symbol in enumerate(asked)}
        self._index |= {symbol: first + index for index, symbol in enumerate(said)}
        symbols = (*asked, _READ, *said, _END)
        self._read, self._end = len(asked), len(symbols) - 1
        own = tuple(range(first, len(symbols)))
        self.space = Discrete(len(symbols), end=self._end, emits=own, symbols=symbols)

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[Pair]]:
        """Examples by split, split by the hash of the prompt."""
        return cls.splits

    @classmethod
    def length_of(cls, example: Pair) -> int:
        """Symbols of the target."""
        return len(example.target)

    @classmethod
    def columns_of(cls, example: Pair) -> int:
        """By all symbols."""
        return len(example.prompt) + len(example.target)

    @classmethod
    def identity(cls, example: Pair) -> Symbols:
        """What the split goes by."""
        return key(example)

    def lay_out(self, examples: Sequence[Pair]) -> Batch:
        """The prompt and "→" are given; the target and "■" are to be said."""
        prompts = [[*(self._index[symbol] for symbol in pair.prompt), self._read] for pair in examples]
        targets = [[*(self._index[symbol] for symbol in pair.target), self._end] for pair in examples]
        return Batch.from_rows(prompts, targets)

    def limit(self, batch: Batch) -> Tensor:
        """Twice the longest target of the curve and ten more: no function of gold."""
        return torch.full((len(batch),), 2 * self.curve.longest + 10)

    def score(self, batch: Batch, output: Output) -> Score:
        """The main metric, [B]."""
        return self._scores(batch, output)[self.metric.direction == "higher"]

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """The other metric, [B]."""
        return (self._scores(batch, output)[self.metric.direction == "lower"],)

    def _scores(self, batch: Batch, output: Output) -> tuple[Score, Score]:
        """Edits per gold symbol, and whether the whole is right."""
        said, gold = self._spoken(output.tokens, output.own), self._spoken(batch.tokens, batch.own)
        return edit_rate(said, gold), exact_match(said, gold)

    def _spoken(self, tokens: Tensor, own: Tensor) -> list[list[int]]:
        spoken = own & (tokens != self._end)
        return [row[kept].tolist() for row, kept in zip(tokens, spoken, strict=True)]
