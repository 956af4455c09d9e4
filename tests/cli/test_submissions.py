"""`ebb pack` and `ebb board --with`: results that travel, and what they change."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from benchmark.cli.main import execute
from benchmark.reporting.board import make_board
from benchmark.reporting.merging import changes, merge
from benchmark.running.cell import HARNESS
from benchmark.running.manifest import NAME, write_manifest
from benchmark.running.record import Record
from benchmark.running.store import Store
from benchmark.running.submissions import read_submission
from tests.factories import make_cell, make_record
from tests.readme import blocks

QUALITY = {"teacher_forcing": 0.5, "reinforce": 0.6, "mixer": 0.55}


def records_of(*methods: str, seeds: int = 2) -> list[Record]:
    return [
        make_record(make_cell(baseline=method, seed=seed), (QUALITY[method], 0.4, 0.1 * (seed + 1)))
        for method in methods
        for seed in range(seeds)
    ]


def folder_of(path: Path, records: list[Record]) -> Store:
    store = Store(path)
    for record in records:
        store.save(record)
    write_manifest(store, [record.cell for record in records])
    return store


@pytest.fixture
def theirs(tmp_path) -> Path:
    """The archive of another's run: teacher forcing, as it is here, and a method that is not here."""
    folder_of(tmp_path / "elsewhere", records_of("teacher_forcing", "mixer"))
    assert execute(["pack", str(tmp_path / "elsewhere"), "--out", str(tmp_path / "theirs.zip")]) == 0
    return tmp_path / "theirs.zip"


@pytest.fixture
def here(tmp_path) -> Store:
    return folder_of(tmp_path / "here", records_of("teacher_forcing", "reinforce"))


def test_the_same_records_give_the_same_bytes_wherever_and_whenever_they_are_packed(theirs, tmp_path):
    again = folder_of(tmp_path / "again", records_of("mixer", "teacher_forcing"))
    planned = json.loads((tmp_path / "elsewhere" / NAME).read_text())
    (again.root / NAME).write_text(json.dumps(planned, indent=1) + "\n")
    for path in again.files():
        os.utime(path, (0, 0))
    assert execute(["pack", str(again.root), "--out", str(tmp_path / "again.zip")]) == 0
    assert (tmp_path / "again.zip").read_bytes() == theirs.read_bytes()


def test_a_report_that_was_made_in_the_folder_is_not_packed(theirs, tmp_path):
    assert execute(["report", str(tmp_path / "elsewhere")]) == 0
    assert execute(["pack", str(tmp_path / "elsewhere"), "--out", str(tmp_path / "reported.zip")]) == 0
    assert (tmp_path / "reported.zip").read_bytes() == theirs.read_bytes()


def test_what_was_packed_is_what_is_read(theirs, tmp_path):
    records, _ = Store(tmp_path / "elsewhere").load_all()
    assert list(read_submission(theirs).records) == records
    with zipfile.ZipFile(theirs) as archive:
        assert archive.namelist()[0] == NAME
        assert all(name.startswith("records/") for name in archive.namelist()[1:])


def test_cells_that_were_planned_and_not_run_are_counted(tmp_path, capsys):
    store = folder_of(tmp_path / "part", records_of("mixer"))
    write_manifest(store, [make_cell(baseline="mixer", seed=7)])
    assert execute(["pack", str(store.root), "--out", str(tmp_path / "part.zip")]) == 0
    assert "2 records; 1 planned cells have none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda store: store.path(make_cell(baseline="mixer")).write_text("{}"), "cell: Field required"),
        (lambda store: store.path(make_cell(baseline="mixer")).unlink(), "it cannot be read or is not there"),
        (lambda store: store.save(make_record(make_cell(baseline="mixer"), (0.9, 0.9, 0.9))), "the hash differs"),
        (lambda store: (store.root / NAME).unlink(), "`ebb run` writes it when it ends"),
    ],
)
def test_a_folder_that_does_not_hold_is_not_packed(spoil, problem, tmp_path, capsys):
    store = folder_of(tmp_path / "spoilt", records_of("mixer"))
    spoil(store)
    assert execute(["pack", str(store.root), "--out", str(tmp_path / "spoilt.zip")]) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "spoilt.zip").exists()


