"""Small talk: reply to a stranger, turn after turn, on real conversations (the chitchat dataset, Myers et al. 2020).

What fine-tuning a chat model with teacher forcing does, at a size that runs here: the user's turns are given, the
assistant's earlier turns are gold or the model's own. There is no right reply, so what is judged is how its symbols are
distributed: how surprising each is to a trigram model of the training turns, in 16 bins, against the turns of the
validation conversations (Gehrmann et al. 2019, arXiv 1906.04043, tell written from generated text by such bins). It
sees what is too likely (dull, repeated) and what is too unlikely (broken), each by itself. Its trap: it is blind to
sense. Text drawn from the trigram model comes near to the ceiling, and a good reply to another question reaches it.

Texts are in lower case, without figures and marks other than . , ? ! '. The 512 most frequent words and marks of the
training conversations, with the space before them, are symbols; all others are spelled. Conversations are cut into
dialogues of 8 exchanges (4 for training), without turns of more than 128 symbols; what does not fill one is left out.

Axes: B batch, T time (columns), K bins, N symbols in a row.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.contracts import (
    CHITCHAT,
    Batch,
    Coordinates,
    Curve,
    DialogueCorpusTask,
    Discrete,
    Metric,
    NgramModel,
    Output,
    Score,
    Split,
    split_by_hash,
)

_LETTERS = " '.,?!abcdefghijklmnopqrstuvwxyz"
_PIECE = re.compile(r" ?[a-z']+| ?.")  # a word or a mark, with the space before it
_FREQUENT = 512
_ASKED, _END = "→", "¶"  # after the user's turn, and after a reply
_LONGEST = 128  # symbols of a turn, its mark among them
_TRAINED, _TESTED = 4, 8  # exchanges of a dialogue
_BINS, _NATS = 16, 0.5  # of surprisal, and how wide one is; the last has no end


class Exchange(NamedTuple):
    """A user's turn and the reply to it."""

    asked: str
    said: str


@cache
def _conversations() -> dict[Split, dict[str, list[str]]]:
    """The turns of each conversation by its number, split by the hash of that."""
    found: dict[Split, dict[str, list[str]]] = {"train": {}, "validation": {}, "test": {}}
    for conversation, content in json.loads(CHITCHAT.text()).items():
        turns = (" ".join(message["text"] for message in turn) for turn in content["messages"])
        found[split_by_hash(conversation)][conversation] = [_plain(turn) for turn in turns]
    return found


def _plain(text: str) -> str:
    """Leave letters and marks, and one space before each word."""
    kept = re.sub(r"[^a-z'.,?! ]", " ", text.lower().replace("’", "'"))
    return "".join(f" {word}" for word in kept.split())


@cache
def _symbols() -> dict[str, int]:
    """Number the symbols: the marks, the letters, and the most frequent pieces of the training conversations."""
    texts = chain.from_iterable(_conversations()["train"].values())
    pieces = Counter(chain.from_iterable(map(_PIECE.findall, texts)))
    frequent = sorted(pieces, key=lambda piece: (-pieces[piece], piece))[:_FREQUENT]
    symbols = (_ASKED, *_LETTERS, *(piece for piece in frequent if len(piece) > 1), _END)
    return {symbol: index for index, symbol in enumerate(symbols)}


def spell(text: str) -> list[int]:
    """Write a text in symbols, a piece that is none letter by letter."""
    index = _symbols()
    written = ((piece,) if piece in index else piece for piece in _PIECE.findall(text))
    return [index[symbol] for piece in written for symbol in piece]


@cache
def _corpus() -> dict[Split, list[tuple[Exchange, ...]]]:
    """The dialogues, cut out of the conversations one after the other."""
    lengths: dict[Split, int] = {"train": _TRAINED, "validation": _TESTED, "test": _TESTED}
    return {
        split: [part for turns in _conversations()[split].values() for part in _parts(turns, length)]
        for split, length in lengths.items()
    }


def _parts(turns: list[str], length: int) -> Iterator[tuple[Exchange, ...]]:
    """Yield so many exchanges in a row without a turn that is empty or too long; after one it begins anew."""
    index, part = _symbols(), []
    for turn in turns:
        symbols = sum(1 if piece in index else len(piece) for piece in _PIECE.findall(turn))
        part = [*part, turn] if 0 < symbols < _LONGEST else []
        if len(part) == 2 * length:
            yield tuple(map(Exchange, part[::2], part[1::2]))
            part = []


@cache
def trigrams() -> NgramModel:
    """A model of the training turns, whoever speaks: each begins after "→" and ends with "¶"."""
    index = _symbols()
    turns = chain.from_iterable(_conversations()["train"].values())
    return NgramModel.of(_text(turns), len(index), index[_ASKED])


def _text(turns: Iterable[str]) -> Tensor:
    """Write turns one after the other, "→" twice before each and "¶" after it, [N]."""
    index = _symbols()
    asked, end = index[_ASKED], index[_END]
    return torch.tensor([symbol for turn in turns for symbol in (asked, asked, *spell(turn), end)])


