"""Pairs and dialogues of a user's own as tasks.

Axes: B batch, T time (columns), R replies.
"""

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.corpus import CorpusTask
from benchmark.contracts.dialogues import whole_turns
from benchmark.contracts.edits import edit_rate, exact_match
from benchmark.contracts.exchanges import DialogueCorpusTask
from benchmark.contracts.own.examples import Example, Exchange, Symbols, key
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.task import Coordinates, Score, Split
from benchmark.contracts.transduction import TransductionTask

_READ, _END = "→", "■"  # after what is asked, and after what is said


class OwnData(CorpusTask, ABC):
    """Examples of a user's own, judged by edits and by exact matches; one is the main metric and one the further."""

    splits: ClassVar[dict[Split, list[Example]]]

    def __init__(self) -> None:
        exchanges = [exchange for examples in self.splits.values() for example in examples for exchange in example]
        said = sorted({symbol for exchange in exchanges for symbol in exchange.said})
        asked = sorted({symbol for exchange in exchanges for symbol in exchange.asked}.difference(said))
        first = len(asked) + 1  # of the symbols that may be said
        self.index = {symbol: index for index, symbol in enumerate(asked)}
        self.index |= {symbol: first + index for index, symbol in enumerate(said)}
        symbols = (*asked, _READ, *said, _END)
        self.read, self.reply_end = len(asked), len(symbols) - 1
        end = self.reply_end if self.curve.axis == "length" else None
        self.space = Discrete(len(symbols), end=end, emits=tuple(range(first, len(symbols))), symbols=symbols)
        longest = max(len(exchange.said) for exchange in exchanges)
        self.reply_cap = 2 * longest + 10  # no function of gold

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[Example]]:
        """Examples by split, split by the hash of what is asked first."""
        return cls.splits

    @classmethod
    def columns_of(cls, example: Example) -> int:
        """By all symbols."""
        return sum(len(symbols) for exchange in example for symbols in exchange)

    @classmethod
    def identity(cls, example: Example) -> Symbols:
        """What the split goes by."""
        return key(example)

    def number(self, symbols: Symbols, mark: int) -> list[int]:
        """Number symbols, with a mark after them."""
        return [*(self.index[symbol] for symbol in symbols), mark]

    def score(self, batch: Batch, output: Output) -> Score:
        """The main metric."""
        return self.scores(batch, output)[self.metric.direction == "higher"]

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """The other metric."""
        return (self.scores(batch, output)[self.metric.direction == "lower"],)

    def scores(self, batch: Batch, output: Output) -> tuple[Score, Score]:
        """Edits per gold symbol, and whether the whole is right."""
        raise NotImplementedError


class OwnPairs(OwnData, TransductionTask):
    """Prompts and targets of a user's own."""

    coordinates = Coordinates(
        failure="open", target="deterministic", recoverable="partly", aligned=False, source="real", given="prompt"
    )

    @classmethod
    def length_of(cls, example: Example) -> int:
        """Symbols of the target."""
        return len(example[0].said)

    def lay_out(self, examples: Sequence[Example]) -> Batch:
        """The prompt and "→" are given; the target and "■" are to be said."""
        prompts = [self.number(exchange.asked, self.read) for (exchange,) in examples]
        return Batch.from_rows(prompts, [self.number(exchange.said, self.reply_end) for (exchange,) in examples])

    def limit(self, batch: Batch) -> Tensor:
        """Twice the longest target and ten more: no function of gold."""
        return torch.full((len(batch),), self.reply_cap)

    def scores(self, batch: Batch, output: Output) -> tuple[Score, Score]:
        """Edits per gold symbol, and whether the whole is right; [B] each."""
        said, gold = self._spoken(output.tokens, output.own), self._spoken(batch.tokens, batch.own)
        return edit_rate(said, gold), exact_match(said, gold)

    def _spoken(self, tokens: Tensor, own: Tensor) -> list[list[int]]:
        spoken = own & (tokens != self.reply_end)
        return [row[kept].tolist() for row, kept in zip(tokens, spoken, strict=True)]


class OwnDialogues(OwnData, DialogueCorpusTask):
    """Dialogues of a user's own: the user's turns are given, and the model's own replies are its history."""

    coordinates = Coordinates(
        failure="open", target="stochastic", recoverable="partly", aligned=False, source="real", given="turns"
    )

    def spell(self, exchange: Exchange) -> tuple[list[int], list[int]]:
        """Write a user's turn and "→", and the reply and "■"."""
        return self.number(exchange.asked, self.read), self.number(exchange.said, self.reply_end)

    def scores(self, batch: Batch, output: Output) -> tuple[Score, Score]:
        """Edits per gold symbol of each reply, and whether the whole is right, at its last column; [B, T] each."""
        said, ends = self._replies(output.tokens, output.own)
        gold, _ = self._replies(batch.tokens, batch.own)
        rates, weights = edit_rate(said, gold)  # [R] each
        value, weight = torch.zeros(2, *ends.shape, dtype=torch.float64)
        value[ends], weight[ends] = rates, weights
        right = torch.ones_like(ends)
        right[ends] = exact_match(said, gold).value > 0
        return Score(value, weight), whole_turns(right, output.own)

    def _replies(self, tokens: Tensor, own: Tensor) -> tuple[list[list[int]], Tensor]:
        """The replies of all rows in order, without their ends, and the last column of each, [B, T] bool."""
        begins = own & ~torch.nn.functional.pad(own, (1, 0))[:, :-1]
        ends = own & ~torch.nn.functional.pad(own, (0, 1))[:, 1:]
        spans = zip(begins.nonzero().tolist(), ends.nonzero().tolist(), strict=True)
        cut = (tokens[row, first : last + 1] for (row, first), (_, last) in spans)
        return [reply[reply != self.reply_end].tolist() for reply in cut], ends

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """Minus the edits per gold symbol of each reply, at its last column, [B, T]."""
        value, _ = self.scores(batch, output)[0]
        return -value.float()
