"""Finding plugins, and saying what is wrong with them."""

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import baselines
from benchmark.contracts.registry import Registry
from benchmark.errors import UsageError

BROKEN = "def broken(:\n"
MINE = """
from benchmark.contracts import Baseline, Loss, token_nll

class Mine(Baseline):
    '''A method from outside.

    With more to say.
    '''

    name, path = "mine", "parallel"

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(batch.tokens), batch))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """A second folder that counts as `baselines/`."""
    monkeypatch.setattr(baselines, "__path__", [*baselines.__path__, str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("baselines.dropped")]:
        del sys.modules[name]


def test_what_ships_is_found():
    registry = Registry()
    assert {"copycat_tagging", "hmm_language", "g2p_sentences"} <= {entry.name for entry in registry.of("tasks")}
    assert {"transformer", "lstm", "gru"} == {entry.name for entry in registry.of("models")}
    for kind in ("tasks", "baselines", "models"):
        for entry in registry.of(kind):
            assert int(entry.version.split()[0]) >= 1  # an edition may follow
            assert entry.summary
            assert not entry.error


def test_a_file_dropped_into_the_folder_is_found(folder):
    (folder / "dropped_mine.py").write_text(MINE)
    entry = Registry().entry("baselines", "mine")
    assert entry.summary == "A method from outside."
    assert entry.version == "1"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (BROKEN, "SyntaxError: invalid syntax (dropped_broken.py, line 1)"),
        ("import not_installed_anywhere\n", "ModuleNotFoundError: No module named 'not_installed_anywhere'"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_dropped_file_that_does_not_import_is_listed_with_its_error_and_the_rest_works(folder, source, error):
    (folder / "dropped_broken.py").write_text(source)
    registry = Registry()
    entry = next(entry for entry in registry.of("baselines") if entry.name == "dropped_broken")
    assert entry.reason == error
    assert registry.baseline("teacher_forcing").name == "teacher_forcing"
    with pytest.raises(UsageError, match="baseline 'dropped_broken' cannot be imported"):
        registry.baseline("dropped_broken")


def test_a_file_named_by_the_user_is_found(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    assert Registry([file]).entry("baselines", "mine").version.startswith("sha256:")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (BROKEN, r"cannot be imported: SyntaxError: invalid syntax \(plugin.py, line 1\)"),
        ("x = 1\n", "defines no Task, Baseline or SequenceModel with a name"),
        (MINE.replace('"mine"', '"teacher_forcing"'), "baselines 'teacher_forcing' exists twice"),
    ],
)
def test_a_wrong_file_named_by_the_user_is_an_error_at_once(tmp_path, source, message):
    file = tmp_path / "plugin.py"
    file.write_text(source)
    with pytest.raises(UsageError, match=message):
        Registry([file])


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="there is no plugin file"):
        Registry([tmp_path / "none.py"])


def test_entry_points_are_found_and_broken_ones_are_listed(tmp_path, monkeypatch):
    (tmp_path / "outside_plugin.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        importlib.metadata.EntryPoint("mine", "outside_plugin:Mine", "ebb.baselines"),
        importlib.metadata.EntryPoint("gone", "outside_plugin:Gone", "ebb.baselines"),
        importlib.metadata.EntryPoint("odd", "pathlib:Path", "ebb.baselines"),
    ]
    monkeypatch.setattr(
        "benchmark.contracts.registry.entry_points", lambda group: points if group == "ebb.baselines" else []
    )
    found = {entry.name: entry for entry in Registry().of("baselines")}
    assert found["mine"].version.startswith("sha256:")
    assert found["gone"].reason == "AttributeError: module 'outside_plugin' has no attribute 'Gone'"
    assert found["odd"].reason == "TypeError: pathlib:Path is not a Baseline"


def test_folders_of_another_distribution_are_refused(monkeypatch):
    monkeypatch.setattr("benchmark.contracts.registry.__file__", "/elsewhere/benchmark/contracts/registry.py")
    with pytest.raises(UsageError, match="install the suite in a virtual environment of its own"):
        Registry()
