"""The performance profile as a figure."""

from benchmark.reporting.profiles import draw_profiles

from benchmark.reporting.board import group_records
from tests.factories import make_cell, make_record


def records(task: str):
    return [
        make_record(make_cell(task=task, baseline=baseline, seed=seed), (quality, quality, quality))
        for baseline, quality in (("better", 0.9), ("worse", 0.4))
        for seed in range(2)
    ]


def test_two_tasks_make_a_figure_in_three_formats_with_its_command(tmp_path):
    groups = group_records(records("one") + records("two"))
    paths = draw_profiles(groups, tmp_path, "ebb board x")
    assert [path.name for path in paths] == [f"performance_profile.{kind}" for kind in ("pdf", "svg", "png")]
    svg = (tmp_path / "performance_profile.svg").read_text(encoding="utf-8")
    assert "better" in svg
    assert "ebb board x" in svg


def test_one_task_makes_none(tmp_path):
    assert draw_profiles(group_records(records("one")), tmp_path, "ebb board x") == []
