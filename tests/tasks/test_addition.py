"""Addition: sums against Python's, the closed form of carries, and what exact match does not see."""

from typing import get_args

import pytest
import torch

from benchmark.checking.oracle_policy import Oracle, OraclePolicy
from benchmark.contracts import Batch, Output, Split, belongs_to, seeded, stream
from benchmark.learning.free_running import Draw, roll_out
from tasks import addition
from tasks.addition import Addition
from tests.factories import least_cpu_seconds

TASK = Addition()
DIGITS = (5, 8, 11, 15, 21)


def problems(digits: int, size: int = 4096, split: Split = "test") -> Batch:
    return TASK.sample(split, size, (digits, digits), stream("addition", split, digits))


def columns(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Upper and lower digits, [B, C] each."""
    pairs = batch.tokens[:, : batch.tokens.shape[1] // 2 - 1] - 10
    return pairs // 10, pairs % 10


def number(digits: torch.Tensor) -> list[int]:
    return [int("".join(map(str, row))) for row in digits.tolist()]


def said(batch: Batch, tokens: torch.Tensor) -> Output:
    return Output(tokens, batch.own, tokens, torch.zeros(len(batch), dtype=torch.bool))


def accuracy(batch: Batch, tokens: torch.Tensor) -> float:
    return float(TASK.score(batch, said(batch, tokens)).value.mean())


def exact_match(batch: Batch, output: Output) -> torch.Tensor:
    return TASK.further_scores(batch, output)[0].value


def run_freely(batch: Batch, oracle: Oracle) -> Output:
    with seeded("policy"):
        policy = OraclePolicy(TASK, oracle, batch)
    return roll_out(policy, TASK, batch, Draw("greedy", stream("free")))


@pytest.mark.parametrize("digits", DIGITS)
def test_gold_is_the_sum_of_the_two_numbers(digits):
    batch = problems(digits, size=256)
    upper, lower = map(number, columns(batch))
    gold = number(batch.tokens[:, digits:])
    assert gold == [a + b for a, b in zip(upper, lower, strict=True)]
    assert (batch.lengths == digits).all()


def test_columns_add_up_to_nine_as_often_as_declared_and_are_fair_otherwise():
    upper, lower = columns(problems(21, split="train"))
    total = upper + lower
    assert (total == 9).double().mean() == pytest.approx(0.9, abs=0.005)
    assert (total[total != 9] > 9).double().mean() == pytest.approx(0.5, abs=0.03)
    assert torch.bincount(upper.flatten(), minlength=10) / upper.numel() == pytest.approx([0.1] * 10, abs=0.006)


@pytest.mark.parametrize("digits", [15, 21])
def test_without_carries_the_accuracy_is_the_closed_form(digits):
    """P(carry into the j-th column from the right) = (1 - .9^j) / 2, and the first digit of a sum is a carry.

    Mean over j = 0 .. L - 1 of one minus that: 1/2 + 5 (1 - .9^L) / L.
    """
    batch = problems(digits)
    expected = 0.5 + 5 * (1 - 0.9**digits) / digits
    assert TASK.controls[f"carries ignored, {digits} digits"] == pytest.approx(expected, abs=0.001)
    upper, lower = columns(batch)
    ignored = torch.nn.functional.pad((upper + lower) % 10, (1, 0))  # [B, L]
    tokens = torch.cat([batch.tokens[:, :digits], ignored], 1)
    assert accuracy(batch, tokens) == pytest.approx(expected, abs=0.012)


def test_digits_at_random_score_the_floor():
    batch = problems(15)
    guess = torch.randint(10, batch.tokens.shape, generator=stream("guess"))
    assert accuracy(batch, guess) == pytest.approx(TASK.floor, abs=0.005)


@pytest.mark.parametrize("digits", DIGITS)
def test_the_expert_run_freely_reaches_the_ceiling(digits):
    batch = problems(digits, size=64)
    output = run_freely(batch, TASK.expert)
    assert float(TASK.score(batch, output).value.mean()) == TASK.ceiling
    assert TASK.reward(batch, output).sum(1).tolist() == [digits] * 64


def test_the_sum_is_due_whatever_was_said():
    batch = problems(11, size=64)
    wrong = torch.where(batch.own, (batch.tokens + 1) % 10, batch.tokens)
    assert torch.equal(TASK.process(batch, batch.tokens), TASK.process(batch, wrong))
    assert (TASK.process(batch, wrong).argmax(-1) == batch.tokens)[batch.own].all()
    assert not TASK.correct(batch, wrong)[batch.own].any()


def test_oracles_read_the_prompt_and_not_the_gold_digits():
    batch = problems(8, size=64)
    slipped = Batch((batch.tokens + batch.own.long()) % 111, batch.given, batch.valid)
    assert torch.equal(TASK.process(slipped, slipped.tokens), TASK.process(batch, batch.tokens))
    assert TASK.correct(slipped, batch.tokens)[batch.own].all()


def test_one_wrong_digit_costs_its_share_and_the_whole_match():
    batch = problems(5, size=2)
    tokens = batch.tokens.clone()
    tokens[0, 7] = (tokens[0, 7] + 1) % 10
    assert TASK.score(batch, said(batch, tokens)).value.tolist() == pytest.approx([0.8, 1.0])
    assert exact_match(batch, said(batch, tokens)).tolist() == [0.0, 1.0]
    assert TASK.reward(batch, said(batch, tokens)).sum(1).tolist() == [4.0, 5.0]


def copy_the_last_digit(batch: Batch, history: torch.Tensor) -> torch.Tensor:
    """Right wherever the column does not add up to 9; there the last 9 or 0 once more, and 9 at first."""
    upper, lower = columns(batch)
    digits = history.shape[1] // 2
    last = history[:, digits - 1 : -1]  # [B, L], before each digit
    copied = torch.where(last == 0, 0, 9)
    nine = torch.nn.functional.pad(upper + lower == 9, (1, 0))  # [B, L]; the first digit is a carry, got right
    chosen = torch.where(nine, copied, TASK._sums(batch))
    return torch.nn.functional.one_hot(torch.cat([history[:, :digits], chosen], 1), TASK.space.size).double().log()


def test_a_model_that_copies_loses_digits_in_free_running_but_no_exact_match():
    """Up to the first error the prefixes are the same, so greedy exact match has no gap, whatever the model."""
    batch = problems(15, size=400)
    free = run_freely(batch, copy_the_last_digit)
    on_gold = said(batch, copy_the_last_digit(batch, batch.tokens).argmax(-1))
    assert torch.equal(exact_match(batch, free), exact_match(batch, on_gold))
    assert 0.02 < float(exact_match(batch, free).mean()) < 0.98
    assert accuracy(batch, on_gold.tokens) - accuracy(batch, free.tokens) > 0.1


def test_no_problem_is_in_two_splits():
    found = {split: set(map(tuple, problems(5, 20_000, split).tokens[:, :4].tolist())) for split in get_args(Split)}
    assert not found["train"] & found["test"]
    assert not found["train"] & found["validation"]
    assert not found["validation"] & found["test"]
    again = set(map(tuple, TASK.sample("train", 20_000, (5, 5), stream("again")).tokens[:, :4].tolist()))
    assert found["train"] & again  # so the space is small enough for the question


def test_splits_have_their_shares_of_all_problems():
    drawn = TASK._columns(50_000, 14, stream("shares"))
    shares = [belongs_to(split, addition._hash(drawn)).double().mean() for split in get_args(Split)]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.005)


@pytest.mark.parametrize("oracle", ["process", "correct"])
def test_oracles_are_fast(oracle):
    batch = TASK.sample("test", 64, (64, 64), stream("fast"))  # 64 x 128 tokens
    assert least_cpu_seconds(lambda: getattr(TASK, oracle)(batch, batch.tokens)) < 0.02
