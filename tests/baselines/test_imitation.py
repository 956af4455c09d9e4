"""Own prefixes with the target of a teacher: DAgger and on-policy distillation."""

import itertools
import math

import pytest
import torch

from baselines.dagger import Dagger
from baselines.on_policy_distillation import OnPolicyDistillation, jensen_shannon
from benchmark.contracts import Batch, Task, cross_entropy, kl_divergence, stream
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.free_running import Draw, roll_out
from benchmark.learning.loop import build_model, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.cliff_language import CliffLanguage
from tasks.copycat_tagging import CopycatTagging
from tasks.hmm_language import HmmLanguage
from tests.factories import make_model

P = torch.tensor([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]], dtype=torch.float64)  # the second has zeros
Q = torch.tensor([[0.2, 0.2, 0.6], [0.7, 0.1, 0.2]], dtype=torch.float64)


def gold(task: Task, rows: int = 6) -> Batch:
    return task.sample("train", rows, (8, 8), stream("gold"))


def context(task: Task, progress: float = 1.0) -> UpdateContext:
    return UpdateContext(task, Origin("imitation", 0), step=3, progress=progress)


def gradient(model, objective) -> torch.Tensor:
    parts = torch.autograd.grad(objective, list(model.parameters()), allow_unused=True)
    return torch.cat([part.flatten() for part in parts if part is not None])


def test_cross_entropy_is_that_of_the_formula_and_zeros_count_for_nothing():
    log_q = Q.log()
    log_q[1, 2] = -math.inf
    expected = [-(0.5 * math.log(0.2) + 0.3 * math.log(0.2) + 0.2 * math.log(0.6)), -math.log(0.7)]
    assert cross_entropy(P.log(), log_q).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
def test_the_objective_of_dagger_is_the_experts_cross_entropy_on_what_was_fed(end):
    task, batch = CopycatTagging(), gold(CopycatTagging())
    model = make_model(GRU, task.space)
    loss = Dagger(end=end).loss(model, batch, context(task))
    fed = context(task).roll_in(model, batch, end, coin="sequence")
    expert, log_q = task.expert(batch, fed).double(), model(fed).log_softmax(-1)
    terms = torch.where(expert.isneginf(), 0.0, -expert.exp() * log_q).sum(-1)
    assert loss.objective.item() == pytest.approx(terms[batch.own].mean().item(), abs=1e-10)
    assert loss.nll == pytest.approx(-log_q.gather(-1, batch.tokens[..., None])[batch.own].mean().item(), abs=1e-6)


def test_dagger_mixes_by_whole_sequence():
    task, batch = CopycatTagging(), gold(CopycatTagging(), 32)
    seen = {}

    class Watching(UpdateContext):
        def expert(self, batch, history):
            seen["fed"] = history
            return super().expert(batch, history)

    model = make_model(GRU, task.space)
    Dagger(schedule="constant").loss(model, batch, Watching(task, Origin("imitation", 0), 0, 0.0))
    own_rows = ((seen["fed"] != batch.tokens) & batch.own).any(1)
    free = context(task)
    free.step = 0
    assert 0 < own_rows.sum() < len(batch)
    assert torch.equal(seen["fed"][own_rows], free.roll_in(model, batch, 0.0)[own_rows])


def test_an_expert_with_zeros_gives_a_finite_gradient_on_broken_histories():
    task, batch = CliffLanguage(), gold(CliffLanguage())
    model = make_model(GRU, task.space)
    for method in (
        Dagger(end=0.0),
        OnPolicyDistillation(own=1.0, divergence="reverse_kl"),
        OnPolicyDistillation(own=1.0),
    ):
        assert gradient(model, method.loss(model, batch, context(task)).objective).isfinite().all()


def test_distillation_on_gold_by_forward_kl_to_the_process_is_soft_label_maximum_likelihood():
    task, batch = HmmLanguage(), gold(HmmLanguage())
    model = make_model(GRU, task.space)
    method = OnPolicyDistillation(own=0.0, teacher="process", divergence="forward_kl")
    found = gradient(model, method.loss(model, batch, context(task)).objective)
    soft_labels = task.process(batch, batch.tokens).double().exp()
    expected = gradient(model, -(soft_labels * model(batch.tokens).log_softmax(-1))[batch.own].sum(-1).mean())
    assert torch.allclose(found, expected, atol=1e-10, rtol=0)
    assert expected.abs().max() > 1e-3


