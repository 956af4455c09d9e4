"""Measures of continuous sequences on errors that are known."""

import math

import pytest
import torch

from benchmark.learning.loop import build_model
from benchmark.measuring.evaluation import evaluate
from benchmark.measuring.series import histogram_distance, nrmse_by_lead, valid_prediction_time
from benchmark.models.recurrent import GRU
from benchmark.settings import Evaluation
from tests.factories import Rotation

GOLD = torch.randn(50, 20, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_an_error_that_grows_by_a_factor_gives_its_nrmse_and_valid_time():
    """Error .01 * 1.5^l in each dimension passes .4 at the first l with 1.5^l > 40: l = 10."""
    error = 0.01 * 1.5 ** torch.arange(1, 21, dtype=torch.float64)  # [L]
    own = GOLD + error[:, None]
    assert nrmse_by_lead(own, GOLD).tolist() == pytest.approx(error.tolist())
    times, censored = valid_prediction_time(own, GOLD)
    assert times.tolist() == [10] * 50
    assert not censored.any()


def test_an_error_that_never_passes_the_bound_is_censored_at_the_end():
    times, censored = valid_prediction_time(GOLD + 0.39, GOLD)
    assert times.tolist() == [20] * 50
    assert censored.all()


def test_what_is_not_a_number_is_no_valid_prediction():
    own = GOLD.clone()
    own[:, 4] = math.nan
    assert valid_prediction_time(own, GOLD)[0].tolist() == [5] * 50


def test_the_histogram_distance_is_blind_to_order_and_sees_a_shift():
    """Two normal distributions d apart are at total variation 2 Phi(d / 2) - 1."""
    many = torch.randn(100_000, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert histogram_distance(many.flip(0), many) == 0.0
    expected = torch.distributions.Normal(0.0, 1.0).cdf(torch.tensor(0.5)) * 2 - 1
    assert histogram_distance(many + 1.0, many) == pytest.approx(float(expected), abs=0.01)
    assert histogram_distance(torch.full_like(many, 100.0), torch.full_like(many, -100.0)) == 1.0


def test_an_evaluation_of_a_series_has_its_measures_and_none_of_symbols():
    task = Rotation()
    result = evaluate(build_model(GRU, task, {"width": 8}, 0), task, Evaluation(sequences=16), 0)
    for name in ("free_running", "gold_prefix", "gap", "one_step_nrmse", "valid_lyapunov_times", "histogram_distance"):
        assert result.measures[name].value is not None, name
    assert result.measures["nrmse_at_4_lyapunov_times"].value == pytest.approx(result.curves["nrmse_by_lead"][-1].value)
    assert result.measures["gold_prefix"].value == pytest.approx(result.measures["one_step_nrmse"].value)
    assert "gold_prefix_token_error" not in result.measures
    whole = [point.value for point in result.curves["nrmse_by_lead"]]
    assert [point.low for point in result.curves["nrmse_by_lead"]] == [1, 2, 4, 8, 16]
    assert all(value is not None and value > 0 for value in whole)


def test_a_horizon_beyond_the_longest_lead_is_absent_with_its_reason():
    class Slow(Rotation):
        name = "slow"
        lyapunov = 0.01

    task = Slow()
    result = evaluate(build_model(GRU, task, {"width": 8}, 0), task, Evaluation(sequences=4), 0)
    assert result.measures["nrmse_at_1_lyapunov_times"].reason == "sequences end before step 100"
