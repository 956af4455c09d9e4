"""Sorting: what is due after any history against brute force, the place of every token, and the controls."""

from typing import get_args

import pytest
import torch

from benchmark.checking.oracle_policy import Oracle, OraclePolicy
from benchmark.contracts import Batch, Output, Split, belongs_to, seeded, stream
from benchmark.learning.free_running import Draw, roll_out
from tasks import sorting
from tasks.sorting import Sorting
from tests.factories import least_cpu_seconds

TASK = Sorting()
SYMBOLS = sorting._ALPHABET + "#="
COUNTS = [low for low, _ in TASK.curve.buckets]


def spell(text: str) -> list[int]:
    return [SYMBOLS.index(letter) for letter in text]


def instance(prompt: str) -> Batch:
    return Batch.from_rows([spell(prompt + "=")], [spell("".join(sorted(prompt)) + "#")])


def said(prompt: str, text: str) -> Output:
    tokens = torch.tensor([spell(prompt + "=" + text)])
    own = (torch.arange(tokens.shape[1]) > len(prompt))[None]
    return Output(tokens, own, tokens, torch.tensor([text.endswith("#")]))


def run_freely(batch: Batch, oracle: Oracle) -> Output:
    with seeded("policy"):
        policy = OraclePolicy(TASK, oracle, batch)
    return roll_out(policy, TASK, batch, Draw("sample", stream("run freely", len(batch))))


def due(prompt: list[int], history: list[int]) -> int:
    """Take what was said out of the prompt, as often as it is there; the smallest of the rest, else the end."""
    left = list(prompt)
    for symbol in history:
        if symbol in left:
            left.remove(symbol)
    return min(left, default=16)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("", "a"),
        ("a", "b"),
        ("ab", "b"),
        ("abb", "d"),
        ("abbd", "#"),
        ("ab" + "d", "b"),  # back to what was left out
        ("d", "a"),
        ("abbb", "d"),  # said too often
        ("p", "a"),  # not in the prompt
        ("#", "a"),  # gone on after the end
        ("abbd#", "#"),
        ("abbdd", "#"),
    ],
)
def test_what_is_due_is_the_smallest_symbol_not_yet_said(history, expected):
    batch = instance("dbab")
    tokens = said("dbab", history + "a").tokens  # the last column is asked about, what stands there does not matter
    assert SYMBOLS[int(TASK.process(batch, tokens)[0, -1].argmax())] == expected
    assert bool(TASK.correct(batch, said("dbab", history + expected).tokens)[0, -1])


def test_what_is_due_equals_brute_force_on_random_histories():
    batch = TASK.sample("test", 64, (6, 6), stream("brute force"))
    drawn = torch.randint(17, (64, 20), generator=stream("histories"))
    drawn[:, ::2] = batch.tokens[:, :6].repeat(1, 2)[:, :10]  # often from the prompt
    history = torch.cat([batch.tokens[:, :7], drawn], 1)  # longer than gold
    expected = torch.tensor(
        [[due(row[:6], row[7 : 7 + place]) for place in range(20)] for row in history.tolist()]
    )  # [B, S]
    process = TASK.process(batch, history)[:, 7:].exp()
    assert torch.equal(process, torch.nn.functional.one_hot(expected, 18).double())
    assert torch.equal(TASK.correct(batch, history)[:, 7:], history[:, 7:] == expected)
    assert len(expected.unique()) == 17


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("abbd#", 5),
        ("abbd", 4),
        ("abd#", 2),  # one left out: what follows stands one place off
        ("abdb#", 3),  # said late: back in place
        ("abbbd#", 3),
        ("#", 0),
        ("abbdd#", 4),
        ("pppp#", 1),
        ("a", 1),
    ],
)
def test_accuracy_counts_tokens_in_their_place(text, right):
    batch, output = instance("dbab"), said("dbab", text)
    assert float(TASK.score(batch, output).value) == pytest.approx(right / 5)
    assert float(TASK.reward(batch, output).sum()) == right
    assert float(TASK.further_scores(batch, output)[0].value) == (text == "abbd#")


