"""Files of installed packages: finding them, holding them against their hash, saying what is missing."""

import hashlib
import sys
from dataclasses import replace

import pytest

from benchmark.contracts import PackageData, missing_data
from benchmark.errors import UsageError

CONTENT = "one two\n"
DATA = PackageData(
    "ebb_test_data", "data/words.txt", hashlib.sha256(CONTENT.encode()).hexdigest()[:16], "ebb-test-data==1.2"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An installed package that cannot be imported, with a folder of data."""
    folder = tmp_path / "ebb_test_data" / "data"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (folder / "words.txt").write_text(CONTENT)
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_a_file_is_read_without_importing_the_package():
    assert DATA.text() == CONTENT
    assert "ebb_test_data" not in sys.modules


def test_the_files_of_a_folder_are_read_by_name_and_hashed_together(folder):
    (folder / "first.abc").write_text("X: 1")
    (folder / "second.abc").write_text("X: 2")
    both = hashlib.sha256(b"X: 1X: 2").hexdigest()
    assert replace(DATA, path="data", pattern="*.abc", sha256=both).read() == {
        "first.abc": "X: 1",
        "second.abc": "X: 2",
    }


def test_a_damaged_file_is_named_with_the_way_to_mend_it(folder):
    (folder / "words.txt").write_text(CONTENT[:-2])
    with pytest.raises(UsageError, match="is damaged or of another release") as problem:
        DATA.text()
    assert str(folder / "words.txt") in str(problem.value)
    assert str(problem.value).endswith("pip install --force-reinstall --no-deps ebb-test-data==1.2")


def test_a_file_that_is_no_text_is_named(folder):
    (folder / "words.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match=r"words\.txt cannot be read .*force-reinstall"):
        DATA.text()


@pytest.mark.parametrize("other", [{"path": "data/absent.txt"}, {"package": "ebb_not_installed"}, {"package": "this"}])
def test_what_is_not_there_has_no_place_and_says_so_when_it_is_read(other):
    absent = replace(DATA, **other)
    assert absent.place is None
    with pytest.raises(UsageError, match=r"needs .*: pip install 'exposure-bias-benchmark\[real\]'"):
        absent.read()


def test_what_is_missing_is_named_once_with_the_way_to_get_it():
    absent = replace(DATA, path="absent")
    assert missing_data([DATA, absent, absent, "ebb_not_installed"]) == (
        "needs ebb-test-data, ebb-not-installed: pip install 'exposure-bias-benchmark[real]'"
    )
    assert missing_data([DATA, "hashlib"]) == ""
