"""Unlikelihood by hand, and what it does to repetition."""

import torch

from baselines.teacher_forcing import TeacherForcing
from baselines.unlikelihood import Unlikelihood, said_before
from benchmark.checking.policy_gradients import EnumeratedContext, log_likelihood, small_model
from benchmark.contracts import Baseline, Batch, Discrete, Task, stream
from benchmark.learning.free_running import Draw, roll_out
from benchmark.learning.loop import build_model, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tests.factories import EndingTask


def test_candidates_are_own_symbols_said_before_other_than_gold():
    batch = Batch(
        torch.tensor([[3, 0, 1, 1, 2]]),
        torch.tensor([[True, False, False, False, False]]),
        torch.ones(1, 5, dtype=torch.bool),
    )
    candidates = [row.nonzero().flatten().tolist() for row in said_before(batch, 4)[0]]
    assert candidates == [[], [], [0], [0], [0, 1]]


def test_the_penalty_is_that_of_the_probability_given_to_a_candidate():
    model, tokens = small_model(), torch.tensor([[2, 1]])
    loss = Unlikelihood(alpha=3.0).loss(model, Batch(tokens, tokens < 0, tokens >= 0), EnumeratedContext(tokens))
    again = model(tokens).softmax(-1)[0, 1, 2]  # of saying 2 once more
    expected = (-log_likelihood(model, tokens).sum() - 3.0 * (1 - again).log()) / 2
    torch.testing.assert_close(loss.objective, expected)


def test_a_candidate_that_is_certain_gives_a_finite_gradient():
    model, tokens = small_model(), torch.tensor([[2, 1]])
    with torch.no_grad():
        model.head.bias[2] = 1e3
    loss = Unlikelihood().loss(model, Batch(tokens, tokens < 0, tokens >= 0), EnumeratedContext(tokens))
    gradients = torch.autograd.grad(loss.objective, list(model.parameters()))
    assert all(bool(part.isfinite().all()) for part in gradients)


class Shuffled(EndingTask):
    """Eight of sixteen symbols in any order, none of them twice."""

    name = "shuffled"
    space = Discrete(16)

    def sample(self, split, size, length, stream) -> Batch:
        tokens = torch.rand(size, 16, generator=stream).argsort(1)[:, :8]
        return Batch(tokens, tokens < 0, tokens >= 0)

    def limit(self, batch: Batch) -> torch.Tensor:
        return batch.lengths


def repetition(baseline: Baseline) -> float:
    """Share of the tokens of free runs that the run has said before."""
    task: Task = Shuffled()
    model = build_model(GRU, task, {"width": 24}, seed=0)
    train(model, task, baseline, Budget(updates=120), Optimisation(batch=32, learning_rate=1e-2), seed=0)
    batch = task.sample("validation", 512, (8, 8), stream("gold"))
    run = roll_out(model, task, batch, Draw("sample", stream("draw"))).tokens
    earlier = (run[:, :, None] == run[:, None]).tril(-1).any(-1)
    return earlier.float().mean().item()


def test_free_runs_repeat_themselves_less():
    assert repetition(Unlikelihood()) < 0.8 * repetition(TeacherForcing())
