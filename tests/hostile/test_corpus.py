"""Every file of the hostile corpus is refused for its own reason, and takes no other file along."""

import time
import warnings
from pathlib import Path

import pytest

from benchmark.cli.main import execute
from benchmark.reading import Refused
from benchmark.running.archives import read_archive
from benchmark.running.store import Damaged, Store
from benchmark.running.submissions import read_submission
from tests.factories import make_cell, make_record
from tests.hostile.corpus import ARCHIVES, GOOD, PLACE, RECORDS, SUBMISSIONS, TEXT, Hostile, refuses, submission


def name_of(hostile: Hostile) -> str:
    return f"{hostile.family}: {hostile.name}"


def stored(folder: Path) -> Store:
    """A store in which one good record stands beside the place of the hostile one."""
    store = Store(folder)
    store.save(make_record(make_cell(seed=3)))
    (store.records / PLACE).parent.mkdir(parents=True, exist_ok=True)
    return store


def test_the_record_that_hostile_ones_are_made_of_is_accepted(tmp_path):
    store = stored(tmp_path)
    (store.records / PLACE).write_text(TEXT)
    assert store.load(GOOD.cell) == GOOD
    assert not store.load_all()[1]


@pytest.mark.parametrize("hostile", RECORDS, ids=name_of)
def test_a_hostile_record_is_refused_for_its_own_reason(hostile, tmp_path):
    store = stored(tmp_path)
    hostile.make(store.records / PLACE)
    began = time.process_time()
    records, damaged = store.load_all()
    found = store.load(GOOD.cell)
    assert time.process_time() - began < 1
    assert [record.cell.seed for record in records] == [3]
    assert [file.path for file in damaged] == [store.records / PLACE]
    assert refuses(hostile, damaged[0].reason), damaged[0].reason
    assert isinstance(found, Damaged)
    assert found.reason == damaged[0].reason
    assert damaged[0].reason.isprintable()
    assert len(damaged[0].reason) < 700


def test_a_folder_that_is_a_link_is_named_and_not_entered(tmp_path):
    elsewhere = Store(tmp_path / "elsewhere")
    elsewhere.save(GOOD)
    store = stored(tmp_path / "store")
    place = store.records / "linked"
    place.symlink_to(elsewhere.records)
    records, damaged = store.load_all()
    assert len(records) == 1
    assert [(file.path, file.reason) for file in damaged] == [
        (place, "it is a symbolic link; only files are read, so put a copy in its place")
    ]


@pytest.mark.parametrize("hostile", ARCHIVES, ids=name_of)
def test_a_hostile_archive_is_refused_for_its_own_reason(hostile, tmp_path):
    path = tmp_path / "results.zip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name stands twice
        hostile.make(path)
    with pytest.raises(Refused) as problem:
        list(read_archive(path))
    assert refuses(hostile, str(problem.value)), problem.value


def test_a_good_archive_is_read(tmp_path):
    import zipfile

    path = tmp_path / "results.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"records/{PLACE}", TEXT)
    assert list(read_archive(path)) == [(f"records/{PLACE}", TEXT.encode())]


@pytest.mark.parametrize("hostile", ARCHIVES + SUBMISSIONS, ids=name_of)
def test_a_board_refuses_a_hostile_archive_and_leaves_the_folder_as_it_is(hostile, tmp_path, capsys):
    store, path = stored(tmp_path / "results"), tmp_path / "hostile.zip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hostile.make(path)
    before = sorted(tmp_path.rglob("*"))
    assert execute(["board", str(store.root), "--with", str(path)]) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert refuses(hostile, captured.err), captured.err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_archive_that_hostile_ones_are_made_of_is_accepted(tmp_path):
    path = tmp_path / "results.zip"
    submission()(path)
    assert read_submission(path).records == [GOOD]
