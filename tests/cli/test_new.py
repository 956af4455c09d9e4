"""`ebb new` writes plugins that are right as they stand, and overwrites nothing."""

import pytest

from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry
from tests.readme import blocks


@pytest.mark.parametrize("kind", ["baseline", "task", "model"])
def test_what_is_written_passes_every_check_as_it_is(kind, tmp_path, capsys):
    assert execute(["new", kind, "my_own", "--out", str(tmp_path)]) == 0
    assert execute(["check", "my_own", "--plugin", str(tmp_path / "my_own.py")]) == 0
    assert " failed" not in capsys.readouterr().out


def test_a_package_announces_its_plugin_by_an_entry_point(tmp_path):
    assert execute(["new", "task", "my_own", "--package", "--out", str(tmp_path)]) == 0
    folder = tmp_path / "ebb-my-own"
    assert '[project.entry-points."ebb.tasks"]\nmy_own = "ebb_my_own:MyOwn"' in (folder / "pyproject.toml").read_text()
    assert Registry([folder / "ebb_my_own.py"]).task("my_own").__name__ == "MyOwn"


def test_nothing_is_overwritten(tmp_path, capsys):
    (tmp_path / "my_own.py").write_text("mine")
    assert execute(["new", "baseline", "my_own", "--out", str(tmp_path)]) == 2
    assert "is there already, and nothing is overwritten" in capsys.readouterr().err
    assert (tmp_path / "my_own.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "problem"), [("My-Own", "small letters"), ("class", "small letters"), ("reinforce", "choose another")]
)
def test_a_name_that_cannot_be_used_is_refused(name, problem, tmp_path, capsys):
    assert execute(["new", "baseline", name, "--out", str(tmp_path)]) == 2
    assert problem in capsys.readouterr().err


def test_the_five_commands_of_contributing_put_a_method_on_the_leaderboard(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    install, *commands = blocks("CONTRIBUTING.md")[0].text.splitlines()
    assert "pip install" in install
    assert len(commands) == 4
    for command in commands:
        assert execute(command.removeprefix("ebb ").split()) == 0
    assert "my_method" in (tmp_path / "results/runs/mine/leaderboard.md").read_text()
    assert "my_method against teacher_forcing" in capsys.readouterr().out
