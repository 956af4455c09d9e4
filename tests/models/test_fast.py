"""Faster paths are the same functions."""

import pytest
import torch
import torch.nn.functional as F

from benchmark.checking.model_checks import by_steps, largest_difference
from benchmark.contracts import Continuous, Discrete, seeded
from benchmark.models.fast_linear import SWITCH, Linear, backend, gelu_of, linear, sum_of
from tests.factories import MODELS, make_model

SPACE = Discrete(6, emits=(1, 2, 3, 4))


def operands(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x [4, 40, 96], W [128, 96], b [128]: large enough for the fast operator."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((4, 40, 96), (128, 96), (128,))
    return tuple(torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes)  # type: ignore[return-value]


@pytest.mark.parametrize("bias", [True, False])
def test_the_fast_layer_and_its_gradients_are_those_of_torch(bias):
    x, weight, b = operands()
    found, expected = linear(x, weight, b if bias else None), F.linear(x, weight, b if bias else None)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    wanted = (x, weight, b) if bias else (x, weight)
    ones = torch.randn(found.shape, generator=torch.Generator().manual_seed(1))
    for own, theirs in zip(
        torch.autograd.grad(found, wanted, ones), torch.autograd.grad(expected, wanted, ones), strict=True
    ):
        torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-3)


def test_sum_and_gelu_are_fused_without_a_change():
    x, weight, bias = operands()
    with torch.inference_mode():
        rows, other = x.flatten(0, 1), torch.ones(160, 128)
        torch.testing.assert_close(
            sum_of(rows, weight, other, bias), F.linear(rows, weight, bias) + 1, rtol=1e-5, atol=1e-4
        )
        torch.testing.assert_close(
            gelu_of(rows, weight, bias), F.gelu(F.linear(rows, weight, bias)), rtol=1e-4, atol=1e-4
        )


def test_double_precision_and_the_switch_fall_back_to_torch(monkeypatch):
    x, weight, bias = operands(torch.float64)
    assert torch.equal(linear(x, weight, bias), F.linear(x, weight, bias))
    monkeypatch.setenv(SWITCH, "torch")
    assert backend() == "torch"
    x, weight, bias = operands()
    assert torch.equal(linear(x, weight, bias), F.linear(x, weight, bias))


def test_a_layer_without_gradient_for_its_input_gives_none():
    with seeded("layer"):
        layer = Linear(96, 128)
    layer(torch.randn(160, 96, generator=torch.Generator().manual_seed(0))).sum().backward()
    assert layer.weight.grad is not None


@pytest.mark.parametrize("space", [SPACE, Continuous(2, noise="learned")])
@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_what_stands_in_for_a_model_says_what_the_model_says(model_class, space, dtype, tolerance):
    model = make_model(model_class, space, 2, width=64).to(dtype)
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(64, 150, 2, generator=generator, dtype=dtype)
    tokens = vectors if isinstance(space, Continuous) else torch.randint(6, (64, 150), generator=generator)
    for prompt in (0, 1, 70):
        assert largest_difference(model, tokens, prompt)[0] <= tolerance


def test_weights_that_change_are_seen_by_the_next_run():
    model, tokens = make_model(MODELS[0], SPACE), torch.ones(2, 5, dtype=torch.int64)
    with torch.no_grad():
        before = by_steps(model.stepper(), tokens, 1)
        for parameter in model.parameters():
            parameter += 0.1
        assert not torch.allclose(before, by_steps(model.stepper(), tokens, 1), atol=1e-3)