def test_guessing_on_is_as_often_correct_as_gold_and_is_not_rewarded():
    batch, output = instance("dbab"), said("dbab", "abcbcd#")
    assert int((TASK.correct(batch, output.tokens) & output.own).sum()) == 5
    assert float(TASK.reward(batch, output).sum()) == 2


@pytest.mark.parametrize("count", COUNTS)
def test_the_expert_run_freely_reaches_the_ceiling(count):
    batch = TASK.sample("test", 16, (count, count), stream("expert", count))
    output = run_freely(batch, TASK.expert)
    assert float(TASK.score(batch, output).value.mean()) == TASK.ceiling
    assert output.stopped.all()


def test_after_a_slip_the_expert_puts_everything_back_in_place():
    """All but the slip and the place where the omitted symbol is said late."""
    batch = TASK.sample("test", 256, (12, 12), stream("slip"))
    first, second = batch.tokens[:, 13], batch.tokens[:, 14]
    differ = batch.select(first != second)
    slipped = differ.tokens.clone()
    slipped[:, 13] = differ.tokens[:, 14]
    column = torch.arange(slipped.shape[1])
    started = Batch(slipped, (column <= 13).expand(len(differ), -1), differ.valid)
    tokens = run_freely(started, TASK.expert).tokens
    output = Output(tokens, (column > 12).expand_as(tokens), tokens, torch.ones(len(differ), dtype=torch.bool))
    assert TASK.score(differ, output).value.tolist() == pytest.approx([11 / 13] * len(differ))


def test_symbols_at_random_score_the_floor_by_the_closed_form():
    """Alive at place t with probability (16/17)^(t - 1), then right with 1/17: (1 - (16/17)^(N + 1)) / (N + 1)."""
    closed = [(1 - (16 / 17) ** (count + 1)) / (count + 1) for count in COUNTS]
    assert sum(closed) / len(closed) == pytest.approx(TASK.floor, abs=0.0005)
    for count, expected in zip(COUNTS, closed, strict=True):
        batch = TASK.sample("test", 2000, (count, count), stream("floor", count))
        uniform = torch.full((2000, 1, 18), 0.0).index_fill(-1, torch.tensor([17]), -torch.inf).log_softmax(-1)
        output = run_freely(batch, lambda _, history, rows=uniform: rows.expand(-1, history.shape[1], -1))
        assert float(TASK.score(batch, output).value.mean()) == pytest.approx(expected, abs=0.005)


def test_rows_are_cut_at_twice_the_prompt():
    batch = TASK.sample("test", 8, (16, 16), stream("limit"))
    assert TASK.limit(batch).tolist() == [34] * 8


def test_a_run_that_ends_before_gold_can_be_scored():
    batch = TASK.sample("test", 8, (8, 8), stream("short"))
    tokens = torch.cat([batch.tokens[:, :10], torch.full((8, 1), 16)], 1)  # the first symbol and the end
    own = (torch.arange(11) > 8).expand(8, -1)
    output = Output(tokens, own, tokens, torch.ones(8, dtype=torch.bool))
    assert TASK.score(batch, output).value.tolist() == pytest.approx([1 / 9] * 8)
    assert TASK.reward(batch, output).shape == TASK.correct(batch, tokens).shape == tokens.shape


def test_no_two_splits_share_a_sorted_row():
    found = {}
    for split in get_args(Split):
        batch = TASK.sample(split, 20_000, (4, 4), stream("splits", split))
        found[split] = set(map(tuple, batch.tokens[:, 5:].tolist()))
    assert not found["train"] & (found["validation"] | found["test"])
    assert not found["validation"] & found["test"]
    assert len(found["train"]) > 2500  # of all 16 multichoose 4 = 3876: nothing else keeps them apart


def test_splits_have_their_shares_of_all_rows():
    drawn = torch.randint(16, (50_000, 12), generator=stream("shares"))
    shares = [belongs_to(split, sorting._hash(drawn)).double().mean() for split in get_args(Split)]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


@pytest.mark.parametrize("oracle", ["process", "correct"])
def test_oracles_are_fast(oracle):
    batch = TASK.sample("test", 64, (63, 63), stream("fast"))  # 64 x 128 tokens
    assert least_cpu_seconds(lambda: getattr(TASK, oracle)(batch, batch.tokens)) < 0.02
