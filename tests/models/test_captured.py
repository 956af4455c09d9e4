"""Steps of static shapes, and their capture: by CUDA graphs where there is a GPU, by repetition elsewhere."""

from dataclasses import fields
from typing import Any

import pytest
import torch

from benchmark.checking.model_checks import by_steps
from benchmark.contracts import Discrete
from benchmark.models.captured import Captured, captured
from benchmark.models.static_transformer import StaticState, StaticTransformer
from benchmark.models.transformer import Transformer
from tests.factories import MODELS, make_model

SPACE = Discrete(6)


def tensors(state: Any) -> list[torch.Tensor]:
    parts = [getattr(state, f.name) for f in fields(state)] if isinstance(state, StaticState) else state
    return [part for part in parts if isinstance(part, torch.Tensor)]


def by_repetition(step):
    """What a graph does, without one: the same tensors hold the results of every repetition."""
    logits, after = step()

    def replay() -> None:
        again, state = step()
        logits.copy_(again)
        for kept, new in zip(tensors(after), tensors(state), strict=True):
            kept.copy_(new)

    return replay, logits, after


def stepper_of(model):
    return StaticTransformer(model) if isinstance(model, Transformer) else model.stepper()


@pytest.mark.parametrize("prompt", [0, 1, 70])
def test_the_step_of_static_shapes_is_the_step(prompt):
    model: Any = make_model(Transformer, SPACE, 2)
    tokens = torch.randint(6, (5, 150), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(by_steps(StaticTransformer(model), tokens, prompt), model(tokens)[:, prompt:])


@pytest.mark.parametrize("model_class", MODELS)
def test_a_captured_step_says_and_counts_what_the_step_does(model_class):
    model = make_model(model_class, SPACE, 2)
    tokens = torch.randint(6, (5, 150), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, counted = by_steps(model.stepper(), tokens, 2), model.evaluations
        found = by_steps(Captured(model, stepper_of(model), by_repetition), tokens, 2)
    torch.testing.assert_close(found, expected)
    assert model.evaluations == 2 * counted


def test_on_the_cpu_nothing_is_captured():
    assert not isinstance(captured(make_model(Transformer, SPACE)), Captured)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")
@pytest.mark.parametrize("model_class", MODELS)
def test_graphs_say_what_the_cpu_says(model_class):
    model = make_model(model_class, SPACE, 2)
    tokens = torch.randint(6, (5, 150), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = by_steps(model.stepper(), tokens, 2)
        found = by_steps(captured(model.to("cuda")), tokens.cuda(), 2)
    torch.testing.assert_close(found.cpu(), expected)
