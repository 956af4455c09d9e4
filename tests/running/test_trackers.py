"""The figures of training while it runs: JSON lines always, other trackers by name, and none that can harm a cell."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry
from benchmark.errors import UsageError
from benchmark.running.checkpoint import Checkpoint
from benchmark.running.record import Record
from benchmark.running.store import Store
from benchmark.running.trackers import tracking as module
from benchmark.running.trackers.tensorboard import TensorBoard
from benchmark.running.trackers.tracker import Line, place_of
from benchmark.running.trackers.tracking import Tracking, find_tracker
from benchmark.running.trackers.wandb import Wandb
from benchmark.running.worker import run_cell
from benchmark.settings import Budget
from tests.factories import make_cell
from tests.running.faults import numbers

CELL = make_cell("hmm_language").model_copy(update={"budget": Budget(updates=8)})


def lines_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / f"{place_of(CELL)}.jsonl").read_text().splitlines()]


def run(tracking: Tracking, **options) -> Record:
    return run_cell(CELL, Registry(), tracking=tracking, **options)


class Fake:
    """Keeps what it hears; raises where it is told to."""

    def __init__(self, raises: str = "") -> None:
        self.raises, self.heard, self.ended = raises, [], []

    def __call__(self, cell, folder: Path, former: Sequence[Line]) -> "Fake":
        self.fail("begin")
        self.heard = list(former)
        return self

    def fail(self, when: str) -> None:
        if when == self.raises:
            raise ConnectionError(f"no network to {when}")

    def log(self, line: Line) -> None:
        self.fail("log")
        self.heard.append(dict(line))

    def close(self, ok: bool) -> None:
        self.fail("close")
        self.ended.append(ok)


def test_the_lines_are_those_of_the_record_and_the_points_of_its_learning_curve(tmp_path):
    record = run(Tracking(tmp_path))
    lines = lines_of(tmp_path)
    assert [line for line in lines if "objective" in line] == record.training_log
    points = [(line["update"], line["free_running"]) for line in lines if "free_running" in line]
    assert points == [(point.high, point.value) for point in record.curves["learning"]]
    assert [line["update"] for line in lines] == sorted(line["update"] for line in lines)


def test_a_line_can_be_read_as_soon_as_its_update_is_made(tmp_path):
    seen = []
    run(Tracking(tmp_path), observe=lambda progress: seen.append([line["update"] for line in lines_of(tmp_path)]))
    assert [max(updates, default=0) for updates in seen] == list(range(8))  # before each update


def test_tracking_changes_no_number(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "find_tracker", lambda name: Fake())
    assert numbers(run(Tracking(tmp_path, ("fake",)))) == numbers(run(Tracking()))
    assert not list(tmp_path.glob("*.pt"))


class Stopped(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("stop", [1, 3, 4, 7])
def test_the_file_of_a_training_that_was_stopped_is_that_of_one_that_was_not(stop, tmp_path):
    run(Tracking(tmp_path / "whole"))

    def observe(progress: float) -> None:
        if round(progress * 8) == stop:
            raise Stopped

    with pytest.raises(Stopped):
        run(Tracking(tmp_path), observe=observe, checkpoint=Checkpoint(tmp_path / "c.pt", CELL, 0))
    with (tmp_path / f"{place_of(CELL)}.jsonl").open("a") as file:
        file.write('{"update": 8, "obj')  # cut off as the process died
    run(Tracking(tmp_path), checkpoint=Checkpoint(tmp_path / "c.pt", CELL, 0))
    assert lines_of(tmp_path) == lines_of(tmp_path / "whole")


def test_every_tracker_hears_every_line_and_how_it_ended(tmp_path, monkeypatch):
    fake = Fake()
    monkeypatch.setattr(module, "find_tracker", lambda name: fake)
    run(Tracking(tmp_path, ("fake",)))
    assert fake.heard == lines_of(tmp_path)
    assert fake.ended == [True]

    def observe(progress: float) -> None:
        if progress > 0.5:
            raise ValueError("a fault of the method")

    assert run(Tracking(tmp_path, ("fake",)), observe=observe).status == "error"
    assert fake.ended == [True, False]


@pytest.mark.parametrize("when", ["begin", "log", "close"])
def test_a_tracker_that_fails_is_named_once_and_the_cell_ends_well(when, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "find_tracker", lambda name: Fake(when))
    assert run(Tracking(tmp_path, ("fake",))).status == "ok"
    assert (
        capsys.readouterr().err.count(f"goes on without the tracker fake, which has failed: no network to {when}") == 1
    )
    assert lines_of(tmp_path)


def test_a_log_that_cannot_be_written_takes_no_cell_along(tmp_path, capsys):
    (tmp_path / "hmm_language").write_text("a file where a folder should be")
    assert run(Tracking(tmp_path)).status == "ok"
    assert "without the tracker of JSON lines" in capsys.readouterr().err


class FakeWriter:
    """In place of `torch.utils.tensorboard.SummaryWriter`."""

    def __init__(self, log_dir: str, **options) -> None:
        self.log_dir, self.options, self.scalars, self.closed = log_dir, options, [], False

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars.append((name, value, step))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def test_tensorboard_gets_scalars_by_update_and_forgets_what_is_made_again(tmp_path, monkeypatch):
    made: list[FakeWriter] = []
    monkeypatch.setitem(
        sys.modules,
        "torch.utils.tensorboard",
        SimpleNamespace(SummaryWriter=lambda *given, **options: made.append(FakeWriter(*given, **options)) or made[-1]),
    )
    first = TensorBoard(CELL, tmp_path, [])
    first.log({"update": 3, "nll": 1.5, "objective": 2.0})
    first.close(True)
    TensorBoard(CELL, tmp_path, [{"update": 3, "nll": 1.5}])
    assert made[0].scalars == [("nll", 1.5, 3), ("objective", 2.0, 3)]
    assert made[0].closed
    assert [writer.options for writer in made] == [{"purge_step": None}, {"purge_step": 4}]
    assert made[0].log_dir == str(tmp_path / "tensorboard" / place_of(CELL))


def test_a_wandb_compatible_module_gets_one_run_a_cell_with_its_whole_declaration(tmp_path, monkeypatch):
    calls: list = []
    fake_run = SimpleNamespace(
        log=lambda figures, step: calls.append((figures, step)), finish=lambda exit_code: calls.append(exit_code)
    )
    fake = SimpleNamespace(init=lambda **options: calls.append(options) or fake_run)
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.setitem(sys.modules, "another", fake)
    for former, name in (([], "wandb"), ([{"update": 3}], "another")):
        tracker = Wandb(CELL, tmp_path, former, name)
        tracker.log({"update": 4, "nll": 1.5})
        tracker.close(False)
    (options, logged, code, resumed, *_) = calls
    assert (options["project"], options["name"], options["resume"]) == ("ebb", CELL.id, None)
    assert options["config"] == CELL.model_dump(mode="json")
    assert (logged, code) == (({"nll": 1.5}, 4), 1)
    assert (resumed["resume"], resumed["id"]) == ("allow", options["id"])


def test_a_tracker_whose_package_is_absent_is_refused_before_anything_is_computed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    for name in ("tensorboard", "wandb"):
        assert execute(["run", "smoke", "--track", name, "--out", str(tmp_path / "out")]) == 2
        message = capsys.readouterr().err
        assert f"the tracker '{name}' needs the package {name}" in message
        assert f"pip install 'exposure-bias-benchmark[{name}]'" in message
    assert not (tmp_path / "out").exists()


def test_a_package_announces_a_tracker_by_an_entry_point(monkeypatch):
    def fails() -> None:
        raise ImportError("no module named x")

    points = [SimpleNamespace(name="mine", load=lambda: Fake), SimpleNamespace(name="broken", load=fails)]
    monkeypatch.setattr(module, "entry_points", lambda group: points if group == "ebb.trackers" else [])
    assert find_tracker("mine") is Fake
    with pytest.raises(UsageError, match="'broken' cannot be imported: ImportError: no module named x"):
        find_tracker("broken")
    with pytest.raises(UsageError, match=r"did you mean 'mine'.*Known: broken, mine, tensorboard, wandb"):
        find_tracker("mien")


def test_a_run_keeps_the_lines_of_every_cell_beside_its_records(tmp_path):
    command = [sys.executable, "-m", "benchmark.cli", "run", "smoke", "--tasks", "copycat_tagging"]
    command += ["--baselines", "teacher_forcing", "--seeds", "2", "--updates", "3", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    store = Store(tmp_path)
    for record in store.load_all()[0]:
        lines = (store.logs / f"{place_of(record.cell)}.jsonl").read_text().splitlines()
        assert [line for line in map(json.loads, lines) if "objective" in line] == record.training_log
