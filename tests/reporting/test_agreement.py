"""Rank correlation of two folders."""

import pytest

from benchmark.errors import UsageError
from benchmark.reporting.agreement import agreement, mean_tau
from benchmark.settings import Budget
from tests.factories import FACTS, make_cell, make_record


def folder(qualities: dict[str, float], facts=FACTS, task="copycat_tagging"):
    return [
        make_record(make_cell(task, method, seed), (quality,) * 3, facts)
        for method, quality in qualities.items()
        for seed in range(2)
    ]


ONE = {"a": 0.9, "b": 0.6, "c": 0.3, "d": 0.1}


@pytest.mark.parametrize(
    ("other", "tau"),
    [
        (ONE, 1.0),
        ({"a": 0.1, "b": 0.3, "c": 0.6, "d": 0.9}, -1.0),
        ({"a": 0.8, "b": 0.4, "c": 0.2, "d": 0.3, "unknown": 0.99}, 4 / 6),
    ],
)
def test_tau_is_that_of_the_methods_that_both_have(other, tau):
    (row,) = agreement(folder(ONE), folder(other))
    assert row["tau"] == pytest.approx(tau)
    assert row["first"] == ["a", "b", "c", "d"]


def test_cells_that_are_in_both_folders_are_counted():
    (row,) = agreement(folder(ONE), folder({"a": 0.8, "b": 0.4, "c": 0.2}))
    assert row["cells_in_both"] == 6  # three methods, two seeds
    longer = [record.model_copy(update={"cell": record.cell.model_copy(update={"budget": Budget(updates=9)})})
              for record in folder(ONE)]  # fmt: skip
    assert agreement(folder(ONE), longer)[0]["cells_in_both"] == 0


def test_lower_is_better_where_the_metric_says_so():
    facts = FACTS.model_copy(update={"direction": "lower"})
    (row,) = agreement(folder(ONE, facts), folder(ONE, facts))
    assert (row["first"], row["tau"]) == (["d", "c", "b", "a"], 1.0)


def test_the_mean_is_over_tasks_and_leaves_out_what_is_tied():
    tied = {"a": 0.5, "b": 0.5, "c": 0.5}
    rows = agreement(folder(ONE) + folder(tied, task="two"), folder(ONE) + folder(tied, task="two"))
    assert [row["tau"] for row in rows] == [1.0, None]
    assert mean_tau(rows) == 1.0


def test_two_methods_are_too_few():
    with pytest.raises(UsageError, match="no task and model has 3 methods in both"):
        agreement(folder(ONE), folder({"a": 0.1, "b": 0.2}))
