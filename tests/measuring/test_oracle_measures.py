"""What the oracles say in an evaluation, on models whose exposure bias is known."""

import pytest
import torch

from benchmark.contracts import stream
from benchmark.learning.free_running import Draw, roll_out
from benchmark.learning.loop import build_model
from benchmark.measuring.errors_in_time import by_position
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.evaluation import evaluate
from benchmark.measuring.oracle_measures import put_errors
from benchmark.measuring.positions import position_buckets
from benchmark.models.recurrent import GRU, LSTM
from benchmark.models.transformer import Transformer
from benchmark.settings import Evaluation
from tasks.copycat_tagging import CopycatTagging
from tasks.g2p_sentences import G2pSentences
from tasks.hmm_language import HmmLanguage

GRID = {"per_step_error", "regret", "accumulated_error", "excess_accumulated_error", "sequence_kl_forward"}
ERRORS = {"error_rate_after_good", "error_rate_after_bad", "contagion", "recovery_half_life"}


@pytest.mark.parametrize(
    ("task_class", "model_class", "present", "absent"),
    [
        (CopycatTagging, GRU, GRID | ERRORS, set()),
        (HmmLanguage, LSTM, GRID, ERRORS),
        (G2pSentences, Transformer, ERRORS, GRID),
    ],
)
def test_a_task_has_the_measures_of_its_oracles_and_no_others(task_class, model_class, present, absent):
    task = task_class()
    result = evaluate(build_model(model_class, task, {"width": 8}, 0), task, Evaluation(sequences=8), 0)
    assert present <= result.measures.keys()
    assert not absent & result.measures.keys()
    assert result.measures["free_running"].value is not None


def test_the_grid_and_the_main_metric_of_the_null_control_are_one_and_the_same():
    task = HmmLanguage()
    result = evaluate(build_model(LSTM, task, {"width": 8}, 0), task, Evaluation(sequences=16), 0)
    assert result.measures["per_step_error"].value == pytest.approx(result.measures["gold_prefix"].value)
    assert result.measures["regret"].value == pytest.approx(128 * (result.measures["free_running_sample"].value or 0))


def test_on_a_model_that_ignores_its_history_errors_know_no_history():
    """Uniform over labels: wrong with probability 3/4 whatever came before."""
    task = CopycatTagging()
    model = build_model(GRU, task, {"width": 8}, 0)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()
        batch = task.sample("test", 256, (64, 64), stream("errors"))
        sampled = roll_out(model, task, batch, Draw("sample", stream("draw")))
        wrong, own = by_position(~task.correct(batch, sampled.tokens), sampled.own)
        result = Evaluated()
        put_errors(result, wrong, own, position_buckets(task))
    for name in ("error_rate_after_good", "error_rate_after_bad"):
        assert result.measures[name].value == pytest.approx(0.75, abs=0.06)
    assert [point.value for point in result.curves["self_recovery"]] == pytest.approx([0.25] * 6, abs=0.08)


def test_batches_of_different_length_are_put_together():
    task = G2pSentences()
    result = evaluate(build_model(Transformer, task, {"width": 8}, 0), task, Evaluation(sequences=4), 0)
    assert position_buckets(task) == ((1, 4), (5, 8), (9, 16), (17, 32), (33, 64))
    assert result.curves["survival"][0].value is not None
