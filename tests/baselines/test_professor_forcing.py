"""Professor forcing: what the discriminator sees and learns, and whom the model fools."""

import dataclasses
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from baselines.professor_forcing import ProfessorForcing
from benchmark.contracts import Batch, token_nll
from benchmark.contracts.streams import stream
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.loop import Trainer, build_model
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.copycat_tagging import CopycatTagging
from tests.factories import make_model


class Short(CopycatTagging):
    curve = dataclasses.replace(CopycatTagging.curve, trained=(16, 16))


TASK = Short()


def gold(rows: int = 6) -> Batch:
    return TASK.sample("train", rows, (8, 8), stream("gold"))


def context() -> UpdateContext:
    return UpdateContext(TASK, Origin("professor", 0), step=0, progress=0.5)


def built(model, **knobs) -> ProfessorForcing:
    method: Any = ProfessorForcing(**knobs)
    method.build(model, stream("build"))
    return method


def gradient(model, objective) -> torch.Tensor:
    return torch.cat([part.flatten() for part in torch.autograd.grad(objective, list(model.parameters()))])


@pytest.mark.parametrize("fools_by", ["own", "both"])
def test_the_objective_is_likelihood_and_what_fools_the_discriminator(fools_by):
    """The discriminator does not learn here, so that it is the same before and after."""
    model, batch = make_model(GRU, TASK.space), gold()
    method = built(model, weight=0.7, fools_by=fools_by, learns_below=0.5, fools_above=0.0)
    found = gradient(model, method.loss(model, batch, context()).objective)
    fed = context().roll_in(model, batch, 0.0)
    own, of_gold = (method.verdict(model.hidden(tokens), batch) for tokens in (fed, batch.tokens))
    fooling = -F.logsigmoid(own).mean() - (F.logsigmoid(-of_gold).mean() if fools_by == "both" else 0)
    expected = gradient(model, token_nll(model(batch.tokens), batch) + 0.7 * fooling)
    assert torch.allclose(found, expected, atol=1e-10, rtol=0)
    assert (found - gradient(model, token_nll(model(batch.tokens), batch))).abs().max() > 1e-4


def test_the_verdict_is_a_mean_over_own_columns_and_blind_to_padding():
    model, batch = make_model(GRU, TASK.space), gold()
    method = built(model)
    valid = batch.valid.clone()
    valid[:3, -6:] = False
    cut, features = Batch(batch.tokens, batch.given & valid, valid), model.hidden(batch.tokens)
    shorter = Batch(batch.tokens[:, :-6], batch.given[:, :-6], batch.valid[:, :-6])
    expected = method.verdict(features[:3, :-6], shorter.select(slice(3)))
    assert torch.allclose(method.verdict(features, cut)[:3], expected, atol=1e-12)


@pytest.mark.parametrize(("learns_below", "learns"), [(1.0, True), (0.5, False)])
def test_the_discriminator_learns_only_below_a_threshold(learns_below, learns):
    """Before it has learned it takes all for one, so that its accuracy is a half."""
    model = make_model(GRU, TASK.space)
    method = built(model, learns_below=learns_below)
    before = [parameter.clone() for parameter in method.discriminator.module.parameters()]
    loss = method.loss(model, gold(), context())
    same = [torch.equal(old, new) for old, new in zip(before, method.discriminator.module.parameters(), strict=True)]
    assert loss.parts["accuracy"] >= 0.5
    assert all(same) != learns


def test_the_model_fools_it_only_above_a_threshold():
    model = make_model(GRU, TASK.space)
    loss = built(model, fools_above=1.0).loss(model, gold(), context())
    assert loss.parts["accuracy"] < 1
    assert loss.objective.item() == loss.nll


def test_teaching_the_discriminator_leaves_no_gradient_in_the_model():
    model, batch = make_model(GRU, TASK.space), gold()
    method = built(model)
    method.teach(model.hidden(batch.tokens).detach(), model.hidden(batch.tokens).detach(), batch)
    assert all(parameter.grad is None for parameter in model.parameters())


def accuracies(weight: float) -> list[float]:
    """At every third of 150 updates: in the first 100 the discriminator alone learns, then the model alone does."""
    model = build_model(GRU, TASK, {"width": 16}, 0)
    method: Any = ProfessorForcing(discriminator_rate=1e-2)
    trainer = Trainer(model, TASK, method, Budget(updates=150), Optimisation(batch=64, learning_rate=1e-2), 0)
    for update in range(150):
        fools = update >= 100
        method.configure(method.knobs | {"weight": weight if fools else 1e-9, "learns_below": 0.5 if fools else 1.0})
        trainer.update()
    return [line["accuracy"] for line in trainer.log]


@pytest.mark.slow
def test_its_accuracy_falls_to_chance_once_the_model_fools_it():
    """Own features of a labeller that copies itself are recognised, and stay so where the weight is nearly 0."""
    fooled, forced = accuracies(weight=1.0), accuracies(weight=1e-9)
    assert len(fooled) == 50
    assert sum(fooled[27:33]) / 6 > 0.62
    assert sum(forced[-6:]) / 6 > 0.62
    assert sum(fooled[-6:]) / 6 < 0.55