def bins_of(surprisal: Tensor) -> Tensor:
    """Which bin a surprisal falls into, from 0."""
    return (surprisal / _NATS).clamp(0, _BINS - 1).long()


@cache
def reference() -> Tensor:
    """Share of the symbols of the validation dialogues' turns in each bin, [K]."""
    text = _text(turn for dialogue in _corpus()["validation"] for exchange in dialogue for turn in exchange)
    said = text.unfold(0, 3, 1)  # [N - 2, 3]
    found = bins_of(trigrams().surprisal(said[said[:, 2] != _symbols()[_ASKED]]))
    return torch.bincount(found, minlength=_BINS).double() / len(found)


def divergence(mean: Tensor) -> float:
    """Total variation between shares of bins [K] and those of real turns."""
    return 0.5 * float((mean - reference()).abs().sum())


class Chitchat(DialogueCorpusTask):
    """Reply to a stranger in small talk, with one's own earlier replies as the context."""

    name = "chitchat"
    needs = (CHITCHAT,)
    reply_cap = _LONGEST
    metric = Metric("surprisal divergence", "total variation to real turns", "lower", 0.0, 1.0, figure=divergence)
    further_metrics = (Metric("repeated 4-grams", "share of those in own replies", "lower", 0.0, 1.0),)
    curve = Curve("turn", "turns", ((1, 1), (2, 2), (3, 4), (5, 6), (7, _TESTED)), trained=(1, _TRAINED), tokens=512)
    coordinates = Coordinates(
        failure="open", target="stochastic", recoverable="partly", aligned=False, source="real", given="turns"
    )
    decoding = "sample"
    floor = 0.84  # uniform symbols; recomputed in the tests, like all of these
    ceiling = 0.01  # real replies: those of the test conversations
    controls = {"symbols by their frequency alone": 0.520, "drawn from the trigram model": 0.037}
    licence = "chitchat-dataset: MIT"
    citation = """@article{myers2020conversational,
  title = {Conversational Scaffolding: An Analogy-Based Approach to Response Prioritization in Open-Domain Dialogs},
  author = {Myers, Will and Etchart, Tyler and Fulda, Nancy},
  year = {2020}
}"""

    def __init__(self) -> None:
        symbols = tuple(_symbols())
        self.reply_end = len(symbols) - 1
        self.space = Discrete(len(symbols), emits=tuple(range(1, len(symbols))), symbols=symbols)

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[tuple[Exchange, ...]]]:
        """Dialogues by split, split by conversation."""
        return _corpus()

    @classmethod
    def columns_of(cls, example: tuple[Exchange, ...]) -> int:
        """By all letters."""
        return sum(len(turn) for exchange in example for turn in exchange)

    @classmethod
    def identity(cls, example: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
        """As many exchanges as a training dialogue has."""
        return example[:_TRAINED]

    def spell(self, exchange: Exchange) -> tuple[list[int], list[int]]:
        """The user's turn with "→", and the reply with "¶"."""
        return [*spell(exchange.asked), _symbols()[_ASKED]], [*spell(exchange.said), self.reply_end]

    def score(self, batch: Batch, output: Output) -> Score:
        """The bin of each own symbol's surprisal after the two before it in its reply, [B, T, K]."""
        asked, own = _symbols()[_ASKED], output.own
        last, other = (_back(output.history, by) for by in (1, 2))  # [B, T]
        said = torch.stack([torch.where(last == asked, asked, other), last, output.tokens], 2)  # [B, T, 3]
        found = torch.zeros_like(output.tokens)
        found[own] = bins_of(trigrams().surprisal(said[own]))
        return Score(torch.nn.functional.one_hot(found, _BINS).double(), own.double())

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score]:
        """Whether an own symbol and the three of its reply before it stood in own replies before, [B, T]."""
        size, columns, own = len(_symbols()), output.own.shape[1], output.own
        whole = own & _back(own, 1) & _back(own, 2) & _back(own, 3)
        prefix = sum(_back(output.history, by) * size**by for by in (1, 2, 3))  # [B, T]
        column = torch.arange(columns)
        heard = ((prefix + output.history) * columns + column).masked_fill(~whole, torch.iinfo(torch.int64).max)
        asked = (prefix + output.tokens) * columns  # before whatever is heard of the same four symbols
        ordered = torch.nn.functional.pad(heard.sort(1).values, (0, 1), value=torch.iinfo(torch.int64).max)
        first = ordered.gather(1, torch.searchsorted(ordered, asked))
        return (Score((first < asked + column).double(), whole.double()),)


def _back(values: Tensor, by: int) -> Tensor:
    """What stands so many columns before each one, [B, T]; 0 before the first."""
    return torch.nn.functional.pad(values, (by, 0))[:, : values.shape[1]]
