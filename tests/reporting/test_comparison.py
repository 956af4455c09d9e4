"""One method against another, wherever both were run."""

import json

import pytest

from benchmark.cli.main import execute
from benchmark.errors import UsageError
from benchmark.reporting.comparison import compare, over_tasks
from benchmark.running.store import Store
from tests.reporting.test_against import arm


def test_the_difference_is_paired_and_positive_where_the_first_is_better():
    records = arm("a", [0.5, 0.7, 0.6]) + arm("b", [0.4, 0.6, 0.5])
    (row,) = compare(records, "a", "b")
    assert row["difference"] == pytest.approx(0.1)
    assert (row["baseline"], row["against"]) == (pytest.approx(0.6), pytest.approx(0.5))
    (back,) = compare(records, "b", "a")
    assert back["difference"] == pytest.approx(-0.1)
    lower = arm("a", [0.5, 0.7], direction="lower") + arm("b", [0.4, 0.6], direction="lower")
    assert compare(lower, "b", "a")[0]["difference"] == pytest.approx(0.1)


def test_five_seeds_give_a_verdict_with_the_least_detectable_difference():
    records = arm("a", [0.5, 0.72, 0.6, 0.61, 0.66]) + arm("b", [0.4, 0.6, 0.5, 0.51, 0.55])
    (row,) = compare(records, "a", "b")
    assert row["verdict"] == "better"
    assert 0 < row["detectable"] < 0.1
    assert row["low"] < row["difference"] < row["high"]


def test_what_was_never_run_in_the_same_place_is_not_compared():
    elsewhere = [
        record.model_copy(update={"cell": record.cell.model_copy(update={"task": record.cell.model})})
        for record in arm("b", [0.4, 0.6])
    ]
    with pytest.raises(UsageError, match="never run on the same task"):
        compare(arm("a", [0.5, 0.7]) + elsewhere, "a", "b")


def test_an_unknown_method_or_measure_is_answered_with_the_nearest():
    records = arm("reinforce", [0.5]) + arm("teacher_forcing", [0.4])
    with pytest.raises(UsageError, match="did you mean 'reinforce'"):
        compare(records, "reinforc", "teacher_forcing")
    with pytest.raises(UsageError, match="did you mean 'free_running'"):
        compare(records, "reinforce", "teacher_forcing", "free_runing")


def test_few_tasks_are_described_and_not_tested():
    rows = compare(arm("a", [0.5, 0.7]) + arm("b", [0.4, 0.6]), "a", "b")
    assert over_tasks(rows).p is None


def test_the_command_prints_a_table_or_json(tmp_path, capsys):
    for record in arm("reinforce", [0.5, 0.7, 0.6]) + arm("teacher_forcing", [0.4, 0.6, 0.55]):
        Store(tmp_path).save(record)
    assert execute(["compare", str(tmp_path), "--baseline", "reinforce"]) == 0
    assert "direction only, no verdict" in capsys.readouterr().out
    assert execute(["compare", str(tmp_path), "--baseline", "reinforce", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["seeds"] == 3
    assert execute(["compare", str(tmp_path / "none"), "--baseline", "reinforce"]) == 2
