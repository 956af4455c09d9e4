"""Replies in a real conversation, turn after turn: what fine-tuning a chat model with teacher forcing does, in small.

Conversations of strangers (chitchat dataset, MIT), split 90/5/5 by the hash of the conversation. The first of two
speakers is the user, whose turns are given; the other's turns are the model's, character by character. A turn is cut
after 127 characters.

There is no right reply. What is judged is whether replies are as surprising as real ones at the same turns, to a
trigram model of the training replies: gibberish is more surprising, repetition less. It does not see whether a reply
answers anything, and a mixture of both faults can hide them: read it beside the diversity measures.

Axes: B batch, T time (columns), R replies of a row, V symbols.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
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
    Output,
    Score,
    Split,
    split_by_hash,
    turns,
)

_LETTERS = " !\"#$%&'()*+,-./0123456789:;?abcdefghijklmnopqrstuvwxyz"
_ASKED, _SAID = "→", "■"  # end of a user's turn, and of a reply
_SYMBOLS = (_ASKED, *_LETTERS, _SAID)
_INDEX = {symbol: index for index, symbol in enumerate(_SYMBOLS)}
_CAP = 128  # own tokens of a reply, its end included
_PRIOR = 5.0  # counts that the distribution of the next lower order is worth (MacKay & Peto 1995)


class Exchange(NamedTuple):
    """A user's turn and the reply to it, of letters that there are."""

    asked: str
    said: str


@cache
def _corpus() -> dict[Split, list[tuple[Exchange, ...]]]:
    """Conversations by split, each of one exchange or more; a turn without words ends its conversation.

    The few short ones that occur in a later split as well are left out of the earlier one.
    """
    corpus: dict[Split, list[tuple[Exchange, ...]]] = {"train": [], "validation": [], "test": []}
    for conversation, content in json.loads(CHITCHAT.text()).items():
        texts = [_letters(" ".join(message["text"] for message in turn)) for turn in content["messages"]]
        spoken = texts[: texts.index("")] if "" in texts else texts
        exchanges = tuple(map(Exchange, spoken[::2], spoken[1::2]))
        if exchanges:
            corpus[split_by_hash(conversation)].append(exchanges)
    held_out = {*corpus["validation"], *corpus["test"]}
    corpus["train"] = [exchanges for exchanges in corpus["train"] if exchanges not in held_out]
    corpus["validation"] = [exchanges for exchanges in corpus["validation"] if exchanges not in corpus["test"]]
    return corpus


def _letters(text: str) -> str:
    """The letters of a text that there are symbols for, without room to spare, cut to the cap."""
    kept = "".join(letter for letter in text.lower().replace("’", "'").replace("\n", " ") if letter in _LETTERS)
    return " ".join(kept.split())[: _CAP - 1].strip()


@cache
def _surprise() -> Tensor:
    """Nats of a token after two others, [V, V, V], to a smoothed trigram model of the training replies."""
    exchanges = (exchange for conversation in _corpus()["train"] for exchange in conversation)
    text = "".join(f"{asked[-1]}{_ASKED}{said}{_SAID}" for asked, said in exchanges)
    tokens = torch.tensor([_INDEX[letter] for letter in text])
    within = tokens[2:] != _INDEX[_ASKED]  # what stands after another reply's end is no reply
    within &= tokens[1:-1] != _INDEX[_SAID]
    grams = ((tokens[:-2] * len(_SYMBOLS) + tokens[1:-1]) * len(_SYMBOLS) + tokens[2:])[within]
    counts = torch.bincount(grams, minlength=len(_SYMBOLS) ** 3)
    counts = counts.view(len(_SYMBOLS), len(_SYMBOLS), len(_SYMBOLS)).double()
    probability = torch.full((1, 1, len(_SYMBOLS)), 1 / len(_SYMBOLS), dtype=torch.float64)
    for order in (counts.sum((0, 1), keepdim=True), counts.sum(0, keepdim=True), counts):
        probability = (order + _PRIOR * probability) / (order.sum(-1, keepdim=True) + _PRIOR)
    return -probability.log()


