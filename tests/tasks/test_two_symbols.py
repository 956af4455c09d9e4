"""Two symbols: the closed form of scheduled sampling's optimum (Huszar 2015), and a model that is trained to it."""

import pytest
import torch

from baselines.free_running import FreeRunning
from baselines.scheduled_sampling import ScheduledSampling
from baselines.teacher_forcing import TeacherForcing
from benchmark.checking.processes import two_symbols, two_symbols_optimum
from benchmark.contracts import Baseline, Batch, Output, kl_divergence, stream
from benchmark.learning.loop import build_model, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.two_symbols import TwoSymbols

TASK = TwoSymbols()
KNOWN = {1.0: 0, 0.75: 0.0827, 0.5: 0.2585, 0.25: 0.5251, 0: 0.9514}  # nats at the second symbol, K = 4, rho = .9


def optimum(eps: float) -> torch.Tensor:
    """Q*(x2 | x1) = eps P(x2 | x1) + (1 - eps) P(x2), [K, K]."""
    return two_symbols_optimum(two_symbols(4, 0.9), eps)


def score(batch: Batch, second_symbol: torch.Tensor) -> torch.Tensor:
    """Score [B, T] of a uniform first symbol and Q(x2 | x1) [K, K]."""
    first = torch.full((len(batch), 4), 0.25, dtype=torch.float64)
    log_q = torch.stack([first, second_symbol[batch.tokens[:, 0]]], 1).log()
    return TASK.score(batch, Output(batch.tokens, batch.own, batch.tokens, batch.own[:, 0], log_q)).value


@pytest.fixture(scope="module")
def batch() -> Batch:
    return TASK.sample("test", 4096, (2, 2), stream("two symbols"))


def test_the_process_is_the_one_of_the_closed_form(batch):
    p = TASK.process(batch, batch.tokens).exp()
    assert torch.allclose(p[:, 0], torch.tensor(0.25, dtype=torch.float64))
    assert torch.allclose(p[:, 1], two_symbols(4, 0.9)[batch.tokens[:, 0]])


def test_samples_follow_the_process():
    drawn = TASK.sample("train", 200_000, (2, 2), stream("frequencies")).tokens
    pairs = torch.bincount(4 * drawn[:, 0] + drawn[:, 1], minlength=16).view(4, 4) / len(drawn)
    assert (pairs - two_symbols(4, 0.9) / 4).abs().max() < 0.002


@pytest.mark.parametrize(("eps", "nats"), KNOWN.items())
def test_the_optimum_of_scheduled_sampling_scores_its_closed_form(batch, eps, nats):
    """Nothing at the first symbol; the second's divergence does not depend on the first."""
    value = score(batch, optimum(eps))
    assert float(value[:, 0].abs().max()) < 1e-12
    assert value[:, 1].tolist() == pytest.approx([nats] * len(batch), abs=5e-5)


def test_the_controls_are_those_closed_forms_over_both_symbols(batch):
    found = {name: float(score(batch, optimum(float(name.split("= ")[1]))).mean()) for name in TASK.controls}
    assert found == pytest.approx(TASK.controls, abs=5e-5)


def test_a_uniform_model_scores_the_floor_and_the_process_the_ceiling(batch):
    uniform = torch.full((4, 4), 0.25, dtype=torch.float64)
    assert float(score(batch, uniform).mean()) == pytest.approx(TASK.floor, abs=5e-5)
    assert float(score(batch, two_symbols(4, 0.9)).mean()) == pytest.approx(TASK.ceiling, abs=1e-12)


def trained(baseline: Baseline, updates: int) -> torch.Tensor:
    """Log-probabilities [K, K] of the second symbol after each first one, by a small GRU."""
    model = build_model(GRU, TASK, {"width": 16}, seed=0)
    train(model, TASK, baseline, Budget(updates=updates), Optimisation(batch=256), seed=0)
    first = torch.arange(4)
    with torch.inference_mode():
        return model(torch.stack([first, first], 1)).log_softmax(-1)[:, 1].double()


@pytest.mark.parametrize(
    "eps", [0.5, pytest.param(0.75, marks=pytest.mark.slow), pytest.param(0.25, marks=pytest.mark.slow)]
)
def test_a_model_trained_by_scheduled_sampling_comes_to_the_wrong_answer(eps):
    log_q = trained(ScheduledSampling(end=eps, schedule="constant"), updates=1500)
    assert float(kl_divergence(two_symbols(4, 0.9).log(), log_q).mean()) == pytest.approx(KNOWN[eps], abs=0.01)
    assert float(kl_divergence(optimum(eps).log(), log_q).mean()) < 0.001


@pytest.mark.parametrize(("baseline", "eps"), [(TeacherForcing(), 1.0), (FreeRunning(), 0.0)])
def test_teacher_forcing_comes_to_the_process_and_free_running_forgets_the_first_symbol(baseline, eps):
    log_q = trained(baseline, updates=500)
    assert float(kl_divergence(optimum(eps).log(), log_q).mean()) < 0.005
