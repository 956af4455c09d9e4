"""Copycat tagging against its closed forms (K = 4, stay .98, observation right .7)."""

from collections.abc import Callable

import pytest
import torch

from benchmark.contracts import Batch, stream
from benchmark.learning.free_running import Draw
from tasks.copycat_tagging import CopycatTagging, CopycatTaggingHard
from tests.factories import least_cpu_seconds, run_process_freely

TASK = CopycatTagging()
LABELS = 256
GENERATOR = stream("copycat", "controls")


@pytest.fixture(scope="module")
def batch() -> Batch:
    return TASK.sample("test", 1024, (LABELS, LABELS), stream("copycat", "known answers"))


def accuracy(batch: Batch, tokens: torch.Tensor) -> float:
    return float((tokens == batch.tokens)[batch.own].double().mean())


def run_freely(batch: Batch, choose: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """The process, fed with the labels that it chose itself from its log-probabilities [B, K]."""
    history = batch.tokens.clone()
    seen = TASK.emission[:, history[:, 0::2]].permute(1, 2, 0)  # [B, L, K]
    labels = [choose(seen[:, 0])]
    for column in range(1, LABELS):
        labels.append(choose((TASK.transition[labels[-1]] + seen[:, column]).log_softmax(-1)))
    history[:, 1::2] = torch.stack(labels, 1) + 4
    return history


def greedy(log_p: torch.Tensor) -> torch.Tensor:
    return log_p.argmax(-1)


def sampled(log_p: torch.Tensor) -> torch.Tensor:
    return Draw("sample", GENERATOR)(log_p)


def test_states_stay_and_observations_are_right_as_often_as_declared(batch):
    states, observations = batch.tokens[:, 1::2] - 4, batch.tokens[:, 0::2]
    assert (states[:, 1:] == states[:, :-1]).double().mean() == pytest.approx(0.98, abs=0.001)
    assert (states == observations).double().mean() == pytest.approx(0.7, abs=0.003)
    assert torch.bincount(states[:, 0], minlength=4).double() / len(states) == pytest.approx([0.25] * 4, abs=0.05)


def test_the_process_is_right_on_gold_prefixes(batch):
    assert accuracy(batch, TASK.process(batch, batch.tokens).argmax(-1)) == pytest.approx(0.979, abs=0.005)


def test_the_process_run_freely_forgets_by_the_closed_form(batch):
    """It copies its first label for ever: .25 + .45 (1 - lam^L) / (L (1 - lam)), lam = .98 - .02 / 3."""
    lam = 0.98 - 0.02 / 3
    expected = 0.25 + 0.45 * (1 - lam**LABELS) / (LABELS * (1 - lam))
    assert expected == pytest.approx(0.315, abs=0.001)
    assert accuracy(batch, run_freely(batch, greedy)) == pytest.approx(expected, abs=0.03)


def test_the_expert_reaches_the_declared_ceiling(batch):
    chosen = TASK.expert(batch, batch.tokens).argmax(-1)
    assert accuracy(batch, chosen) == pytest.approx(TASK.ceiling, abs=0.006)


def test_the_frozen_controls_are_what_the_oracles_reach(batch):
    expert = TASK.expert(batch, batch.tokens)
    found = {
        "process on gold prefixes": TASK.process(batch, batch.tokens).argmax(-1),
        "process run freely": run_freely(batch, greedy),
        "process run freely, sampled": run_freely(batch, sampled),
        "expert run freely, sampled": sampled(expert),
    }
    assert {name: accuracy(batch, tokens) for name, tokens in found.items()} == pytest.approx(TASK.controls, abs=0.015)


def test_the_expert_does_not_read_the_models_own_labels(batch):
    other = torch.where(batch.own, (batch.tokens - 4 + 1) % 4 + 4, batch.tokens)
    assert torch.equal(TASK.expert(batch, batch.tokens), TASK.expert(batch, other))


def test_the_expert_reads_labels_that_are_given(batch):
    revealed = Batch(batch.tokens, batch.given | (torch.arange(2 * LABELS) < 32), batch.valid)
    first = slice(32, 34)  # the first label after the revealed ones

    def hit(which):
        return (TASK.expert(which, batch.tokens).argmax(-1) == batch.tokens)[:, first][batch.own[:, first]]

    assert hit(revealed).double().mean() > 0.97 > hit(batch).double().mean()


def test_a_uniform_guess_scores_the_floor(batch):
    guess = torch.randint(4, 8, batch.tokens.shape, generator=stream("guess"))
    assert accuracy(batch, guess) == pytest.approx(TASK.floor, abs=0.005)


@pytest.mark.parametrize("oracle", ["process", "expert"])
def test_oracles_are_fast(batch, oracle):
    part = TASK.sample("test", 64, (64, 64), stream("fast"))  # 64 x 128 tokens
    assert least_cpu_seconds(lambda: getattr(TASK, oracle)(part, part.tokens)) < 0.02


def test_the_harder_setting_has_the_controls_that_its_oracles_reach():
    """Stay .95, observations right half of the time."""
    hard = CopycatTaggingHard()
    batch = hard.sample("test", 512, (LABELS, LABELS), stream("copycat", "hard"))
    expert = hard.expert(batch, batch.tokens)
    found = {
        "process on gold prefixes": hard.process(batch, batch.tokens).argmax(-1),
        "process run freely": run_process_freely(hard, batch, Draw("greedy", stream("hard"))),
        "process run freely, sampled": run_process_freely(hard, batch, Draw("sample", stream("hard"))),
        "expert run freely, sampled": sampled(expert),
    }
    assert {name: accuracy(batch, tokens) for name, tokens in found.items()} == pytest.approx(hard.controls, abs=0.015)
    assert accuracy(batch, expert.argmax(-1)) == pytest.approx(hard.ceiling, abs=0.015)
