"""Minimum risk training on sets for which the gradient is known."""

import pytest
import torch

from baselines.minimum_risk import MinimumRisk, first_of_each, own_tokens
from baselines.reinforce import Reinforce
from benchmark.checking.policy_gradients import SAMPLES, SEQUENCES, exact_gradient, small_model, update
from benchmark.contracts import Output

GOLD = 0  # the row of SEQUENCES that is gold


@pytest.mark.parametrize(
    ("rows", "gold"),
    [
        (range(9), False),
        ([*range(9), 4, 4, 7], False),  # each counts once
        (range(1, 9), True),  # gold completes the set
        (range(9), True),  # gold is in it already
    ],
)
def test_over_the_set_of_all_sequences_the_gradient_is_that_of_the_expected_reward(rows, gold):
    model, rows = small_model(), list(rows)
    method = MinimumRisk(alpha=1.0, samples=len(rows), gold=gold, warm_start=0.0)
    assert (update(model, method, SEQUENCES[rows]) - exact_gradient(model)).abs().max() < 1e-10


def test_a_set_that_lacks_a_sequence_is_biased():
    model, rows = small_model(), list(range(1, 9))
    method = MinimumRisk(alpha=1.0, samples=len(rows), warm_start=0.0)
    assert (update(model, method, SEQUENCES[rows]) - exact_gradient(model)).abs().max() > 1e-3


def test_at_small_alpha_it_is_reinforce_with_the_mean_of_the_set():
    model, samples = small_model(), SEQUENCES[[3, 7]]
    reinforce = update(model, Reinforce(samples=SAMPLES, credit="sequence", warm_start=0.0), samples)
    risk = update(model, MinimumRisk(alpha=0.001, samples=SAMPLES, warm_start=0.0), samples)
    share = (SAMPLES - 1) / SAMPLES  # the mean of the set, that of the others is not
    torch.testing.assert_close(risk, share * reinforce, rtol=1e-2, atol=1e-4)


def test_sequences_are_told_apart_by_their_own_tokens_alone():
    tokens = torch.tensor([[5, 1, 2], [5, 1, 3], [6, 1, 2], [5, 1, 2]])
    own = torch.tensor([[0, 1, 0], [0, 1, 0], [0, 1, 1], [0, 1, 1]], dtype=torch.bool)
    runs = Output(tokens, own, tokens, own.any(1))
    gold = Output(torch.tensor([[5, 1]]), torch.tensor([[False, True]]), tokens, own.any(1))
    assert first_of_each(own_tokens([runs, gold], inputs=1)).tolist() == [[True, False, True, False, False]]