def surprise_gap(mean: Tensor) -> float:
    """Distance of the mean surprise of own tokens from that of gold's, nats, >= 0, of mean statistics [4].

    They are surprise and tokens of own replies, and of gold's.
    """
    own, own_tokens, gold, gold_tokens = mean
    return float((own / own_tokens - gold / gold_tokens).abs())


class Chitchat(DialogueCorpusTask):
    """Reply in a conversation between strangers, turn after turn, letter by letter; real chat."""

    name = "chitchat"
    needs = (CHITCHAT,)
    space = Discrete(len(_SYMBOLS), emits=tuple(range(1, len(_SYMBOLS))), symbols=_SYMBOLS)
    reply_end = _INDEX[_SAID]
    reply_cap = _CAP
    metric = Metric("surprise gap", "nats per token, from real replies", "lower", 0.0, None, figure=surprise_gap)
    curve = Curve("turn", "turns", ((1, 1), (2, 2), (3, 4), (5, 8)), trained=(1, 4), tokens=8 * _CAP)
    coordinates = Coordinates(
        failure="open", target="stochastic", recoverable="fully", aligned=False, source="real", given="turns"
    )
    decoding = "sample"
    floor = 8.21  # letters drawn uniformly; recomputed in the tests, like the control
    ceiling = 0.0  # gold itself
    controls = {"real replies of other conversations": 0.022}
    licence = "chitchat-dataset: MIT"
    citation = """@misc{myers2020conversational,
  title = {Conversational Scaffolding: An Analogy-Based Approach to Response Prioritization in Open-Domain Dialogs},
  author = {Myers, Will and Etchart, Tyler and Fulda, Nancy}, year = {2020},
  note = {Source of the chitchat dataset}
}"""

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[tuple[Exchange, ...]]]:
        """Conversations by split, split by conversation."""
        return _corpus()

    @classmethod
    def columns_of(cls, example: tuple[Exchange, ...]) -> int:
        """By letters."""
        return sum(len(text) for exchange in example for text in exchange)

    def spell(self, exchange: Exchange) -> tuple[list[int], list[int]]:
        """Write a user's turn and the reply to it in symbols, each with its end."""
        asked, said = ([_INDEX[letter] for letter in text] for text in exchange)
        return [*asked, _INDEX[_ASKED]], [*said, self.reply_end]

    def score(self, batch: Batch, output: Output) -> Score:
        """Surprise and tokens of each reply, and of gold's at that turn, [B, T, 4], at the last column of the reply.

        The surprise is that of an own token after the two tokens before it in the history that was fed.
        """
        gold = self._replies(Output(batch.tokens, batch.own, batch.tokens, output.stopped))  # [B, R + 1, 2]
        said, turn = self._replies(output), turns(output.own)
        ends = output.own & ~torch.nn.functional.pad(output.own, (0, 1))[:, 1:]
        row = torch.arange(len(turn))[:, None].expand_as(turn)[ends]
        value = torch.zeros(*turn.shape, 4, dtype=torch.float64)
        value[ends] = torch.cat([said[row, turn[ends]], gold[row, turn[ends]]], -1)
        return Score(value, ends.double())

    @staticmethod
    def _replies(output: Output) -> Tensor:
        """Surprise and tokens of each reply, [B, R + 1, 2]; turn 0 is nobody's."""
        before = torch.nn.functional.pad(output.history, (2, 0))  # column t holds column t - 2
        nats = _surprise()[before[:, :-2], before[:, 1:-1], output.tokens]  # [B, T]
        turn = turns(output.own)
        totals = torch.zeros(len(turn), int(turn.max()) + 1, 2, dtype=torch.float64)
        each = torch.stack([nats, torch.ones_like(nats)], -1) * output.own[..., None]  # [B, T, 2]
        return totals.scatter_add_(1, turn[..., None].expand_as(each), each)
