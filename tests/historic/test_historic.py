"""Records of every former version of the harness still load, keep their place, and are called stale."""

import json
from pathlib import Path

import pytest

from benchmark.cli.main import execute
from benchmark.reporting.board import make_board
from benchmark.running.cell import HARNESS
from benchmark.running.record import Record
from benchmark.running.store import Store
from tests.factories import make_record

FOLDERS = sorted(Path(__file__).parent.glob("harness_*"))
SELECTED = ["--tasks", "hmm_language", "--baselines", "teacher_forcing", "--updates", "2"]


def load(folder: Path) -> Record:
    records, damaged = Store(folder).load_all()
    assert not damaged
    (record,) = records
    return record


def test_there_is_a_record_of_every_version():
    """Whoever bumps the harness runs the selection above with the version before and puts the record here."""
    assert [int(folder.name.partition("_")[2]) for folder in FOLDERS] == list(range(1, HARNESS))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_old_record_loads_with_all_that_it_says(folder):
    record = load(folder)
    written = json.loads(next(folder.rglob("*.json")).read_text())
    assert record.status == "ok"
    assert record.cell.harness == int(folder.name.partition("_")[2])
    assert {name: measure.value for name, measure in record.measures.items()} == {
        name: measure["value"] for name, measure in written["measures"].items()
    }
    assert record.cell.device == "cpu"  # what came later has the value that it had then


def test_records_of_several_versions_stand_in_rows_of_their_own(tmp_path):
    rows = make_board([load(folder) for folder in FOLDERS])
    assert len(rows) == len(FOLDERS)
    assert all("harness=" in row["baseline"] for row in rows)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_old_record_is_stale_and_why_says_so(folder, capsys):
    assert execute(["status", "smoke", *SELECTED, "--out", str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["counts"]["stale"] == 1
    assert execute(
        ["status", "smoke", *SELECTED, "--out", str(folder), "--why", "hmm_language/lstm/teacher_forcing/s0"]
    )
    assert f"harness: {HARNESS} here, {folder.name[-1]} stored" in capsys.readouterr().out


def test_an_old_record_is_verified_but_not_computed_again(capsys):
    assert execute(["verify", str(FOLDERS[0]), "--cells", "1", "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert content["recomputed"] == []
    assert content["not_repeatable"] == {
        "hmm_language/lstm/teacher_forcing/s0": f"it was made by version 1 of the harness, and this is {HARNESS}"
    }


def test_an_old_record_keeps_its_place_and_nobody_elses(tmp_path):
    """Its key was computed of the fields that a cell had then."""
    source = next(FOLDERS[0].rglob("*.json"))
    place = tmp_path / source.relative_to(FOLDERS[0])
    place.parent.mkdir(parents=True)
    content = json.loads(source.read_text())
    place.write_text(json.dumps(content | {"cell": content["cell"] | {"harness": 2}}))
    records, damaged = Store(tmp_path).load_all()
    assert not records
    assert "holds the record of another cell" in damaged[0].reason


def test_a_new_record_stands_beside_an_old_one(tmp_path):
    old = load(FOLDERS[-1])
    store = Store(tmp_path)
    new = make_record(old.cell.model_copy(update={"harness": HARNESS}))
    assert store.save(old) != store.save(new)
    assert len(store.load_all()[0]) == 2
