"""Chitchat: conversations and their split, the judge, and replies that differ in length from gold's."""

import pytest
import torch

from benchmark.contracts import Batch, Output, stream
from benchmark.measuring.quality import by_bucket, figure_of
from tasks import chitchat
from tasks.chitchat import Chitchat, Exchange

TASK = Chitchat()


def output_of(batch: Batch) -> Output:
    return Output(batch.tokens, batch.own, batch.tokens, torch.zeros(len(batch), dtype=torch.bool))


def text_of(batch: Batch, row: int = 0) -> str:
    return "".join(chitchat._SYMBOLS[token] for token in batch.tokens[row][batch.valid[row]])


def test_the_split_is_pinned():
    sizes = {split: len(conversations) for split, conversations in TASK.corpus().items()}
    assert sizes == {"train": 3576, "validation": 222, "test": 216}


def test_turns_of_the_user_are_given_and_replies_are_to_be_said():
    batch = TASK.lay_out([(Exchange("hello", "hi!"), Exchange("how are you?", "fine"))])
    assert text_of(batch) == "hello→hi!■how are you?→fine■"
    own = "".join(chitchat._SYMBOLS[token] for token in batch.tokens[0][batch.own[0]])
    assert own == "hi!■fine■"


def test_the_surprise_is_a_distribution_after_any_two_tokens():
    assert (-chitchat._surprise()).exp().sum(-1).sub(1).abs().max() < 1e-12


def test_gold_has_no_gap_and_gibberish_and_repetition_have_one():
    batch = TASK.sample("test", 64, (4, 4), stream("gap"))
    assert figure_of(TASK.metric, [TASK.score(batch, output_of(batch))]) == pytest.approx(0, abs=1e-9)
    for said, more in (("xqzj" * 20, True), ("the the the the the", False)):
        other = TASK.lay_out([tuple(Exchange("hello", said) for _ in range(4))] * 64)
        value, weight = TASK.score(batch, output_of(other))
        own, own_tokens, gold, gold_tokens = value[weight > 0].sum(0)
        assert bool(own / own_tokens > gold / gold_tokens + 0.1) == more
        assert figure_of(TASK.metric, [TASK.score(batch, output_of(other))]) > 0.1


def test_real_replies_of_other_conversations_score_the_frozen_control():
    gold, other = TASK.sample("test", 117, (8, 8), stream("a")), TASK.sample("train", 117, (8, 8), stream("b"))
    found = figure_of(TASK.metric, [TASK.score(gold, output_of(other))])
    assert found == pytest.approx(TASK.controls["real replies of other conversations"], abs=0.02)


def test_each_turn_is_judged_by_itself():
    batch = TASK.lay_out([(Exchange("hello", "hi!"), Exchange("how are you?", "fine thanks"))])
    other = TASK.lay_out([(Exchange("hello", "hi!"), Exchange("how are you?", "zzz"))])
    score, turn = TASK.score(batch, output_of(other)), TASK.positions(output_of(other))
    first, second = (figure_of(TASK.metric, [part]) for part in by_bucket(score, turn, [(1, 1), (2, 2)]))
    assert first == pytest.approx(0, abs=1e-9)
    assert second > 1
