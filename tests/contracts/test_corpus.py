"""Tasks over a corpus: splitting by hash, drawing by length."""

from collections import Counter

import pytest

from benchmark.contracts import draw_examples, split_by_hash, stream


def test_shares_of_the_split_are_as_asked_for():
    shares = Counter(split_by_hash(f"key {number}") for number in range(20_000))
    assert shares["validation"] == pytest.approx(1000, abs=120)  # four standard deviations
    assert shares["test"] == pytest.approx(1000, abs=120)
    half = Counter(split_by_hash(f"key {number}", 0.25) for number in range(20_000))
    assert half["train"] == pytest.approx(10_000, abs=300)


def test_the_split_of_a_key_does_not_change_between_runs():
    """sha256("a") begins with ca978112, a share of .791; that of "3" with 4e07, .305."""
    assert [split_by_hash("a"), split_by_hash("3")] == ["train", "train"]
    assert split_by_hash("a", 0.15) == "validation"
    assert split_by_hash("a", 0.25) == "test"


def test_held_out_examples_are_drawn_without_replacement_and_no_more_than_there_are():
    assert sorted(draw_examples(range(9), "test", 20, abs, stream("all"))) == list(range(9))
    assert len(set(draw_examples(range(100), "validation", 20, abs, stream("some")))) == 20


def test_a_training_batch_is_of_neighbours_in_length_and_covers_all_lengths_over_time():
    batches = [draw_examples(range(1000), "train", 16, abs, stream("near", index)) for index in range(200)]
    spreads = [max(batch) - min(batch) for batch in batches]
    assert sum(spreads) / len(spreads) < 100  # a sixteenth of all would be 62
    assert {number // 100 for batch in batches for number in batch} == set(range(10))
