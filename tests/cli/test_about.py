"""What the site says beyond the records comes from the plugins; its commands compute the same cells again."""

import shlex
from pathlib import Path

import pytest

from benchmark.cli.about import about
from benchmark.contracts.registry import Registry
from benchmark.reporting.grouping import group_records
from benchmark.reporting.site.commands import commands
from benchmark.running.planning import Wishes, plan
from benchmark.running.suites import find_suite
from benchmark.running.traces import Trace
from benchmark.settings import Budget
from tests.factories import make_cell, make_record


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


def planned(registry: Registry, command: str) -> set[str]:
    """Keys of the cells that a command of `ebb run` would compute."""
    words = shlex.split(command)
    flags: dict[str, list[str]] = {}
    for flag, value in zip(words[3::2], words[4::2], strict=True):
        flags.setdefault(flag, []).append(value)
    updates = int(flags["--updates"][0]) if "--updates" in flags else None
    wishes = Wishes(
        tuple(flags["--tasks"]),
        tuple(flags["--baselines"]),
        tuple(flags["--models"]),
        int(flags["--seeds"][0]),
        Budget(updates=updates) if updates else None,
    )
    return {job.cell.key for job in plan(registry, find_suite(words[2]), wishes)}


@pytest.mark.parametrize("suite", ["smoke", "quick", "full"])
def test_the_commands_of_a_page_compute_its_cells_again(suite, registry):
    wishes = Wishes(("copycat_tagging",), ("teacher_forcing", "scheduled_sampling:end=0.5"), (), 2, Budget(updates=7))
    cells = [job.cell for job in plan(registry, find_suite(suite), wishes)]
    records = [make_record(cell) for cell in cells]
    written = commands([group for _, group in group_records(records)], about(Path(), records).methods)
    assert set().union(*(planned(registry, command) for command in written)) == {cell.key for cell in cells}
    assert all(" --updates 7 " in command for command in written)
    assert any("scheduled_sampling:end=0.5" in command for command in written)


def test_a_cell_of_no_suite_has_a_comment_in_place_of_a_command():
    (written,) = commands([[make_record(make_cell(end=0.5))]], {})
    assert written == (
        "# no command of this version gives these settings; the records hold them all: teacher_forcing:end=0.5"
    )


def test_plugins_say_what_they_are_and_strangers_are_left_out(tmp_path):
    cells = [make_cell(), make_cell("unknown_task", "unknown_method")]
    found = about(tmp_path, [make_record(cell) for cell in cells])
    assert list(found.tasks) == ["copycat_tagging"]
    assert list(found.methods) == ["teacher_forcing"]
    task = found.tasks["copycat_tagging"]
    assert task.citation.startswith("@article{ortega2021shaking")
    assert len(task.examples) == 3
    assert {run.given for run in task.examples[0]} == {True, False}
    assert found.methods["teacher_forcing"].path == "parallel"
    assert found.citation.startswith("@misc{ebb")


def test_a_damaged_trace_is_named_and_the_others_are_shown(tmp_path, capsys):
    trace = Trace(task="a", title="t", command="c", given=(), gold=(), own=(), wrong=(), on_own=(), on_gold=())
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "good.json").write_text(trace.model_dump_json())
    (tmp_path / "traces" / "bad.json").write_text("{")
    assert about(tmp_path, []).traces == (trace,)
    assert "damaged trace" in capsys.readouterr().err
