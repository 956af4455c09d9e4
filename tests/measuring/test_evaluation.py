"""Evaluation: what is measured, on what, and that it can be had again to the byte."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contracts import Curve, Score, own_positions, stream
from benchmark.learning.loop import build_model
from benchmark.measuring.evaluation import evaluate
from benchmark.measuring.quality import by_bucket, points, weighted_mean
from benchmark.measuring.runs import on_gold_prefixes
from benchmark.models.recurrent import GRU, LSTM
from benchmark.models.transformer import Transformer
from benchmark.settings import Evaluation
from tasks.copycat_tagging import CopycatTagging
from tasks.g2p_sentences import G2pSentences
from tasks.hmm_language import HmmLanguage

SMALL = Evaluation(sequences=8)
PAIRS = [(CopycatTagging, GRU), (HmmLanguage, LSTM), (G2pSentences, Transformer)]


def measured(task_class, model_class, seed=0, sequences=SMALL):
    task = task_class()
    return evaluate(build_model(model_class, task, {"width": 8}, seed), task, sequences, seed)


@pytest.mark.parametrize(("task_class", "model_class"), PAIRS)
def test_the_same_seed_gives_byte_identical_measures(task_class, model_class):
    assert measured(task_class, model_class) == measured(task_class, model_class)


@pytest.mark.parametrize(("task_class", "model_class"), PAIRS)
def test_curves_have_a_point_for_every_bucket_inside_and_beyond_training(task_class, model_class):
    result, curve = measured(task_class, model_class), task_class.curve
    for name in ("free_running", "free_running_greedy", "free_running_sample", "gold_prefix", "gap"):
        assert [(point.low, point.high) for point in result.curves[name]] == list(curve.buckets)
    assert curve.buckets[0][0] <= curve.trained[1] < curve.longest
    assert result.curves["free_running"] == result.curves[f"free_running_{task_class.decoding}"]


def test_the_gap_is_positive_where_free_running_is_worse():
    for task_class, model_class, sign in ((CopycatTagging, GRU, 1), (HmmLanguage, LSTM, -1)):
        measures = measured(task_class, model_class).measures
        gold, free, gap = (measures[name].value for name in ("gold_prefix", "free_running", "gap"))
        assert gold is not None
        assert free is not None
        assert gap == pytest.approx(sign * (gold - free))


def test_an_absent_measure_says_why():
    measures = measured(G2pSentences, Transformer).measures
    for name in ("gold_prefix", "gap"):
        assert measures[name].value is None
        assert "edit distance" in measures[name].reason
    assert measured(CopycatTagging, GRU).measures["never_stopped"].reason == "the task has no end symbol"


def test_stopping_is_counted_where_there_is_an_end_symbol():
    measures = measured(G2pSentences, Transformer).measures
    for name in ("length_ratio", "never_stopped", "stopped_early"):
        value = measures[name].value
        assert value is not None
        assert value >= 0


def test_a_model_without_dependence_on_its_history_has_no_gap():
    """Constant logits: free running and gold prefixes are the same distribution at every position."""
    task = CopycatTagging()
    model = build_model(GRU, task, {"width": 8}, 0)
    with torch.no_grad():
        model.head.weight.zero_()
    assert evaluate(model, task, SMALL, 0).measures["gap"].value == 0.0


def test_on_gold_prefixes_the_history_is_gold_and_predictions_are_the_models():
    task = CopycatTagging()
    batch = task.sample("test", 4, (8, 8), stream("x"))
    with torch.no_grad():
        model = build_model(GRU, task, {"width": 8}, 0)
        output = on_gold_prefixes(task, batch, model(batch.tokens), stream("y"))
    assert torch.equal(output.history, batch.tokens)
    assert output.log_probabilities is not None
    assert torch.equal(output.tokens[batch.own], output.log_probabilities.argmax(-1)[batch.own])
    assert torch.equal(output.tokens[batch.given], batch.tokens[batch.given])


def test_positions_are_sorted_into_inclusive_buckets_counted_from_one():
    own = torch.tensor([[False, True, False, True, True], [False, True, False, True, False]])
    score = Score(torch.tensor([[9.0, 1, 9, 2, 3], [9, 5, 9, 4, 9]]), own.double())
    assert [
        float(weighted_mean([part])) for part in by_bucket(score, own_positions(own), ((1, 1), (2, 2), (3, 9)))
    ] == [3.0] * 3


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8), st.permutations(range(8)))
def test_the_order_of_sequences_changes_nothing(values, order):
    value = torch.tensor(values, dtype=torch.float64)
    weight = torch.arange(1, len(values) + 1, dtype=torch.float64)
    rows = torch.tensor([row for row in order if row < len(values)])
    assert weighted_mean([Score(value, weight)]) == pytest.approx(weighted_mean([Score(value[rows], weight[rows])]))


def test_an_infinite_value_counts_unless_its_weight_is_zero():
    value = torch.tensor([1.0, math.inf])
    assert weighted_mean([Score(value, torch.tensor([1.0, 0.0]))]) == 1.0
    assert weighted_mean([Score(value, torch.tensor([1.0, 1.0]))]) == math.inf
    assert math.isnan(float(weighted_mean([Score(value, torch.zeros(2))])))


def test_what_is_not_finite_is_absent_and_never_a_number():
    assert [point.value for point in points(((1, 1), (2, 2), (3, 3)), [0.5, math.nan, math.inf])] == [0.5, None, None]


@pytest.mark.parametrize("buckets", [(), ((0, 2),), ((1, 4), (4, 8)), ((5, 8), (1, 4))])
def test_buckets_that_do_not_increase_are_refused(buckets):
    with pytest.raises(ValueError, match="buckets must increase"):
        Curve("position", "tokens", buckets, (1, 2))
