"""The hidden Markov language: its filter against enumeration, and its controls."""

import itertools

import pytest
import torch

from benchmark.checking.task_samples import uniform_scores
from benchmark.contracts import Output, kl_divergence, stream
from benchmark.measuring.quality import figure_of
from tasks.hmm_language import HmmLanguage

TASK = HmmLanguage()


def sequence_probability(symbols: tuple[int, ...]) -> float:
    """Sum over all paths of hidden states."""
    states = len(TASK.transition)
    total = 0.0
    for path in itertools.product(range(states), repeat=len(symbols)):
        probability = 1 / states
        for index, (state, symbol) in enumerate(zip(path, symbols, strict=True)):
            probability *= float(TASK.emission[state, symbol])
            if index:
                probability *= float(TASK.transition[path[index - 1], state])
        total += probability
    return total


def test_the_filter_equals_the_sum_over_all_paths():
    batch = TASK.sample("test", 3, (3, 3), stream("enumeration"))
    log_p = TASK.process(batch, batch.tokens).gather(-1, batch.tokens[..., None]).sum((1, 2))
    expected = [sequence_probability(tuple(row)) for row in batch.tokens.tolist()]
    assert log_p.exp().tolist() == pytest.approx(expected, rel=1e-10)


def test_samples_follow_the_process():
    batch = TASK.sample("test", 200_000, (2, 2), stream("frequencies"))
    pairs = torch.bincount(batch.tokens[:, 0] * 16 + batch.tokens[:, 1], minlength=256) / len(batch)
    every = torch.cartesian_prod(torch.arange(16), torch.arange(16))
    log_p = TASK.process(batch, every).gather(-1, every[..., None]).sum((1, 2))
    assert (pairs - log_p.exp()).abs().max() < 0.003


def test_every_symbol_is_possible_in_every_state():
    assert (TASK.emission > 0.0006).all()
    assert (TASK.transition > 0.001).all()
    assert torch.allclose(TASK.emission.sum(-1), torch.ones(8, dtype=torch.float64))


def test_a_uniform_model_scores_the_frozen_controls_and_the_process_the_ceiling():
    batch = TASK.sample("test", 4096, (128, 128), stream("floor"))
    process = TASK.process(batch, batch.tokens)
    unknowing = torch.full_like(process, -torch.log(torch.tensor(16.0)).item())
    for log_q, expected in ((unknowing, TASK.controls["uniform model on gold prefixes"]), (process, TASK.ceiling)):
        score = TASK.score(batch, Output(batch.tokens, batch.own, batch.tokens, batch.own[:, 0], log_q))
        assert float(score.value.mean()) == pytest.approx(expected, abs=0.002)
    freely = uniform_scores(TASK, rows=2048)
    assert figure_of(TASK.metric, freely) == pytest.approx(TASK.floor, abs=0.002)


def test_divergence_is_infinite_where_the_model_excludes_what_can_happen():
    half = torch.tensor([0.5, 0.5]).log()
    assert kl_divergence(half, torch.tensor([0.0, -torch.inf])) == torch.inf
    assert kl_divergence(torch.tensor([0.0, -torch.inf]), half) == pytest.approx(0.6931, abs=1e-4)
    assert kl_divergence(half, half) == 0
