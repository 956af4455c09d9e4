"""The targets of reward-augmented maximum likelihood follow their distribution."""

import itertools
import math

import torch

from baselines.raml import Raml
from benchmark.contracts import Batch, Discrete, stream

DRAWS, OWN, TAU = 20_000, 4, 0.7
SPACE = Discrete(6, end=5, emits=(1, 2, 3, 5))  # a token may become 1, 2 or 3
GOLD = torch.tensor([0, 4, 2, 1, 3, 2, 5]).expand(DRAWS, -1)  # a prompt of two, four tokens, the end
BATCH = Batch(GOLD, (torch.arange(7) < 2).expand(DRAWS, -1), torch.ones_like(GOLD, dtype=torch.bool))


def drawn() -> torch.Tensor:
    return Raml(tau=TAU).draw(BATCH, SPACE, stream("targets"))


def within_chance(counts: torch.Tensor, probability: torch.Tensor) -> bool:
    """Are counts within four standard deviations of what is expected of DRAWS draws?"""
    deviation = (DRAWS * probability * (1 - probability)).sqrt()
    return bool(((counts - DRAWS * probability).abs() < 4 * deviation).all())


def test_the_number_of_substitutions_is_binomial():
    change = 2 * math.exp(-1 / TAU) / (1 + 2 * math.exp(-1 / TAU))
    binomial = torch.tensor([math.comb(OWN, n) * change**n * (1 - change) ** (OWN - n) for n in range(OWN + 1)])
    assert within_chance((drawn() != GOLD).sum(1).bincount(minlength=OWN + 1), binomial)


def test_every_target_is_as_likely_as_the_exponential_of_its_reward():
    targets = torch.tensor(list(itertools.product((1, 2, 3), repeat=OWN)))  # [81, OWN]
    probability = (-(targets != GOLD[0, 2:6]).sum(1) / TAU).softmax(0)
    counts = (drawn()[:, None, 2:6] == targets).all(-1).sum(0)
    assert counts.sum() == DRAWS
    assert within_chance(counts, probability)


def test_prompt_and_end_stay():
    assert torch.equal(drawn()[:, [0, 1, 6]], GOLD[:, [0, 1, 6]])
