"""Interventions on models whose answer to a slip is known."""

from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.contracts import Batch, SequenceModel, stream
from benchmark.learning.free_running import Draw
from benchmark.measuring.interventions import ARMS, LAGS, _likeliest_wrong, _random_wrong, applicable, intervene
from benchmark.measuring.lags import continue_after, draw_instances
from tasks.copycat_tagging import CopycatTagging
from tasks.g2p_sentences import G2pSentences
from tasks.hmm_language import HmmLanguage

TASK = CopycatTagging()


class Follows(SequenceModel):
    """Says what a rule makes of the symbols before: the last one and the one before that are enough for these tests."""

    name = "follows"
    never: Tensor

    def __init__(self, copies: bool) -> None:
        super().__init__(TASK.space, width=4)
        self.copies = copies

    def advance(self, inputs, state):
        raise NotImplementedError("its logits are set directly")

    def _logits(self, observation: Tensor, label: Tensor) -> Tensor:
        said = label if self.copies else observation + 4
        return torch.nn.functional.one_hot(said.clamp(4, 7), 8) * 20.0 + self.never

    def forward(self, tokens: Tensor) -> Tensor:
        back = torch.nn.functional.pad(tokens, (2, 0), value=4)  # column t holds token t - 2
        return self._logits(back[:, 1:-1], back[:, :-2])

    def prefill(self, prompt: Tensor):
        last = torch.nn.functional.pad(prompt, (2, 0), value=4)[:, -2:]
        return self._logits(last[:, 1], last[:, 0]), _Last(last)

    def step(self, token: Tensor, state: Any):
        last = torch.stack([state.last[:, 1], token], 1)
        return self._logits(last[:, 1], last[:, 0]), _Last(last)


class _Last:
    def __init__(self, last: Tensor) -> None:
        self.last = last

    def select(self, rows: Tensor) -> "_Last":
        return _Last(self.last[rows])


def model(copies: bool) -> SequenceModel:
    from benchmark.contracts import seeded

    with seeded("follows"):
        return Follows(copies)


def test_a_model_that_copies_its_last_label_never_recovers_from_a_slip_and_is_healed_at_once():
    found = intervene(model(copies=True), TASK, seed=0, rows=512)
    assert found.right["gold_prefix"][0] == pytest.approx(0.98, abs=0.02)
    assert found.right["random_slip"][0] == pytest.approx(0.02 / 3, abs=0.015)
    assert found.right["second_best_slip"][0] < 0.05
    assert found.right["own_prefix"][0] < 0.6
    assert found.right["healed"] == pytest.approx(found.right["gold_prefix"])
    assert found.effect["random_slip"][0] == pytest.approx(-0.973, abs=0.03)


def test_a_model_that_reads_only_observations_does_not_notice():
    found = intervene(model(copies=False), TASK, seed=0, rows=512)
    for arm in ARMS:
        assert found.effect[arm] == [0.0] * len(LAGS)
        assert found.error[arm] == [0.0] * len(LAGS)
        assert found.right[arm] == pytest.approx([0.7] * len(LAGS), abs=0.07)


def test_a_slip_is_always_wrong_and_may_be_any_wrong_symbol():
    batch = TASK.sample("test", 400, (8, 8), stream("slips"))
    slipped = _random_wrong(TASK, batch, stream("wrong"))[batch.own]
    assert (slipped != batch.tokens[batch.own]).all()
    assert torch.isin(slipped, torch.arange(4, 8)).all()
    offset = (slipped - batch.tokens[batch.own]) % 4
    assert torch.bincount(offset, minlength=4)[1:].double() / len(offset) == pytest.approx([1 / 3] * 3, abs=0.03)


def test_the_second_best_slip_is_the_models_choice_unless_that_is_right():
    batch = TASK.sample("test", 50, (8, 8), stream("slips"))
    likeliest = _likeliest_wrong(model(copies=False), batch)
    observed = batch.tokens[:, 0::2] + 4
    chosen, gold = likeliest[:, 1::2], batch.tokens[:, 1::2]
    assert (chosen != gold).all()
    assert torch.equal(chosen[observed != gold], observed[observed != gold])


def test_only_tasks_that_know_right_from_wrong_by_position_allow_it():
    assert applicable(TASK)
    assert not applicable(HmmLanguage())
    assert not applicable(G2pSentences())
    assert isinstance(TASK.sample("test", 2, (3, 3), stream("x")), Batch)


def test_all_arms_draw_with_the_same_noise():
    """Blocks of rows with equal logits are drawn alike; without copies they are not."""
    logits = torch.zeros(6, 50)
    shared = Draw("sample", stream("noise"), copies=3)(logits).view(3, 2)
    assert (shared == shared[0]).all()
    assert not torch.equal(*Draw("sample", stream("noise"))(logits).view(2, 3))


def test_an_arm_is_continued_as_if_it_were_alone():
    instances = draw_instances(TASK, 0, rows=6)
    gold = instances.batch
    arms = [gold, Batch(_likeliest_wrong(model(copies=True), gold), gold.given, gold.valid)]
    together = continue_after(model(copies=True), TASK, instances, arms)
    for arm, (started, output) in zip(arms, together, strict=True):
        ((alone_batch, alone),) = continue_after(model(copies=True), TASK, instances, [arm])
        assert torch.equal(started.tokens, alone_batch.tokens)
        assert torch.equal(output.tokens, alone.tokens)
