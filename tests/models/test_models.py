"""The parallel and the step-wise path of every model are one model."""

import pytest
import torch

from benchmark.contracts import Discrete, SequenceModel, seeded
from benchmark.errors import UsageError
from benchmark.models.transformer import Transformer
from tests.factories import MODELS, make_model, prompted_batch

SPACE = Discrete(6, emits=(1, 2, 3, 4))
EMITTED = list(SPACE.emits)
PROMPTS = (0, 1, 5)


def by_steps(model: SequenceModel, tokens: torch.Tensor, prompt: int) -> torch.Tensor:
    """Logits of all columns from `prompt` on, one step at a time."""
    logits, state = model.prefill(tokens[:, :prompt])
    columns = [logits]
    for token in tokens[:, prompt:-1].unbind(1):
        logits, state = model.step(token, state)
        columns.append(logits)
    return torch.stack(columns, 1)[..., EMITTED]


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("with_gradient", [False, True])
@pytest.mark.parametrize(
    ("dtype", "scale", "tolerance"),
    [(torch.float64, 1, 1e-10), (torch.float64, 3, 1e-10), (torch.float32, 1, 1e-4), (torch.float32, 3, 1e-3)],
)
def test_steps_agree_with_the_parallel_pass(model_class, layers, with_gradient, dtype, scale, tolerance):
    model = make_model(model_class, SPACE, scale, layers=layers).to(dtype)
    tokens = torch.randint(6, (4, 90), generator=torch.Generator().manual_seed(0))
    with torch.set_grad_enabled(with_gradient):
        parallel = model(tokens)[..., EMITTED]
        for prompt in PROMPTS:
            difference = (by_steps(model, tokens, prompt) - parallel[:, prompt:]).abs().max()
            assert difference <= tolerance * (parallel.abs().max() if dtype == torch.float32 else 1)


@pytest.mark.parametrize("model_class", MODELS)
def test_no_column_sees_itself_or_what_follows(model_class):
    model = make_model(model_class, SPACE)
    tokens = prompted_batch().tokens
    changed = tokens.clone()
    changed[:, 7:] = (changed[:, 7:] + 1) % 6
    before, after = model(tokens)[..., EMITTED], model(changed)[..., EMITTED]
    assert torch.equal(before[:, :8], after[:, :8])
    assert not torch.allclose(before[:, 8:], after[:, 8:])


@pytest.mark.parametrize("model_class", MODELS)
def test_symbols_that_are_not_emitted_have_no_probability_in_either_path(model_class):
    model, tokens = make_model(model_class, SPACE), prompted_batch().tokens
    logits, state = model.prefill(tokens[:, :2])
    for path in (model(tokens), logits, model.step(tokens[:, 2], state)[0]):
        assert torch.isneginf(path[..., [0, 5]]).all()
        assert torch.isfinite(path[..., EMITTED]).all()


@pytest.mark.parametrize("model_class", MODELS)
def test_a_selected_state_goes_on_as_the_rows_that_were_selected(model_class):
    model, tokens = make_model(model_class, SPACE, layers=2), prompted_batch().tokens
    rows = torch.tensor([3, 0, 0])
    with torch.no_grad():
        _, state = model.prefill(tokens[:, :4])
        branch = state.select(rows)
        expected, _ = model.step(tokens[:, 4], state)
        logits, _ = model.step(tokens[rows, 4], branch)
    assert torch.allclose(logits, expected[rows], atol=1e-12)


@pytest.mark.parametrize("model_class", MODELS)
def test_a_one_hot_mixture_is_embedded_as_its_token(model_class):
    model, tokens = make_model(model_class, SPACE), prompted_batch().tokens
    mixture = torch.nn.functional.one_hot(tokens, 6).double()
    assert torch.allclose(model.embed(mixture), model.embed(tokens))


@pytest.mark.parametrize("model_class", MODELS)
def test_evaluations_count_one_a_token_and_three_with_gradient(model_class):
    model, tokens = make_model(model_class, SPACE), prompted_batch(5, 12).tokens
    model(tokens)
    assert model.evaluations == 3 * 5 * 12
    with torch.no_grad():
        model(tokens)
        assert model.evaluations == 4 * 5 * 12
        _, state = model.prefill(tokens[:, :2])
        model.step(tokens[:, 2], state)
    assert model.evaluations == 4 * 5 * 12 + 5 * 3 + 5


@pytest.mark.parametrize("model_class", MODELS)
def test_dropout_draws_from_the_models_own_stream_in_training_only(model_class):
    model, tokens = make_model(model_class, SPACE, dropout=0.5), prompted_batch().tokens
    model.eval()
    assert torch.equal(model(tokens), model(tokens))
    model.train()
    model.noise = torch.Generator().manual_seed(1)
    first = model(tokens)
    assert not torch.equal(first, model(tokens))
    model.noise = torch.Generator().manual_seed(1)
    assert torch.equal(first, model(tokens))


def test_heads_that_do_not_divide_the_width_are_refused():
    with seeded("test"), pytest.raises(UsageError, match="heads=4 and width=10"):
        Transformer(SPACE, width=10)


def test_a_model_that_has_run_freely_can_be_differentiated_step_by_step():
    model, tokens = make_model(Transformer, SPACE), prompted_batch().tokens
    with torch.inference_mode():
        by_steps(model, tokens, prompt=1)
    by_steps(model, tokens, prompt=1).sum().backward()
