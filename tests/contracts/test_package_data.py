"""Files of installed packages: finding them, saying what is missing, splitting and drawing."""

import sys
from collections import Counter

import pytest

from benchmark.contracts import draw_examples, missing_data, package_data, split_by_hash, stream


@pytest.fixture
def package(tmp_path, monkeypatch) -> str:
    """An installed package that cannot be imported, with a file of data."""
    folder = tmp_path / "ebb_test_data"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (folder / "data" / "words.txt").write_text("one two\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "ebb_test_data"


def test_a_file_and_a_folder_are_found_without_importing_the_package(package):
    file, folder = package_data(package, "data/words.txt"), package_data(package, "data")
    assert file and file.read_text() == "one two\n"
    assert folder and folder.is_dir()
    assert package not in sys.modules


@pytest.mark.parametrize(("name", "path"), [("ebb_test_data", "data/absent.txt"), ("ebb_not_installed", "data")])
def test_what_is_not_there_is_none(package, name, path):
    assert package_data(name, path) is None


def test_a_module_without_a_folder_has_no_data():
    assert package_data("this", "data") is None


def test_what_is_missing_is_named_with_the_way_to_get_it(package):
    needed = [(package, "data/words.txt"), ("ebb_not_installed", "x"), (package, "absent")]
    assert missing_data(needed) == (
        "needs the data of ebb-not-installed, ebb-test-data: pip install 'exposure-bias-benchmark[real]'"
    )
    assert missing_data(needed[:1]) == ""


def test_shares_of_the_split_are_as_asked_for():
    shares = Counter(split_by_hash(f"key {number}") for number in range(20_000))
    assert shares["validation"] == pytest.approx(1000, abs=120)  # four standard deviations
    assert shares["test"] == pytest.approx(1000, abs=120)
    half = Counter(split_by_hash(f"key {number}", 0.25) for number in range(20_000))
    assert half["train"] == pytest.approx(10_000, abs=300)


def test_the_split_of_a_key_does_not_change_between_runs():
    """sha256("a") begins with ca978112, a share of .791; that of "3" with 4e07, .305."""
    assert [split_by_hash("a"), split_by_hash("3")] == ["train", "train"]
    assert split_by_hash("a", 0.15) == "validation"
    assert split_by_hash("a", 0.25) == "test"


def test_held_out_examples_are_drawn_without_replacement_and_no_more_than_there_are():
    assert sorted(draw_examples(range(9), "test", 20, abs, stream("all"))) == list(range(9))
    assert len(set(draw_examples(range(100), "validation", 20, abs, stream("some")))) == 20


def test_a_training_batch_is_of_neighbours_in_length_and_covers_all_lengths_over_time():
    batches = [draw_examples(range(1000), "train", 16, abs, stream("near", index)) for index in range(200)]
    spreads = [max(batch) - min(batch) for batch in batches]
    assert sum(spreads) / len(spreads) < 100  # a sixteenth of all would be 62
    assert {number // 100 for batch in batches for number in batch} == set(range(10))
