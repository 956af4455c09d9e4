"""The kernel of attention says what torch says, stands aside where it must, and is charged to nobody."""

import sys
import time
from typing import Any

import pytest
import torch

from benchmark.checking.model_checks import by_steps
from benchmark.contracts import Discrete, stream
from benchmark.contracts.registry import Registry
from benchmark.learning.free_running import Draw, roll_out
from benchmark.models import decode_attention
from benchmark.models.decode_attention import PAGE, SWITCH, backend, kernel_for, load
from benchmark.models.prefix_states import FastState, KernelState
from benchmark.models.static_transformer import StaticTransformer
from benchmark.models.transformer import Transformer
from benchmark.running.cell import Part
from benchmark.running.worker import run_cell
from tests.factories import EndingTask, make_cell, make_model, prompted_batch

SPACE = Discrete(6)
needs_numba = pytest.mark.skipif(backend() == "torch", reason="the extra `kernel` is not installed")


@pytest.fixture
def fresh(monkeypatch):
    """As in a process that has tried nothing yet."""
    monkeypatch.setattr(decode_attention, "_failed", [])
    decode_attention._loaded.cache_clear()
    yield
    decode_attention._loaded.cache_clear()


def by(attention: str, monkeypatch, call) -> Any:
    monkeypatch.setenv(SWITCH, attention)
    return call()


def transformer(**knobs) -> Any:
    return make_model(Transformer, SPACE, 2, **({"width": 64} | knobs)).float()


def test_without_numba_and_with_the_switch_torch_attends(fresh, monkeypatch):
    monkeypatch.setenv(SWITCH, "torch")
    assert (backend(), load(16)) == ("torch", None)
    monkeypatch.delenv(SWITCH)
    monkeypatch.setattr(decode_attention, "find_spec", lambda name: None)
    assert (backend(), load(16)) == ("torch", None)


def test_a_numba_that_cannot_be_used_is_said_once_and_torch_attends(fresh, monkeypatch):
    monkeypatch.setattr(decode_attention, "find_spec", lambda name: "found")
    monkeypatch.setattr(decode_attention, "version", lambda name: "0.1")
    monkeypatch.setitem(sys.modules, "benchmark.models.kernels.decode", None)
    assert backend() == "numba 0.1"
    with pytest.warns(UserWarning, match="cannot be used, and torch serves instead: ModuleNotFoundError"):
        assert load(16) is None
    assert (backend(), load(16)) == ("torch", None)


def test_a_kernel_with_a_wrong_answer_is_not_used():
    assert not decode_attention._right(lambda *arguments: None, 16)


@needs_numba
def test_the_kernel_serves_single_precision_without_gradient_alone():
    single = torch.ones(1)
    with torch.no_grad():
        assert kernel_for(single, 16)
        assert not kernel_for(single.double(), 16)
        with torch.autocast("cpu", torch.bfloat16):
            assert not kernel_for(single, 16)
    assert not kernel_for(single, 16)


@needs_numba
@pytest.mark.parametrize("width", [64, 128, 20])
@pytest.mark.parametrize("prompt", [0, 1, 62, 63, 64, 130])
def test_its_steps_say_what_those_of_torch_and_of_the_parallel_pass_say(width, prompt, monkeypatch):
    model = transformer(width=width)
    tokens = torch.randint(6, (5, 140), generator=torch.Generator().manual_seed(0))  # the buffers grow at 64 and at 128
    with torch.inference_mode():
        found, expected = (
            by(name, monkeypatch, lambda: by_steps(model.stepper(), tokens, prompt)) for name in ("", "torch")
        )
        assert not torch.equal(found, expected)  # else the kernel has not served
        for other in (expected, model(tokens)[:, prompt:]):
            torch.testing.assert_close(found, other, rtol=1e-5, atol=1e-5 * float(other.abs().max()))


@needs_numba
@pytest.mark.parametrize("prompt", [3, 63, 64])
def test_rows_that_are_selected_go_on_as_they_would_have(prompt):
    stepper, rows = transformer().stepper(), torch.tensor([2, 0, 2])
    tokens = torch.randint(6, (4, 70), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        _, state = stepper.prefill(tokens[:, :prompt])
        assert isinstance(state, KernelState)
        branch = state.select(rows)
        for token in tokens[:, prompt:].unbind(1):
            whole, state = stepper.step(token, state)
            some, branch = stepper.step(token[rows], branch)
            torch.testing.assert_close(some, whole[rows], rtol=1e-5, atol=1e-5 * float(whole.abs().max()))


@needs_numba
@pytest.mark.parametrize("batch", [prompted_batch(rows=40), EndingTask().sample("test", 40, (1, 4), stream("batch"))])
def test_roll_outs_with_the_same_noise_are_the_same(batch, monkeypatch):
    """Rows whose prompts and outputs differ in length, and rows that end."""
    model = transformer()
    found, expected = (
        by(name, monkeypatch, lambda: roll_out(model, EndingTask(), batch, Draw("sample", stream("draw"))))
        for name in ("", "torch")
    )
    assert torch.equal(found.tokens, expected.tokens)
    assert torch.equal(found.own, expected.own)


@needs_numba
def test_what_is_not_a_number_stays_so():
    attend: Any = load(16)
    qkv, held, mixed = torch.ones(1, 3, 2, 16), torch.ones(2, 1, 2, 2, PAGE, 16), torch.empty(1, 2, 16)
    for place in range(3):  # query, key, value
        qkv[0, :, 0], qkv[0, place, 0, 3] = 1, float("nan")
        attend(qkv.numpy(), held.numpy(), torch.ones(2).numpy(), 17, mixed.numpy())
        assert mixed[0, 0, 3].isnan()
        assert torch.equal(mixed[0, 1], torch.ones(16))


def test_steps_of_static_shapes_are_torchs():
    with torch.inference_mode():
        _, state = StaticTransformer(transformer()).prefill(torch.ones(2, 3, dtype=torch.int64))
    assert isinstance(state, FastState)


def test_loading_is_charged_to_no_cell_and_every_record_says_what_attends(monkeypatch):
    monkeypatch.setattr(Transformer, "warm_up", lambda knobs: time.sleep(1))
    began = time.perf_counter()
    knobs = {"width": 8, "dropout": 0.0, "layers": 1, "heads": 2}
    cell = make_cell().model_copy(update={"model": Part(name="transformer", version="1", knobs=knobs)})
    record = run_cell(cell, Registry())
    assert record.status == "ok", record.traceback
    assert record.spent["cell_wall_seconds"] + 1 <= time.perf_counter() - began
    assert record.provenance["attention"] == backend()