def test_the_board_of_both_marks_the_origin_of_each_row_and_previews_the_ranks(here, theirs, capsys):
    before = {path: path.read_bytes() for path in here.root.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert execute(["board", str(here.root), "--with", str(theirs), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {row["baseline"]: row["origin"] for row in content["rows"]} == {
        "teacher_forcing": "here",
        "reinforce": "here",
        "mixer": "theirs.zip",
    }
    assert all(row["version"] == f"ebb unknown, harness {HARNESS}, method 1" for row in content["rows"])
    ranks = [(row["baseline"], row["rank_before"], row["rank_after"]) for row in content["changes"]]
    assert ranks == [("reinforce", 1, 1), ("mixer", None, 2), ("teacher_forcing", 2, 3)]
    assert {path: path.read_bytes() for path in before} == before
    assert "theirs.zip" in (here.root / "preview" / "leaderboard.md").read_text()
    assert execute(["board", str(here.root), "--with", str(theirs)]) == 0
    captured = capsys.readouterr()
    assert "theirs.zip: 2 records are new, 2 are here already with the same numbers" in captured.out
    assert "new -> 2" in captured.out


def test_the_rows_of_the_merged_board_are_those_of_one_run(here, theirs):
    merged = merge(here.load_all()[0], {"theirs.zip": read_submission(theirs).records})
    together = records_of("teacher_forcing", "reinforce", "mixer")
    assert make_board(merged.records) == make_board(together)


def test_seeds_of_others_fill_up_a_row_that_names_both_origins(here, tmp_path, capsys):
    folder_of(tmp_path / "more", records_of("reinforce", seeds=4)[2:])
    execute(["pack", str(tmp_path / "more"), "--out", str(tmp_path / "more.zip")])
    capsys.readouterr()
    assert execute(["board", str(here.root), "--with", str(tmp_path / "more.zip"), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    (row,) = [row for row in content["rows"] if row["baseline"] == "reinforce"]
    assert (row["origin"], row["seeds"]) == ("here; more.zip", 4)
    (change,) = [row for row in content["changes"] if row["baseline"] == "reinforce"]
    assert (change["seeds_before"], change["seeds_after"]) == (2, 4)


def test_of_two_records_of_one_cell_the_one_that_is_here_stays_and_the_difference_is_named(here, tmp_path, capsys):
    folder_of(tmp_path / "other", [make_record(make_cell(baseline="reinforce"), (0.9, 0.9, 0.9))])
    execute(["pack", str(tmp_path / "other"), "--out", str(tmp_path / "other.zip")])
    assert execute(["board", str(here.root), "--with", str(tmp_path / "other.zip")]) == 0
    captured = capsys.readouterr()
    assert "other.zip: copycat_tagging/gru/reinforce/s0 is here with other numbers, which stay" in captured.err
    assert "The leaderboard does not change." in captured.out


def test_a_method_that_is_there_in_another_version_has_a_row_of_its_own(here):
    own = here.load_all()[0]
    cell = make_cell(baseline="reinforce")
    newer = cell.model_copy(update={"baseline": cell.baseline.model_copy(update={"version": "2"})})
    changed = changes(own, [*own, make_record(newer, (0.9, 0.9, 0.9))])
    assert [(row["baseline"], row["rank_before"], row["rank_after"]) for row in changed] == [
        ("reinforce:baseline.version=2", None, 1),
        ("reinforce:baseline.version=1", 1, 2),
        ("teacher_forcing", 2, 3),
    ]


def test_two_archives_of_one_name_are_a_mistake_of_usage(here, theirs, tmp_path, capsys):
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / theirs.name).write_bytes(theirs.read_bytes())
    assert (
        execute(["board", str(here.root), "--with", str(theirs), "--with", str(tmp_path / "aside" / theirs.name)]) == 2
    )
    assert "two are called" in capsys.readouterr().err


def test_the_commands_of_contributing_submit_results(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks("CONTRIBUTING.md") if "ebb pack" in block.text or "--with" in block.text
                for line in block.text.splitlines()]  # fmt: skip
    assert len(commands) == 4
    for command in commands:
        assert execute(command.removeprefix("ebb ").split()) == 0
    assert "mixer" in (tmp_path / "results/runs/theirs/preview/leaderboard.md").read_text()
    assert "new ->" in capsys.readouterr().out
