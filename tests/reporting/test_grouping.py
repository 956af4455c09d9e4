"""What rows are called, and which stand beside each other."""

import pytest

from benchmark.reporting.board import make_board
from benchmark.reporting.grouping import by_track, group_records, main_track
from benchmark.reporting.overall import overall
from benchmark.reporting.tables import sections
from benchmark.running.cell import Cell, Part
from benchmark.settings import Budget
from tests.factories import make_cell, make_record


def cell(
    task: str = "one", baseline: str = "teacher_forcing", budget: Budget | None = None, seed: int = 0, **knobs
) -> Cell:
    made = make_cell(seed=seed).model_copy(
        update={"task": Part(name=task, version="1"), "baseline": Part(name=baseline, version="1", knobs=knobs)}
    )
    return made.model_copy(update={"budget": budget}) if budget else made


def labels(*cells: Cell) -> list[str]:
    return [label for label, _ in group_records([make_record(one) for one in cells])]


def test_the_knobs_of_most_places_have_the_bare_name():
    found = labels(cell("one", end=0.0), cell("two", end=0.0), cell("one", end=0.5))
    assert found == ["teacher_forcing", "teacher_forcing", "teacher_forcing:end=0.5"]


def test_a_row_that_stands_alone_at_its_place_still_says_that_its_knobs_are_unusual():
    found = labels(cell("one", end=0.0), cell("two", end=0.0), cell("three", end=0.5))
    assert found[2] == "teacher_forcing:end=0.5"


def test_where_no_choice_is_more_common_namesakes_all_say_theirs():
    assert labels(cell(end=0.0), cell(end=0.5)) == ["teacher_forcing:end=0.0", "teacher_forcing:end=0.5"]


EQUAL_UPDATES, EQUAL_EVALUATIONS = Budget(updates=2), Budget(evaluations=50)


def both_tracks() -> list[Cell]:
    return [
        cell(task, baseline, budget, seed)
        for task in ("one", "two")
        for baseline in ("teacher_forcing", "other")
        for budget in (EQUAL_EVALUATIONS, EQUAL_UPDATES)
        for seed in range(2)
    ]


def test_rows_of_the_compute_track_say_so_where_both_tracks_are_there():
    groups = group_records([make_record(one) for one in both_tracks()])
    updates, evaluations = by_track(groups)
    assert {label for label, _ in updates} == {"teacher_forcing", "other"}
    assert {label for label, _ in evaluations} == {"teacher_forcing (equal evaluations)", "other (equal evaluations)"}
    assert main_track(groups) == updates
    assert labels(cell(budget=EQUAL_EVALUATIONS)) == ["teacher_forcing"]


def test_each_track_has_a_section_of_its_own():
    rows = make_board([make_record(one) for one in both_tracks() if one.task.name == "one"])
    assert [section.title for section in sections(rows)] == ["one (gru)", "one (gru), equal model evaluations"]


def test_methods_are_ranked_within_their_track():
    records = [
        make_record(one, (0.9,) * 3 if (one.baseline.name == "other") == (one.track == "updates") else (0.1,) * 3)
        for one in both_tracks()
    ]
    ranks = {row["baseline"]: row["mean_rank"] for row in overall(group_records(records))}
    assert ranks == {
        "other": 1.0,
        "teacher_forcing": 2.0,
        "teacher_forcing (equal evaluations)": 1.0,
        "other (equal evaluations)": 2.0,
    }


def test_a_method_that_was_not_tried_everywhere_has_no_rank_over_all_tasks():
    cells = [cell(task, baseline) for task in ("one", "two") for baseline in ("a", "b")] + [cell("one", "special")]
    assert {row["baseline"] for row in overall(group_records([make_record(one) for one in cells]))} == {"a", "b"}


@pytest.mark.parametrize("budget", [EQUAL_UPDATES, EQUAL_EVALUATIONS])
def test_a_cell_knows_its_track(budget):
    assert cell(budget=budget).track == ("updates" if budget.updates else "evaluations")
