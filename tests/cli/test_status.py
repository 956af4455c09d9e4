"""`ebb status`: how the cells of a suite stand, and why one is not what is stored."""

import json
from pathlib import Path

import pytest

from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry
from benchmark.running.planning import Wishes, plan
from benchmark.running.record import Record
from benchmark.running.standing import differences
from benchmark.running.store import Store
from benchmark.running.suites import find_suite
from benchmark.settings import Budget, Evaluation
from tests.factories import make_cell, make_record

SELECTED = ["smoke", "--tasks", "copycat_tagging"]
CELLS = {
    job.cell.baseline.name: job.cell for job in plan(Registry(), find_suite("smoke"), Wishes(("copycat_tagging",)))
}


@pytest.fixture
def store(tmp_path) -> Store:
    """Of four cells one is done, one failed, one has another budget, and one is not there."""
    store = Store(tmp_path)
    store.save(make_record(CELLS["teacher_forcing"]))
    store.save(Record(cell=CELLS["reinforce"], status="timeout", reason="took \x1b[31mlonger"))
    store.save(make_record(CELLS["free_running"].model_copy(update={"budget": Budget(updates=99)})))
    return store


def status(store: Store, capsys, *arguments: str) -> tuple[int, str]:
    code = execute(["status", *SELECTED, "--out", str(store.root), *arguments])
    return code, capsys.readouterr().out


def test_every_cell_is_done_failed_stale_or_missing(store, capsys):
    code, out = status(store, capsys, "--json")
    content = json.loads(out)
    assert code == 1
    assert {cell["id"].split("/")[2]: cell["state"] for cell in content["cells"]} == {
        "teacher_forcing": "done", "reinforce": "failed", "free_running": "stale", "scheduled_sampling": "missing",
    }  # fmt: skip
    assert content["counts"] == {"done": 1, "failed": 1, "not_applicable": 0, "stale": 1, "missing": 1}
    assert [cell["id"] for cell in content["not_asked_for"]] == ["copycat_tagging/gru/free_running/s0"]


def test_the_table_names_failures_and_shows_no_control_characters(store, capsys):
    _, out = status(store, capsys)
    assert "failed: copycat_tagging/gru/reinforce/s0: timeout: took \\x1b[31mlonger" in out
    assert "\x1b" not in out
    assert "1 stored records are of other cells" in out


def test_why_says_which_part_of_the_key_differs(store, capsys):
    _, out = status(store, capsys, "--why", "copycat_tagging/gru/free_running/s0")
    assert "is stale" in out
    updates = CELLS["free_running"].budget.updates
    assert f"budget.updates: {updates} here, 99 stored" in out
    _, out = status(store, capsys, "--why", "copycat_tagging/gru/free_running/s0", "--json")
    (found,) = json.loads(out)
    assert found["differences"] == [{"setting": "budget.updates", "wanted": updates, "stored": 99}]


def test_a_missing_cell_is_held_against_the_nearest_of_all(store, capsys):
    _, out = status(store, capsys, "--why", CELLS["scheduled_sampling"].key[:8])
    assert "is missing" in out
    assert "baseline.name: scheduled_sampling here" in out


def test_a_done_cell_has_nothing_to_explain(store, capsys):
    _, out = status(store, capsys, "--why", "copycat_tagging/gru/teacher_forcing/s0")
    assert "is done" in out
    assert "differs" not in out


def test_an_unknown_cell_is_answered_with_the_nearest_name(store, capsys):
    assert execute(["status", *SELECTED, "--out", str(store.root), "--why", "copycat_tagging/gru/reinforced/s0"]) == 2
    assert "did you mean 'copycat_tagging/gru/reinforce/s0'?" in capsys.readouterr().err


def test_all_cells_done_gives_exit_code_0_and_an_empty_folder_1(tmp_path, capsys):
    assert execute(["status", *SELECTED, "--out", str(tmp_path)]) == 1
    for cell in CELLS.values():
        Store(tmp_path).save(make_record(cell))
    assert execute(["status", *SELECTED, "--out", str(tmp_path)]) == 0


def test_a_damaged_record_is_named_and_its_cell_is_missing(store, capsys):
    path = store.path(CELLS["teacher_forcing"])
    path.write_text("{")
    assert execute(["status", *SELECTED, "--out", str(store.root)]) == 1
    assert f"damaged record {path}" in capsys.readouterr().err


def test_every_setting_of_a_cell_can_be_told_apart():
    cell = make_cell(end=0.5)
    changed = {
        "seed": make_cell(end=0.5, seed=1),
        "baseline.knobs.end": make_cell(end=0.25),
        "harness": cell.model_copy(update={"harness": 1}),
        "replicate": cell.model_copy(update={"replicate": 1}),
        "task.version": cell.model_copy(update={"task": cell.task.model_copy(update={"version": "2"})}),
        "evaluation.sequences": cell.model_copy(update={"evaluation": Evaluation(sequences=9)}),
    }
    assert not differences(cell, cell)
    assert {name: [found.setting for found in differences(cell, other)] for name, other in changed.items()} == {
        name: [name] for name in changed
    }


def test_a_copy_of_a_cell_has_a_key_of_its_own():
    cell = make_cell()
    keys = {cell.key, cell.group}
    changed = cell.model_copy(update={"harness": 99})
    assert {changed.key, changed.group}.isdisjoint(keys)


def test_force_runs_again_what_is_stored(tmp_path, capsys):
    run = ["run", "smoke", "--tasks", "hmm_language", "--baselines", "teacher_forcing", "--updates", "2"]
    run += ["--jobs", "1", "--out", str(tmp_path)]
    assert execute(run) == 0
    (path,) = Path(tmp_path, "records").rglob("*.json")
    before = json.loads(path.read_text())
    assert execute([*run, "--force"]) == 0
    after = json.loads(path.read_text())
    assert "1 cells; records" in capsys.readouterr().err
    assert after["measures"] == before["measures"]
    assert after["spent"] != before["spent"]
