"""Observing training changes nothing in it; and the noise of a gradient that is known."""

import pytest
import torch

from baselines.reinforce import Reinforce
from baselines.teacher_forcing import TeacherForcing
from benchmark.contracts import Baseline, Loss
from benchmark.learning.loop import build_model, train
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.learning_curve import _GRADIENTS, LearningCurve, gradient_noise
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.copycat_tagging import CopycatTagging

TASK, SMALL = CopycatTagging(), Optimisation(batch=8)


def run(baseline: Baseline, observed: bool):
    model = build_model(GRU, TASK, {"width": 8, "dropout": 0.2}, 0)
    curve = LearningCurve(model, TASK, baseline, SMALL, seed=0)
    training = train(model, TASK, baseline, Budget(updates=32), SMALL, 0, curve if observed else lambda progress: None)
    return training, curve


@pytest.mark.parametrize("make", [TeacherForcing, lambda: Reinforce(baseline="moving_average")])
def test_observing_changes_neither_weights_nor_the_budget(make):
    (seen, _), (unseen, _) = run(make(), observed=True), run(make(), observed=False)
    for one, other in zip(seen.model.parameters(), unseen.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert seen.spent.evaluations == unseen.spent.evaluations


def test_the_curve_has_geometric_checkpoints_and_its_end():
    _, curve = run(TeacherForcing(), observed=True)
    curve.finish()
    assert [updates for updates, _, _ in curve.reached] == [2, 4, 8, 16, 32]
    assert [evaluations for _, evaluations, _ in curve.reached] == [3 * 8 * 64 * n for n in (2, 4, 8, 16, 32)]
    result = Evaluated()
    curve.put_into(result)
    assert len(result.curves["learning"]) == 5
    assert result.measures["gradient_noise"].value is not None
    reached = result.measures["updates_to_50_percent"]
    assert reached.value in (2, 4, 8, 16, 32)
    assert result.measures["evaluations_to_50_percent"].value == 3 * 8 * 64 * (reached.value or 0)


def test_a_quality_that_is_not_finite_is_absent_from_the_curve():
    curve = LearningCurve(build_model(GRU, TASK, {"width": 8}, 0), TASK, TeacherForcing(), SMALL, seed=0)
    curve.reached = [(2, 100, float("inf")), (4, 200, float("nan"))]
    result = Evaluated()
    curve.put_into(result)
    assert [point.value for point in result.curves["learning"]] == [None, None]


class Planted(Baseline):
    """A gradient of ones plus noise of a known size in every parameter."""

    name, path = "planted", "parallel"
    size = 2.0

    def loss(self, model, batch, ctx):
        generator = ctx.stream("planted")
        parts = [(p * (1 + self.size * torch.randn(p.shape, generator=generator))).sum() for p in model.parameters()]
        return Loss(torch.stack(parts).sum())


def test_the_noise_of_a_planted_gradient_is_its_variance_over_its_square():
    model = build_model(GRU, TASK, {"width": 16}, 0)
    assert gradient_noise(model, TASK, Planted(), SMALL, seed=0, progress=0.5) == pytest.approx(4.0, rel=0.15)
    assert _GRADIENTS >= 2


def test_a_gradient_without_noise_has_none():
    class Constant(Planted):
        size = 0.0

    model = build_model(GRU, TASK, {"width": 16}, 0)
    assert gradient_noise(model, TASK, Constant(), SMALL, seed=0, progress=0.5) == pytest.approx(0.0, abs=1e-9)
