"""Methods over all tasks, and what a failed cell does to them."""

import pytest

from benchmark.reporting.board import make_board
from benchmark.reporting.complete import complete_part
from benchmark.reporting.grouping import group_records
from benchmark.reporting.overall import overall
from benchmark.reporting.tables import to_markdown
from benchmark.running.record import Record
from tests.factories import FACTS, make_cell, make_record


def records(baseline: str, task: str, values: list[float], facts=FACTS) -> list[Record]:
    return [make_record(make_cell(task, baseline, seed), (value,) * 3, facts) for seed, value in enumerate(values)]


def board(*parts: list[Record]) -> dict[str, dict]:
    return {row["baseline"]: row for row in overall(group_records([record for part in parts for record in part]))}


LOWER = FACTS.model_copy(update={"direction": "lower", "floor": 2.0, "ceiling": 0.0})


def test_quality_is_normalised_by_the_controls_before_it_is_averaged():
    """x: .5 on both scales; y: 1 on the first, .25 on the second."""
    found = board(
        records("x", "a", [0.5, 0.5]), records("x", "b", [1.0, 1.0], LOWER),
        records("y", "a", [1.0, 1.0]), records("y", "b", [1.5, 1.5], LOWER),
    )  # fmt: skip
    assert found["x"]["interquartile_mean"] == pytest.approx(0.5)
    assert found["y"]["interquartile_mean"] == pytest.approx(0.625)
    assert found["x"]["optimality_gap"] == pytest.approx(0.5)
    assert found["x"]["mean_rank"] == found["y"]["mean_rank"] == 1.5
    assert found["x"]["win_rate"] == found["y"]["win_rate"] == 0.5
    assert found["x"]["interquartile_mean_low"] is None  # two tasks are too few


def test_a_failed_cell_counts_as_worst_and_the_other_ranking_is_flagged():
    good = [
        *records("x", "a", [0.9, 0.9]),
        *records("x", "b", [0.9]),
        *records("y", "a", [0.5, 0.5]),
        *records("y", "b", [0.5, 0.5]),
    ]
    failed = Record(cell=make_cell("b", "x", 1), status="diverged", reason="the objective is nan")
    found = board([*good, failed])
    assert found["x"]["complete"] is False
    assert found["x"]["mean_rank"] == 1.5  # .45 on the second task, behind .5
    assert found["x"]["mean_rank_complete"] == 1.0
    assert found["y"]["complete"] is True


def test_with_one_method_or_one_task_there_is_nothing_to_aggregate():
    assert board(records("x", "a", [0.5])) == {}
    assert board(records("x", "a", [0.5]), records("y", "a", [0.6])) == {}


def test_a_task_without_controls_is_left_out():
    plain = FACTS.model_copy(update={"floor": None})
    parts = [records(name, task, [value], facts) for name, value in (("x", 0.5), ("y", 0.6))
             for task, facts in (("a", FACTS), ("b", FACTS), ("c", plain))]  # fmt: skip
    assert board(*parts)["x"]["tasks"] == 2


def test_the_comparison_is_of_the_largest_part_without_a_hole():
    """Three methods on three tasks, one also on a fourth; one special to a task, one that rarely applies."""
    core = [record for name in "wxy" for task in "abc" for record in records(name, task, [0.5, 0.6])]
    alone = records("w", "d", [0.5, 0.6])
    special = records("special", "a", [1.0, 1.0])
    missing = [Record(cell=make_cell(task, "z", seed), status="not_applicable") for task in "ab" for seed in (0, 1)]
    found = board(core, alone, special, missing, records("z", "c", [0.9, 0.9]))
    assert found.keys() == {"w", "x", "y"}
    assert (found["w"]["tasks"], found["w"]["tasks_with_controls"]) == (3, 4)


def test_tasks_that_some_methods_lack_leave_the_comparison_to_the_others():
    everywhere = [record for task in "abcd" for record in records("w", task, [0.5])]
    found = board(everywhere, *(records(name, task, [0.6]) for name in "xyz" for task in "abc"))
    assert {name: row["tasks"] for name, row in found.items()} == dict.fromkeys("wxyz", 3)


def test_only_seeds_that_all_share_are_compared():
    further = [*records("x", "a", [0.5, 0.5, 1.0]), *records("x", "b", [0.5, 0.5])]
    found = board(further, records("y", "a", [0.6, 0.6]), records("y", "b", [0.6, 0.6]))
    assert found["x"]["seeds"] == 2
    assert found["x"]["interquartile_mean"] == pytest.approx(0.5)
    assert board(records("x", "a", [0.5]), records("x", "b", [0.5]), records("y", "a", [0.5]), []) == {}


def test_the_complete_part_has_most_cells_and_of_equal_ones_most_tasks():
    assert complete_part({}) == ([], [])
    assert complete_part({"x": "abc", "y": "bc"}) == (["x", "y"], ["b", "c"])
    assert complete_part({"x": "abc", "y": "a", "z": "a"}) == (["x"], ["a", "b", "c"])
    assert complete_part({"x": "abc", "y": "abd", "z": "abd"}) == (["x", "y", "z"], ["a", "b"])


def test_the_summary_stands_at_the_end_of_the_board():
    everything = [
        r for name, value in (("x", 0.5), ("y", 0.6)) for task in ("a", "b") for r in records(name, task, [value])
    ]
    text = to_markdown(make_board(everything), overall(group_records(everything)))
    assert "## Over all tasks" in text
    assert "descriptive, too few tasks for an interval or a test" in text


def test_methods_are_set_against_teacher_forcing_over_tasks():
    """Better on all of eight tasks: only two of 256 sign patterns are as extreme."""
    tasks = [f"t{index}" for index in range(8)]
    parts = [records(name, task, [value + 0.01 * index]) for name, value in (("teacher_forcing", 0.4), ("x", 0.6))
             for index, task in enumerate(tasks)]  # fmt: skip
    found = board(*parts)
    assert found["x"]["improvement"] == 1.0
    assert found["x"]["sign_flips_p"] == pytest.approx(2 / 256)
    assert found["teacher_forcing"]["sign_flips_p"] is None
    few = board(*parts[:3], *parts[8:11])
    assert few["x"]["sign_flips_note"] == "no test: 3 tasks; below 8 the result is descriptive only"
