"""An oracle run freely in the place of a model."""

import torch

from benchmark.checking.oracle_policy import OraclePolicy
from benchmark.contracts import stream
from benchmark.learning.free_running import Draw, roll_out
from tasks.ring_tracking import RingTracking
from tests.factories import run_process_freely


def test_the_process_run_as_a_model_says_what_it_says_one_label_at_a_time():
    task = RingTracking()
    batch = task.sample("test", 8, (12, 12), stream("policy"))
    output = roll_out(OraclePolicy(task, task.process, batch), task, batch, Draw("greedy", stream("x")))
    assert torch.equal(output.tokens, run_process_freely(task, batch, Draw("greedy", stream("x"))))
    assert not torch.equal(output.tokens, batch.tokens)


def test_the_expert_run_freely_is_not_led_astray_by_its_own_labels():
    task = RingTracking()
    batch = task.sample("test", 8, (12, 12), stream("policy"))
    output = roll_out(OraclePolicy(task, task.expert, batch), task, batch, Draw("greedy", stream("x")))
    expected = task.expert(batch, batch.tokens).argmax(-1)
    assert torch.equal(output.tokens[batch.own], expected[batch.own])
