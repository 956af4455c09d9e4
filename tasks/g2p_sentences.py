"""Grapheme-to-phoneme conversion of whole sentences (Yoon et al. 2023, arXiv 2308.08442), on real chat turns.

Turns of the chitchat dataset (MIT) whose words all stand in the CMU pronouncing dictionary (BSD-like); each word has
its first pronunciation, without stress. Both are read from the installed packages.

Axes: B batch, T time (columns), V vocabulary.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from torch import Tensor

from benchmark.contracts import (
    CHITCHAT,
    CMUDICT,
    Batch,
    Coordinates,
    Curve,
    Discrete,
    Metric,
    Output,
    Score,
    Split,
    TransductionTask,
    edit_rate,
    exact_match,
    split_by_hash,
)

_LETTERS = " '" + "abcdefghijklmnopqrstuvwxyz"
_PHONEMES = tuple(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()  # noqa: SIM905
)
_SYMBOLS = (*_LETTERS, "=", *_PHONEMES, "|", "#")
_INDEX = {symbol: index for index, symbol in enumerate(_SYMBOLS)}
_READ, _GAP, _END = _INDEX["="], _INDEX["|"], _INDEX["#"]
_STRESS = str.maketrans("", "", "0123456789")
_OTHERS = re.compile("[^a-z' ]")
_WHOLE = "it needs a whole output; on gold prefixes there is a token error rate instead"


class Example(NamedTuple):
    """A sentence: its text, how it is said, and how many phonemes that takes."""

    text: str
    said: str
    phonemes: int


def _lexicon() -> dict[str, str]:
    """First pronunciation of each word, without stress."""
    words: dict[str, str] = {}
    for line in CMUDICT.text().splitlines():
        word, _, said = line.partition("#")[0].partition(" ")
        if "(" not in word:  # "word(2)" is a further pronunciation
            words.setdefault(word, said.translate(_STRESS).strip())
    return words


@cache
def _corpus() -> dict[Split, list[Example]]:
    """Read the corpus and split it by conversation.

    A text that stands in an earlier split (train, then validation) is left out of the later ones.
    """
    lexicon = _lexicon()
    phonemes = {word: len(said.split()) for word, said in lexicon.items()}
    found: dict[Split, list[str]] = {"train": [], "validation": [], "test": []}
    for conversation, content in json.loads(CHITCHAT.text()).items():
        texts = (" ".join(message["text"] for message in turn) for turn in content["messages"])
        letters = [_OTHERS.sub(" ", text.lower().replace("’", "'")) for text in texts]
        found[split_by_hash(conversation)] += letters
    seen: set[str] = set()
    corpus: dict[Split, list[Example]] = {}
    for split, texts in found.items():
        words = [text.split() for text in texts]
        kept = [turn for turn in words if turn and all(map(lexicon.__contains__, turn))]
        examples = [_example(turn, lexicon, phonemes) for turn in kept]
        corpus[split] = [example for example in examples if split == "train" or example.text not in seen]
        seen |= {example.text for example in examples}
    return corpus


def _example(words: list[str], lexicon: dict[str, str], phonemes: dict[str, int]) -> Example:
    said = " | ".join([lexicon[word] for word in words])
    return Example(" ".join(words), said, sum([phonemes[word] for word in words]))


class G2pSentences(TransductionTask):
    """Say a sentence: letters in, phonemes out; real chat turns, split by conversation."""

    name = "g2p_sentences"
    needs = (CMUDICT, CHITCHAT)
    space = Discrete(len(_SYMBOLS), end=_END, emits=tuple(range(_READ + 1, len(_SYMBOLS))), symbols=_SYMBOLS)
    metric = Metric(
        "phoneme error rate",
        "edits per gold phoneme",
        "lower",
        0.0,
        None,
        gold_prefix=f"an edit distance: {_WHOLE}",
    )
    further_metrics = (
        Metric("word error rate", "edits per gold word", "lower", 0.0, None, gold_prefix=f"an edit distance: {_WHOLE}"),
        Metric("exact match", "share of sentences", "higher", 0.0, 1.0, gold_prefix=_WHOLE),
    )
    curve = Curve("length", "phonemes", ((1, 8), (9, 16), (17, 24), (25, 32), (33, 48)), trained=(1, 24))
    coordinates = Coordinates(
        failure="open", target="deterministic", recoverable="partly", aligned=False, source="real", given="prompt"
    )
    decoding = "greedy"
    floor = 1.0  # saying nothing
    ceiling = 0.0
    licence = "cmudict: BSD-like (Carnegie Mellon University); chitchat-dataset: MIT"
    citation = """@inproceedings{yoon2023mitigating,
  title = {Mitigating the Exposure Bias in Sentence-Level Grapheme-to-Phoneme (G2P) Transduction},
  author = {Yoon, Eunseop and Yoon, Hee Suk and Dhillon, Gowtham and others},
  booktitle = {Interspeech}, year = {2023}
}"""

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[Example]]:
        """Sentences by split, split by conversation."""
        return _corpus()

    @classmethod
    def length_of(cls, example: Example) -> int:
        """Phonemes, gaps left out."""
        return example.phonemes

    @classmethod
    def columns_of(cls, example: Example) -> tuple[int, int]:
        """By the length of the text, then of what is said."""
        return len(example.text), len(example.said)

    @classmethod
    def identity(cls, example: Example) -> str:
        """The text."""
        return example.text

    def lay_out(self, examples: Sequence[Example]) -> Batch:
        """Letters and "=" are the prompt; phonemes, "|" between words, and "#" the target."""
        prompts = [[_INDEX[letter] for letter in example.text] + [_READ] for example in examples]
        targets = [[_INDEX[symbol] for symbol in example.said.split()] + [_END] for example in examples]
        return Batch.from_rows(prompts, targets)

    def score(self, batch: Batch, output: Output) -> Score:
        """Edits between the phonemes said and gold's, gaps and the end left out, over gold's phonemes; [B]."""
        return edit_rate(self._phonemes(output.tokens, output.own), self._phonemes(batch.tokens, batch.own))

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """Edits between words, each said as a whole, over gold's words; and whether the whole is right; [B] each."""
        said, gold = self._words(output.tokens, output.own), self._words(batch.tokens, batch.own)
        return edit_rate(said, gold), exact_match(said, gold)

    @staticmethod
    def _words(tokens: Tensor, own: Tensor) -> list[list[str]]:
        rows = (row[kept & (row != _END)].tolist() for row, kept in zip(tokens, own, strict=True))
        spoken = (" ".join(_SYMBOLS[symbol] for symbol in row) for row in rows)
        return [[word.strip() for word in row.split(_SYMBOLS[_GAP]) if word.strip()] for row in spoken]

    @staticmethod
    def _phonemes(tokens: Tensor, own: Tensor) -> list[list[int]]:
        spoken = own & (tokens != _GAP) & (tokens != _END)
        return [row[kept].tolist() for row, kept in zip(tokens, spoken, strict=True)]


class G2pSentencesLong(G2pSentences):
    """Say sentences of up to 100 phonemes in training and 300 in tests: whole turns of real chat."""

    name = "g2p_sentences_long"
    curve = Curve(
        "length",
        "phonemes",
        ((1, 25), (26, 50), (51, 100), (101, 150), (151, 200), (201, 300)),
        trained=(1, 100),
        tokens=400,  # gaps between words are own tokens too
    )
