"""Running sums against their closed forms: 3 % of the numbers masked, modulus 32, 10 % of the steps anchored."""

import pytest
import torch

from benchmark.contracts import Batch, Task, stream
from benchmark.learning.free_running import Draw
from tasks.running_sum import RunningSum, RunningSumAnchored
from tests.factories import run_process_freely

SUMS = 128
MASK = 64


def drawn(task: Task, rows: int = 512) -> Batch:
    return task.sample("test", rows, (SUMS, SUMS), stream("running sum"))


def accuracy(batch: Batch, tokens: torch.Tensor) -> float:
    return float((tokens == batch.tokens)[batch.own].double().mean())


def test_the_sums_are_those_of_the_numbers_modulo_32():
    batch = drawn(RunningSum(), rows=64)
    shown, sums = batch.tokens[:, 0::2], batch.tokens[:, 1::2] - 32
    before = torch.nn.functional.pad(sums, (1, 0))[:, :-1]
    visible = shown != MASK
    assert torch.equal(((before + shown) % 32)[visible], sums[visible])
    assert (~visible).double().mean() == pytest.approx(0.03, abs=0.005)


def test_an_anchor_shows_the_sum_itself():
    batch = drawn(RunningSumAnchored(), rows=64)
    shown, sums = batch.tokens[:, 0::2], batch.tokens[:, 1::2] - 32
    anchored = shown > MASK
    assert torch.equal((shown - MASK - 1)[anchored], sums[anchored])
    assert anchored.double().mean() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(("task", "anchored"), [(RunningSum(), 0.0), (RunningSumAnchored(), 0.1)])
def test_the_process_run_freely_loses_the_sum_at_masks_and_finds_it_at_anchors(task, anchored):
    """P(right) is a + (1 - a) (.97 r + .03 / 32) where it was r before, 1 at first: a mask is a guess for good."""
    right, total = 1.0, 0.0
    for _ in range(SUMS):
        right = anchored + (1 - anchored) * (0.97 * right + 0.03 / 32)
        total += right
    assert total / SUMS == pytest.approx(task.ceiling, abs=0.001)
    batch = drawn(task)
    tokens = run_process_freely(task, batch, Draw("greedy", stream("x")))
    assert accuracy(batch, tokens) == pytest.approx(task.ceiling, abs=0.03)


@pytest.mark.parametrize("task", [RunningSum(), RunningSumAnchored()])
def test_the_process_on_gold_prefixes_is_wrong_at_masks_alone(task):
    expected = task.anchored + (1 - task.anchored) * (0.97 + 0.03 / 32)
    assert expected == pytest.approx(task.controls["process on gold prefixes"], abs=0.001)
    batch = drawn(task)
    assert accuracy(batch, task.process(batch, batch.tokens).argmax(-1)) == pytest.approx(expected, abs=0.004)


def test_adding_rightly_to_a_wrong_sum_is_correct():
    """The judge follows what was said: one slip is one error, although every later sum differs from gold."""
    task, batch = RunningSum(), drawn(RunningSum(), rows=8)
    history = batch.tokens.clone()
    history[:, 21:None:2] = (history[:, 21::2] - 32 + 5) % 32 + 32  # off by five from the 11th sum on
    wrong = ~task.correct(batch, history)
    assert wrong.sum(1).tolist() == [1] * 8
    assert wrong[:, 21].all()
    assert (history != batch.tokens).sum(1).tolist() == [SUMS - 10] * 8


def test_a_uniform_guess_scores_the_floor():
    batch = drawn(RunningSum())
    guess = torch.randint(32, 64, batch.tokens.shape, generator=stream("guess"))
    assert accuracy(batch, guess) == pytest.approx(RunningSum.floor, abs=0.003)
