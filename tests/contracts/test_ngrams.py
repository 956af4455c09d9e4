"""The n-gram model: by hand, and that it is a distribution."""

import math

import pytest
import torch

from benchmark.contracts import NgramModel, stream

START, END = 0, 3
TEXT = torch.tensor([0, 0, 1, 2, 3, 0, 0, 1, 1, 3, 0, 0, 2, 3])  # 12., 11. and 2., with two starts before each


def test_an_order_of_one_is_the_discounted_share_of_a_symbol():
    """Of 8 symbols 3 are a 1; of the three kinds .75 each goes to the four symbols alike."""
    model = NgramModel.of(TEXT, 4, START, order=1)
    expected = {1: (3 - 0.75) / 8 + 3 * 0.75 / 8 / 4, 0: 3 * 0.75 / 8 / 4}
    for symbol, probability in expected.items():
        assert float(model.surprisal(torch.tensor([[symbol]]))) == pytest.approx(-math.log(probability))


def test_a_bigram_backs_off_to_the_symbol_and_an_unknown_context_altogether():
    """1 is followed by 2, by 1 and by the end, once each; nothing follows the end."""
    model, single = NgramModel.of(TEXT, 4, START, order=2), NgramModel.of(TEXT, 4, START, order=1)
    two = math.exp(-float(single.surprisal(torch.tensor([[2]]))))
    assert float(model.surprisal(torch.tensor([[1, 2]]))) == pytest.approx(-math.log((1 - 0.75) / 3 + 0.75 * two))
    assert float(model.surprisal(torch.tensor([[END, 2]]))) == pytest.approx(-math.log(two))


def test_probabilities_sum_to_one_after_every_context():
    text = torch.randint(1, 6, (500,), generator=stream("text"))
    text[::7], text[1::7] = START, START
    model = NgramModel.of(text, 6, START)
    grid = torch.cartesian_prod(*[torch.arange(6)] * 3)  # [216, 3]
    assert torch.allclose((-model.surprisal(grid)).exp().view(36, 6).sum(1), torch.ones(36, dtype=torch.float64))


def test_a_seen_text_is_less_surprising_than_another():
    text = torch.randint(1, 6, (300,), generator=stream("text"))
    model = NgramModel.of(text, 6, START)
    other = torch.randint(1, 6, (300,), generator=stream("other"))
    assert model.surprisal(text.unfold(0, 3, 1)).mean() < model.surprisal(other.unfold(0, 3, 1)).mean()
