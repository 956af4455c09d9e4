"""Ways of decoding, and diversity on cases worked by hand."""

import math

import pytest
import torch

from benchmark.contracts import stream
from benchmark.learning.free_running import Draw
from benchmark.learning.loop import build_model
from benchmark.measuring import text
from benchmark.measuring.decodings import WAYS, sweep_decodings
from benchmark.measuring.evaluated import Evaluated
from benchmark.models.recurrent import GRU, LSTM
from benchmark.models.transformer import Transformer
from tasks.copycat_tagging import CopycatTagging
from tasks.g2p_sentences import G2pSentences
from tasks.hmm_language import HmmLanguage

ROWS = torch.tensor([[1, 2, 1, 2, 1], [1, 2, 3, 9, 9]])
OWN = torch.tensor([[True] * 5, [True, True, True, False, False]])


def test_distinct_and_repeated_ngrams_by_hand():
    """2-grams: 12 21 12 21 | 12 23: three kinds among six; two of the first row's four stood before."""
    assert text.distinct_ngrams(ROWS, OWN, 2) == pytest.approx(3 / 6)
    assert text.repeated_ngrams(ROWS, OWN, 2) == pytest.approx(2 / 6)
    assert text.distinct_ngrams(ROWS, OWN, 5) == 1.0
    assert math.isnan(text.distinct_ngrams(ROWS, OWN, 6))
    assert math.isnan(text.repeated_ngrams(ROWS, OWN, 6))


def test_distinct_prefixes_count_rows_that_are_long_enough():
    assert text.distinct_prefixes(ROWS, OWN, 2) == 0.5
    assert text.distinct_prefixes(ROWS, OWN, 3) == 1.0
    assert text.distinct_prefixes(ROWS, OWN, 4) == 1.0
    assert math.isnan(text.distinct_prefixes(ROWS, OWN, 6))


def frequencies(**settings) -> torch.Tensor:
    logits = torch.tensor([0.6, 0.3, 0.08, 0.02]).log().expand(100_000, -1)
    return torch.bincount(Draw("sample", stream("draw"), **settings)(logits), minlength=4) / 100_000


def test_a_temperature_sharpens_or_flattens_by_the_power_law():
    for temperature in (0.5, 1.0, 2.0):
        expected = torch.tensor([0.6, 0.3, 0.08, 0.02]) ** (1 / temperature)
        assert torch.allclose(frequencies(temperature=temperature), expected / expected.sum(), atol=0.006)


def test_a_nucleus_keeps_the_fewest_tokens_that_hold_the_share():
    assert torch.allclose(frequencies(nucleus=0.95), torch.tensor([0.6, 0.3, 0.08, 0.0]) / 0.98, atol=0.006)
    assert torch.allclose(frequencies(nucleus=0.9), torch.tensor([2 / 3, 1 / 3, 0.0, 0.0]), atol=0.006)
    assert frequencies(nucleus=0.01).tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(("temperature", "nucleus"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (1.0, 1.1), (math.nan, 1.0)])
def test_a_wrong_temperature_or_nucleus_is_refused(temperature, nucleus):
    with pytest.raises(ValueError, match=r"temperature must be > 0 and nucleus in \(0, 1\]"):
        Draw("sample", stream("draw"), temperature, nucleus)


def swept(task, model_class) -> Evaluated:
    result = Evaluated()
    sweep_decodings(build_model(model_class, task, {"width": 8}, 0), task, seed=0, rows=32, result=result)
    return result


@pytest.mark.parametrize(
    ("task_class", "model_class"), [(CopycatTagging, GRU), (HmmLanguage, LSTM), (G2pSentences, Transformer)]
)
def test_every_way_is_measured_on_every_task(task_class, model_class):
    measures = swept(task_class(), model_class).measures
    for name in WAYS:
        assert measures[f"quality_at_{name}"].value is not None
        assert (f"oracle_nll_at_{name}" in measures) == task_class.has("process")
    assert {name for name in measures if name.startswith("data_nll")} == {
        f"data_nll_at_temperature_{value}" for value in ("0.5", "0.7", "0.85", "1", "1.2")
    }


def test_a_lower_temperature_is_less_diverse():
    measures = swept(HmmLanguage(), LSTM).measures
    cold, hot = (measures[f"distinct_at_temperature_{value}"].value for value in ("0.5", "1.2"))
    assert cold is not None
    assert hot is not None
    assert cold < hot
    assert (measures["distinct_prefixes_at_greedy"].value or 1) < 0.1
