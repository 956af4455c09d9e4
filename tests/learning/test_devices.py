"""Training and free running away from the CPU: on an emulated device, and on a GPU where there is one."""

from contextlib import nullcontext

import pytest
import torch

from benchmark.contracts.registry import Registry
from benchmark.contracts.streams import stream
from benchmark.learning import free_running
from benchmark.learning.free_running import Draw, roll_in, roll_out
from benchmark.learning.loop import Training, build_model, train
from benchmark.models.transformer import Transformer
from benchmark.settings import Budget, Optimisation
from tests.factories import EndingTask, Rotation, make_model
from tests.other_device import NAME, OtherDevice

REGISTRY = Registry()
BASELINES = [entry.name for entry in REGISTRY.of("baselines")]
DEVICES = [NAME, pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA"))]


@pytest.fixture(params=DEVICES)
def device(request, monkeypatch):
    """The name of a device that can be used during the test, and the emulation if it is one."""
    if request.param == NAME:
        instead = lambda mode=True: torch.no_grad() if mode else nullcontext()  # noqa: E731
        monkeypatch.setattr(torch, "inference_mode", instead)  # which the emulation does not know
    with OtherDevice() if request.param == NAME else nullcontext() as emulation:
        yield request.param, emulation


def trained(name: str, device: str, **settings) -> Training:
    baseline = REGISTRY.baseline(name)()
    task = REGISTRY.task("copycat_tagging")()
    if baseline.lacks(task):
        task = Rotation()
    model = build_model(Transformer, task, {"width": 8, "layers": 1, "heads": 2}, 0).to(device)
    return train(model, task, baseline, Budget(updates=4), Optimisation(batch=2, **settings), seed=0)


@pytest.mark.parametrize("name", BASELINES)
def test_a_method_trains_on_a_device_as_on_the_cpu(name, device):
    there, here = trained(name, device[0]), trained(name, "cpu")
    assert there.model.device.type == device[0]
    assert there.spent.evaluations == here.spent.evaluations
    for line, expected in zip(there.log, here.log, strict=True):
        assert line["objective"] == pytest.approx(expected["objective"], rel=1e-3, abs=1e-4)


def test_a_model_answers_where_it_is_asked_from(device):
    model, tokens = (
        make_model(Transformer, EndingTask().space).float().to(device[0]),
        torch.ones(2, 5, dtype=torch.int64),
    )
    assert model(tokens).device.type == "cpu"
    assert model(tokens.to(device[0])).device.type == device[0]


@pytest.mark.parametrize("every", [1, 3, 100])
def test_rows_that_end_are_cut_where_they_are_cut_on_the_cpu(every, device, monkeypatch):
    monkeypatch.setattr(free_running, "_LOOK_EVERY", every)
    task = EndingTask()
    batch = task.sample("train", 12, (1, 4), stream("devices"))
    model = make_model(Transformer, task.space).float()
    here = roll_out(model, task, batch, Draw("sample", stream("draw")), keep_log_probabilities=True)
    there = roll_out(model.to(device[0]), task, batch, Draw("sample", stream("draw")), keep_log_probabilities=True)
    assert torch.equal(here.tokens, there.tokens)
    assert torch.equal(here.own, there.own)
    torch.testing.assert_close(here.log_probabilities, there.log_probabilities)


def test_a_run_does_not_wait_for_the_device_as_it_goes_on(device):
    name, emulation = device
    if emulation is None:
        pytest.skip("counted by the emulation alone")
    task = REGISTRY.task("hmm_language")()
    model = make_model(Transformer, task.space).float().to(name)
    looks = []
    for length in (8, 20):
        batch = task.sample("train", 4, (length, length), stream("devices")).to(torch.device(name))
        before, gold = emulation.looks, torch.zeros_like(batch.own)
        assert roll_in(model, batch, gold, Draw("sample", stream("draw"))).shape == batch.tokens.shape
        looks.append(emulation.looks - before)
    assert looks[0] == looks[1] <= 4


def test_low_precision_is_of_the_products_alone():
    low, full = trained("scheduled_sampling", "cpu", precision="bfloat16"), trained("scheduled_sampling", "cpu")
    assert all(parameter.dtype == torch.float32 for parameter in low.model.parameters())
    assert low.log[-1]["objective"] != full.log[-1]["objective"]
    assert low.log[-1]["objective"] == pytest.approx(full.log[-1]["objective"], rel=0.05)
