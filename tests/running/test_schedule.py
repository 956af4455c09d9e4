"""Schedules: known ones, and what holds for every one."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry
from benchmark.running.planning import Job, Wishes, plan
from benchmark.running.schedule import schedule, with_measured_costs
from benchmark.running.store import Store
from benchmark.running.suites import find_suite
from tests.factories import make_cell, make_record


def jobs(*seconds: float) -> list[Job]:
    return [Job(make_cell(seed=index), cost) for index, cost in enumerate(seconds)]


def test_the_textbook_example_of_longest_first_is_scheduled_as_the_textbook_does():
    """Graham's worst case for two workers: 3, 3, 2, 2, 2 takes 7 where 6 is possible."""
    planned = schedule(jobs(2, 3, 2, 3, 2), 2)
    assert planned.makespan == 7
    assert planned.cost == 12
    assert planned.bound == 6
    assert planned.use == pytest.approx(12 / 14)


def test_one_worker_takes_the_sum_and_enough_workers_take_the_longest():
    assert schedule(jobs(1, 2, 3), 1).makespan == 6
    assert schedule(jobs(1, 2, 3), 3).makespan == schedule(jobs(1, 2, 3), 100).makespan == 3


def test_nothing_to_do_takes_no_time():
    planned = schedule([], 4)
    assert (planned.makespan, planned.cost, planned.use) == (0, 0, 1)
    with pytest.raises(ValueError, match="workers must be >= 1, got 0"):
        schedule([], 0)


@given(st.lists(st.floats(0.1, 1e4), min_size=1, max_size=40), st.integers(1, 9))
def test_every_cell_runs_once_no_worker_does_two_things_and_the_guarantee_holds(seconds, workers):
    planned = schedule(jobs(*seconds), workers)
    assert {slot.cell.seed for slot in planned.slots} == set(range(len(seconds)))
    for worker in range(workers):
        own = [slot for slot in planned.slots if slot.worker == worker]
        assert all(one.end <= other.begin for one, other in pairwise(own))
    assert planned.bound <= planned.makespan * (1 + 1e-9)
    assert planned.makespan <= planned.cost / workers + max(seconds) + 1e-6  # Graham 1966


def test_costs_are_the_median_of_like_cells_that_were_run():
    took = [make_record(make_cell(seed=seed)) for seed in range(3)]
    took = [
        r.model_copy(update={"spent": {"cell_cpu_seconds": s}}) for r, s in zip(took, (5.0, 7.0, 90.0), strict=True)
    ]
    others = [Job(make_cell(baseline="reinforce"), 2.0), Job(make_cell(seed=9), 2.0)]
    priced, measured = with_measured_costs(others, took)
    assert [job.cpu_seconds for job in priced] == [2.0, 7.0]
    assert measured == 1


def test_a_plan_is_printed_drawn_and_given_as_json(tmp_path, capsys):
    options = ["plan", "smoke", "--workers", "3"]
    assert execute([*options, "--out", str(tmp_path)]) == 0
    assert "from beginning to end" in capsys.readouterr().out
    assert (tmp_path / "schedule.svg").stat().st_size > 1000
    assert execute([*options, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert len(content["slots"]) == content["cells"] == 12
    assert content["makespan_seconds"] >= content["bound_seconds"]
    assert sum(row["cpu_hours"] for row in content["rows"]) == pytest.approx(content["cpu_hours"])


def test_costs_come_from_a_folder_of_records(tmp_path, capsys):
    cell = plan(Registry(), find_suite("smoke"), Wishes(("hmm_language",), ("reinforce",)))[0].cell
    record = make_record(cell)
    Store(tmp_path).save(record.model_copy(update={"spent": {"cell_cpu_seconds": 1234.0}}))
    assert execute(["plan", "smoke", "--workers", "2", "--records", str(tmp_path), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["measured_cells"] == 1
    assert content["makespan_seconds"] == content["bound_seconds"] == 1234.0
