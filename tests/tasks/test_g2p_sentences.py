"""Grapheme to phoneme on real turns: the corpus, its split, its metric and its reward."""

import pytest
import torch

from benchmark.contracts import Batch, Output, stream
from tasks import g2p_sentences
from tasks.g2p_sentences import G2pSentences

TASK = G2pSentences()


def spell(text: str) -> list[int]:
    return [g2p_sentences._INDEX[letter] for letter in text] + [g2p_sentences._INDEX["="]]


def say(text: str) -> list[int]:
    return [g2p_sentences._INDEX[symbol] for symbol in text.split()]


def hello() -> Batch:
    return Batch.from_rows([spell("hello you")], [say("HH AH L OW | Y UW #")])


def spoken(text: str) -> Output:
    prompt, said = spell("hello you"), say(text)
    tokens = torch.tensor([prompt + said])
    own = torch.tensor([[False] * len(prompt) + [True] * len(said)])
    return Output(tokens, own, tokens, torch.tensor([text.endswith("#")]))


def test_no_text_of_the_test_or_validation_split_was_seen_in_training():
    corpus = g2p_sentences._corpus()
    texts = {split: {example.text for example in examples} for split, examples in corpus.items()}
    assert not texts["train"] & texts["validation"]
    assert not (texts["train"] | texts["validation"]) & texts["test"]


def test_the_split_and_the_pronunciations_are_pinned():
    corpus = g2p_sentences._corpus()
    assert {split: len(examples) for split, examples in corpus.items()} == {
        "train": 85079, "validation": 3960, "test": 4124,
    }  # fmt: skip
    said = {"hello": "HH AH L OW", "you": "Y UW"}
    assert g2p_sentences._example(["hello", "you"], said, {"hello": 4, "you": 2}).phonemes == 6


def test_no_pronunciation_is_longer_than_the_limit():
    for examples in g2p_sentences._corpus().values():
        assert all(len(e.said.split()) + 1 <= 2 * (len(e.text) + 1) + 10 for e in examples)


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        ("HH AH L OW | Y UW #", 0),
        ("HH AH L OW Y UW #", 0),  # gaps are not phonemes
        ("HH AH L OW | Y UW", 0),  # nor is the end
        ("HH EH L OW | Y UW #", 1),
        ("HH AH L OW #", 2),
        ("#", 6),
        ("HH AH L OW | Y UW | Y UW #", 2),
    ],
)
def test_the_error_rate_counts_edits_of_phonemes(said, errors):
    score = TASK.score(hello(), spoken(said))
    assert float(score.value) == pytest.approx(errors / 6)
    assert float(score.weight) == 6


@pytest.mark.parametrize(
    "said", ["HH AH L OW | Y UW #", "HH EH L OW | Y UW #", "#", "HH AH L", "Y UW | Y UW #", "HH AH L OW #"]
)
def test_rewards_sum_to_minus_the_edit_distance_per_gold_token(said):
    from rapidfuzz.distance import Levenshtein

    expected = -Levenshtein.distance(say(said), say("HH AH L OW | Y UW #")) / 8
    assert float(TASK.reward(hello(), spoken(said)).sum()) == pytest.approx(expected, abs=1e-6)


def test_a_wrong_phoneme_costs_at_the_place_where_it_is_said():
    reward = TASK.reward(hello(), spoken("HH EH L OW | Y UW #"))[0, -8:]
    assert [round(float(r) * 8) for r in reward] == [0, -1, 0, 0, 0, 0, 0, 0]


def test_length_is_counted_in_phonemes():
    for low, high in TASK.curve.buckets:
        batch = TASK.sample("test", 16, (low, high), stream("lengths"))
        gold = G2pSentences._phonemes(batch.tokens, batch.own)
        assert all(low <= len(row) <= high for row in gold)


def test_a_training_batch_wastes_little_on_padding():
    filled = [TASK.sample("train", 32, (1, 24), stream("padding", i)).valid.double().mean() for i in range(50)]
    assert sum(filled) / len(filled) > 0.85