def test_distillation_from_the_expert_by_forward_kl_has_the_gradient_of_dagger():
    task, batch = CopycatTagging(), gold(CopycatTagging())
    model = make_model(GRU, task.space)
    distilled = OnPolicyDistillation(divergence="forward_kl").loss(model, batch, context(task, 0.3)).objective
    imitated = Dagger(schedule="constant").loss(model, batch, context(task, 0.3)).objective
    assert torch.allclose(gradient(model, distilled), gradient(model, imitated), atol=1e-10, rtol=0)


@pytest.mark.parametrize("beta", [0.1, 0.5, 0.9])
def test_the_generalised_jensen_shannon_divergence_is_that_of_the_formula(beta):
    mixture = beta * P + (1 - beta) * Q
    expected = beta * torch.xlogy(P, P / mixture).sum(-1) + (1 - beta) * torch.xlogy(Q, Q / mixture).sum(-1)
    assert torch.allclose(jensen_shannon(P.log(), Q.log(), beta), expected, atol=1e-12)


def test_the_jensen_shannon_divergence_tends_to_either_kl():
    p, q = P[:1].log(), Q[:1].log()
    assert jensen_shannon(p, q, 1e-6).item() / 1e-6 == pytest.approx(kl_divergence(p, q).item(), rel=1e-4)
    assert jensen_shannon(p, q, 1 - 1e-6).item() / 1e-6 == pytest.approx(kl_divergence(q, p).item(), rel=1e-4)


@pytest.mark.parametrize(
    ("divergence", "expected"),
    [("forward_kl", torch.xlogy(P, P / Q).sum(-1)),
     ("reverse_kl", (Q * (Q / (0.97 * P + 0.03 / 3)).log()).sum(-1)),
     ("jensen_shannon", 0.25 * torch.xlogy(P, P / (0.25 * P + 0.75 * Q)).sum(-1)
                        + 0.75 * torch.xlogy(Q, Q / (0.25 * P + 0.75 * Q)).sum(-1))],
)  # fmt: skip
def test_every_divergence_is_that_of_the_formula(divergence, expected):
    method = OnPolicyDistillation(divergence=divergence, beta=0.25, teacher_floor=0.03)
    assert torch.allclose(method.distance(P.log(), Q.log()), expected, atol=1e-12)


def test_a_task_needs_what_the_teacher_is():
    needs = [OnPolicyDistillation(teacher=teacher).needs for teacher in ("expert", "process", "learned")]
    assert needs == [("expert", "discrete"), ("process", "discrete"), ("discrete",)]


def test_a_learned_teacher_is_learned_while_the_model_is_teacher_forced_and_then_stays():
    task = HmmLanguage()
    method, model = OnPolicyDistillation(teacher="learned", teaching=0.5), build_model(GRU, task, {"width": 8}, 0)
    teachers = []
    train(
        model, task, method, Budget(updates=8), Optimisation(batch=8), 0,
        observe=lambda _: teachers.append(method.learner.module.head.weight.detach().clone()),
    )  # fmt: skip
    changed = [not torch.equal(one, other) for one, other in itertools.pairwise(teachers)]
    assert changed == [True] * 4 + [False] * 3
    assert method.learner.module.width == 16
    assert method.evaluations(model) > 0


@pytest.mark.slow
def test_experts_labels_mend_copycat_tagging():
    """Teacher forcing reaches .3 to .4 here: it takes its own labels for evidence."""
    task = CopycatTagging()
    model = build_model(GRU, task, {"width": 24}, 0)
    train(model, task, Dagger(), Budget(updates=150), Optimisation(batch=24, learning_rate=1e-2), 0)
    test = task.sample("test", 128, (128, 128), stream("test"))
    score = task.score(test, roll_out(model.eval(), task, test, Draw("greedy", stream("x"))))
    assert (score.value * score.weight).sum() / score.weight.sum() > 0.8
