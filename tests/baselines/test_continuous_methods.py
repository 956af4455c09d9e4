"""Methods for vectors: what is fed, what is learned, and the gradient through what is fed back."""

import pytest
import torch

from baselines.generalised_teacher_forcing import GeneralisedTeacherForcing
from baselines.pushforward import Pushforward
from baselines.teacher_forcing import TeacherForcing
from baselines.unrolled import Unrolled
from benchmark.contracts import Baseline, Batch, stream, token_nll
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.free_running import Draw, roll_out
from benchmark.models.recurrent import GRU
from benchmark.models.transformer import Transformer
from tests.factories import Rotation, make_model

TASK = Rotation()


def gold(rows: int = 5) -> Batch:
    drawn = TASK.sample("train", rows, (8, 8), stream("rotation"))
    return Batch(drawn.tokens.double(), drawn.given, drawn.valid)


def context(progress: float = 0.0) -> UpdateContext:
    return UpdateContext(TASK, Origin("vectors", 0), step=2, progress=progress)


def objective(method: Baseline, model, progress: float = 0.0) -> torch.Tensor:
    return method.loss(model, gold(), context(progress)).objective


def gradient(method: Baseline, model) -> torch.Tensor:
    parts = torch.autograd.grad(objective(method, model), list(model.parameters()))
    return torch.cat([part.flatten() for part in parts])


def equal(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """To 1e-10 of the largest: layer normalisation of the start vector, which is 0, makes gradients of 1e6."""
    return bool((found - expected).abs().max() <= 1e-10 * expected.abs().max())


def by_columns(model, feeds) -> torch.Tensor:
    """Nats of gold when column t of the own ones is fed `feeds(t, predicted mean, gold)`, t from 1."""
    batch, (logits, state), seen = gold(), model.prefill(gold().tokens[:, :4]), []
    for position, token in enumerate(batch.tokens[:, 4:].unbind(1), start=1):
        seen.append(logits)
        logits, state = model.step(feeds(position, logits.chunk(2, -1)[0], token), state)
    predicted = torch.cat([model(batch.tokens[:, :4]), torch.stack(seen, 1)], 1)
    return token_nll(predicted, batch)


@pytest.mark.parametrize("model_class", [GRU, Transformer])
@pytest.mark.parametrize("method", [GeneralisedTeacherForcing(alpha=1.0), Unrolled(steps=1)])
def test_feeding_gold_alone_is_teacher_forcing(method, model_class):
    model = make_model(model_class, TASK.space)
    assert equal(gradient(method, model), gradient(TeacherForcing(), model))


@pytest.mark.parametrize("model_class", [GRU, Transformer])
@pytest.mark.parametrize("method", [GeneralisedTeacherForcing(alpha=0.0), Unrolled(steps=8), Unrolled(steps=1000)])
def test_feeding_no_gold_is_differentiable_free_running(method, model_class):
    model = make_model(model_class, TASK.space)
    free = roll_out(model, TASK, gold(), Draw("greedy", stream("x")))
    assert objective(method, model).item() == pytest.approx(token_nll(model(free.tokens), gold()).item(), abs=1e-10)
    through = torch.autograd.grad(by_columns(model, lambda t, mean, gold: mean), list(model.parameters()))
    expected = torch.cat([part.flatten() for part in through])
    assert equal(gradient(method, model), expected)


def test_generalised_teacher_forcing_feeds_the_mixture():
    model = make_model(GRU, TASK.space)
    expected = by_columns(model, lambda t, mean, gold: 0.3 * gold + 0.7 * mean)
    assert objective(GeneralisedTeacherForcing(alpha=0.3), model).item() == pytest.approx(expected.item(), abs=1e-10)


def test_the_curricula_change_alpha_over_training():
    model = make_model(GRU, TASK.space)
    for schedule, alphas in {"linear": (1.0, 0.6, 0.2), "increasing": (0.2, 0.6, 1.0)}.items():
        for progress, alpha in zip((0.0, 0.5, 1.0), alphas, strict=True):
            curriculum = GeneralisedTeacherForcing(alpha=0.2, schedule=schedule)
            found = objective(curriculum, model, progress).item()
            assert found == pytest.approx(objective(GeneralisedTeacherForcing(alpha=alpha), model).item(), abs=1e-10)


def test_unrolling_restarts_from_gold_after_so_many_predictions():
    model = make_model(GRU, TASK.space)
    expected = by_columns(model, lambda t, mean, gold: mean if t % 3 else gold)
    assert objective(Unrolled(steps=3), model).item() == pytest.approx(expected.item(), abs=1e-10)


@pytest.mark.parametrize("method", [GeneralisedTeacherForcing(alpha=0.4), Unrolled(steps=4)])
def test_the_gradient_is_that_of_finite_differences(method):
    model, step = make_model(GRU, TASK.space), 1e-6
    found, weights = gradient(method, model), torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    direction = torch.randn(len(weights), generator=stream("direction"), dtype=torch.float64)
    ends = []
    for sign in (1, -1):
        torch.nn.utils.vector_to_parameters(weights + sign * step * direction, model.parameters())
        ends.append(objective(method, model).item())
    assert float(found @ direction) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("steps", [0, 1, 3, 20])
def test_pushforward_feeds_so_many_own_vectors_in_a_row_and_then_a_gold_one(steps):
    batch = gold(200)
    last = Pushforward(steps=steps).last_of_blocks(batch, stream("blocks"))
    assert last.any(1).all() and not (last & batch.given).any()
    starts = set()
    for row in last[:, 4:].tolist():
        columns = [column for column, is_last in enumerate(row) if is_last]
        starts.add(columns[0])
        assert columns == list(range(columns[0], 8, steps + 1))
    assert starts == set(range(min(steps + 1, 8)))


@pytest.mark.parametrize("learned", ["last", "all"])
def test_pushforward_learns_the_predictions_after_own_vectors_without_gradient_through_them(learned):
    model, batch = make_model(GRU, TASK.space), gold()
    method = Pushforward(steps=3, learned=learned)
    last = method.last_of_blocks(batch, context().stream("blocks"))
    fed = context().roll_in(model, batch, last.double())
    assert torch.equal(fed[last], batch.tokens[last])
    assert (fed != batch.tokens).any(-1)[batch.own & ~last].all()
    error = 0.5 * (model(fed).chunk(2, -1)[0] - batch.tokens).square().sum(-1)  # [B, T]
    where = last if learned == "last" else batch.own
    expected = torch.autograd.grad(error[where].mean(), list(model.parameters()))
    flat = torch.cat([part.flatten() for part in expected])
    assert equal(gradient(method, model), flat)
