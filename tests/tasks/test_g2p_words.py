"""Grapheme to phoneme on single words: split, the best of several pronunciations, oracle against brute force."""

import itertools
import math

import pytest
import torch
from rapidfuzz.distance import Levenshtein

from benchmark.checking.oracle_policy import OraclePolicy
from benchmark.contracts import Batch, Output, seeded, stream
from benchmark.learning.free_running import Draw, roll_out
from tasks import g2p_words
from tasks.g2p_words import G2pWords
from tests.factories import least_cpu_seconds

TASK = G2pWords()
LEXICON = g2p_words._lexicon()
SPLITS = ("train", "validation", "test")


def batch_of(*words: str) -> Batch:
    return TASK._batch(list(words), [LEXICON[word][0] for word in words])


def spoken(word: str, said: str) -> Output:
    prompt = [g2p_words._INDEX[letter] for letter in word] + [g2p_words._READ]
    tokens = torch.tensor([prompt + [g2p_words._INDEX[symbol] for symbol in said.split()]])
    own = (torch.arange(tokens.shape[1]) >= len(prompt))[None]
    return Output(tokens, own, tokens, torch.tensor([said.endswith("#")]))


def test_the_lexicon_and_the_split_are_pinned():
    assert len(LEXICON) == 126_052
    assert LEXICON["abbe"] == [("AE", "B", "IY"), ("AE", "B", "EY")]
    sizes = {split: [len(TASK.within(split, bucket)) for bucket in TASK.curve.buckets] for split in SPLITS}
    assert sizes == {
        "train": [21978, 48200, 32782, 13120, 5095],
        "validation": [1146, 2412, 1722, 682, 250],
        "test": [1168, 2517, 1728, 661, 259],
    }


def test_no_word_is_in_two_splits_and_held_out_words_stand_there_once():
    words = {split: [example.word for example in TASK.corpus()[split]] for split in SPLITS}
    assert all(not set(words[one]) & set(words[other]) for one, other in itertools.combinations(SPLITS, 2))
    assert all(len(words[split]) == len(set(words[split])) for split in SPLITS[1:])


def test_the_test_buckets_hold_nearly_all_words():
    """11 to 14 phonemes are 4 %; what is longer than the grid is .2 %."""
    words = [said[0] for said in LEXICON.values()]
    assert sum(len(said) <= TASK.curve.longest for said in words) / len(words) == pytest.approx(0.998, abs=0.001)


def test_no_pronunciation_is_longer_than_the_limit():
    assert all(len(way) + 1 <= 2 * (len(word) + 1) + 10 for word, said in LEXICON.items() for way in said)


@pytest.mark.parametrize(
    ("said", "wrong", "edits"),
    [
        ("AE B IY #", 0, 0),
        ("AE B EY #", 0, 0),  # the second pronunciation is as good
        ("AE B EY", 0, 0),  # the end is not a phoneme
        ("AE B OW #", 1, 1),
        ("B EY #", 1, 1),
        ("#", 1, 3),
    ],
)
def test_a_word_is_right_in_any_of_its_pronunciations(said, wrong, edits):
    batch, output = batch_of("abbe"), spoken("abbe", said)
    assert float(TASK.score(batch, output).value) == wrong
    (rate,) = TASK.further_scores(batch, output)
    assert float(rate.value) == pytest.approx(edits / 3)
    assert float(rate.weight) == 3


@pytest.mark.parametrize("said", ["AE B IY #", "AE B EY #", "AE B #", "EY B EY #", "#", "K K K K K K"])
def test_rewards_sum_to_minus_the_edits_to_the_nearest_pronunciation_per_gold_token(said):
    ways = [(*way, "#") for way in LEXICON["abbe"]]
    expected = -min(Levenshtein.distance(said.split(), way) for way in ways) / 4
    assert float(TASK.reward(batch_of("abbe"), spoken("abbe", said)).sum()) == pytest.approx(expected, abs=1e-6)


def test_both_pronunciations_are_optimal_where_they_part():
    batch = batch_of("abbe")
    offered = TASK.expert(batch, batch.tokens)[0, -2].exp()  # after AE B
    assert {g2p_words._SYMBOLS[symbol] for symbol in offered.nonzero().flatten().tolist()} == {"IY", "EY"}
    assert float(offered.max()) == pytest.approx(0.5)


def best_next(word: str, said: tuple[str, ...]) -> set[str]:
    """By brute force: next symbols after which some completion reaches the least edit distance that any reaches."""
    ways = [(*way, "#") for way in LEXICON[word]]
    distance = {
        (way, cut): Levenshtein.distance(said, way[:cut]) for way in ways for cut in range(len(way) + 1)
    }  # what is left of the way is then said as it is
    least = min(distance.values())
    return {(*way, "#")[cut] for (way, cut), edits in distance.items() if edits == least}


@pytest.mark.parametrize("word", ["abbe", "read", "either", "cat"])
def test_the_expert_equals_brute_force_on_right_and_wrong_histories(word):
    batch, symbols = batch_of(word), g2p_words._PHONEMES
    for trial in range(20):
        length = batch.lengths[0]
        drawn = torch.randint(len(symbols), (int(length),), generator=stream("history", word, trial)).tolist()
        gold = LEXICON[word][-1]
        said = [gold[place] if place < len(gold) and trial % (place + 2) else symbols[symbol]
                for place, symbol in enumerate(drawn)]  # fmt: skip
        output = spoken(word, " ".join(said))
        offered = TASK.expert(batch, output.tokens)[0, -len(said) :]  # [own, V]
        correct = TASK.correct(batch, output.tokens)[0, -len(said) :]
        for place, row in enumerate(offered):
            expected = best_next(word, tuple(said[:place]))
            assert {g2p_words._SYMBOLS[symbol] for symbol in (row > -math.inf).nonzero().flatten().tolist()} == expected
            assert bool(correct[place]) == (said[place] in expected)


def test_the_expert_run_freely_makes_no_error():
    batch = TASK.sample("test", 64, (1, 10), stream("expert"))
    with seeded("policy"):
        policy = OraclePolicy(TASK, TASK.expert, batch)
    output = roll_out(policy, TASK, batch, Draw("sample", stream("x")))
    assert bool(output.stopped.all())
    assert float(TASK.score(batch, output).value.mean()) == TASK.ceiling
    assert bool(TASK.correct(batch, output.tokens)[output.own].all())


def test_saying_nothing_scores_the_floor():
    batch = TASK.sample("test", 64, (1, 10), stream("floor"))
    first = batch.own & (batch.own.cumsum(1) == 1)
    silence = torch.where(first, g2p_words._END, batch.tokens)
    output = Output(silence, first, silence, first.any(1))
    assert float(TASK.score(batch, output).value.mean()) == TASK.floor
    (rate,) = TASK.further_scores(batch, output)
    assert 0.98 < float(rate.value.mean()) <= 1  # a further pronunciation may be shorter than gold


def test_length_is_counted_in_phonemes():
    for low, high in TASK.curve.buckets:
        batch = TASK.sample("test", 16, (low, high), stream("lengths"))
        assert ((batch.lengths - 1 >= low) & (batch.lengths - 1 <= high)).all()


def test_a_training_batch_wastes_little_on_padding():
    filled = [TASK.sample("train", 32, (1, 10), stream("padding", i)).valid.double().mean() for i in range(50)]
    assert sum(filled) / len(filled) > 0.88


def test_the_oracle_is_fast():
    batch = TASK.sample("test", 64, (9, 10), stream("fast"))
    assert least_cpu_seconds(lambda: TASK.expert(batch, batch.tokens)) < 0.05
