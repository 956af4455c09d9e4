"""Cells as the tasks of job arrays, on a Slurm of one node that is brought up here."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.contracts.registry import Registry
from benchmark.errors import UsageError
from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Terms
from benchmark.running.engines.slurm import SlurmEngine, _queue
from benchmark.running.planning import Job
from benchmark.running.record import Record
from benchmark.running.runner import Sweep, run_jobs
from benchmark.running.store import Store
from benchmark.running.worker import run_cell
from tests.factories import make_cell
from tests.running.clusters import KILLS_ITS_TASK, one_node_slurm, slurm_is_here
from tests.running.command import Run
from tests.running.faults import FAULTS, healthy, misbehaving, numbers

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(600)]
pytest.importorskip("submitit")


@pytest.fixture(scope="module", autouse=True)
def slurm() -> Iterator[None]:
    if not slurm_is_here():
        pytest.skip("needs root and the packages slurmctld, slurmd, slurm-client and munge")
    with one_node_slurm():
        yield


@pytest.fixture
def plugins(tmp_path) -> tuple[str, ...]:
    own = tmp_path / "kills_its_task.py"
    own.write_text(KILLS_ITS_TASK)
    return str(shutil.copy(Path(__file__).with_name("misbehaving.py"), tmp_path)), str(own)


def sweep(cells: list[Cell], folder: Path, terms: Terms) -> list[Record]:
    store = Store(folder)
    made = run_jobs([Job(cell, 1.0) for cell in cells], store, Sweep(), SlurmEngine(terms, 2, folder / "slurm")).made
    assert {record.cell.key for record in store.load_all()[0]} == {cell.key for cell in cells}
    assert not list((folder / "slurm").glob("*.*"))
    return made


def test_cells_are_those_of_local_processes_and_a_crashed_task_is_recorded(plugins, tmp_path):
    names = ["raises", "hangs_in_c", "segfaults", "grows"]
    crashing = make_cell("hmm_language", "kills_its_task")
    cells = [*healthy(4), *map(misbehaving, names), crashing]
    made = {record.cell.key: record for record in sweep(cells, tmp_path, Terms(20, plugins, memory=3))}
    for cell in healthy(4):
        assert numbers(made[cell.key]) == numbers(run_cell(cell, Registry()))
        assert made[cell.key].provenance["engine"] == "slurm"
    for name in names:
        assert made[misbehaving(name).key].status == FAULTS[name].status
    assert made[crashing.key].status == "killed"
    assert "ended without a record; what it printed is in" in made[crashing.key].reason


def test_ending_a_run_cancels_its_tasks(plugins, tmp_path):
    with SlurmEngine(Terms(100, plugins), 2, tmp_path / "slurm") as engine:
        for seed in range(4):
            engine.submit(misbehaving("hangs", seed))
        deadline = time.monotonic() + 60
        while list((_queue() or {}).values()).count("R") < 2 and time.monotonic() < deadline:
            assert not engine.wait(0.5)
        assert len(engine.forget_waiting()) == 2  # two run, and the others had not begun
        assert engine.running == 2
    deadline = time.monotonic() + 60
    while _queue() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert _queue() == {}


def test_what_a_killed_run_had_submitted_is_taken_up_and_computed_once(tmp_path):
    cells, out = healthy(3), tmp_path / "out"
    out.mkdir()
    (tmp_path / "cells").write_text("".join(cell.model_dump_json() + "\n" for cell in cells))
    first = Run(out, "tests.running.sweeping", str(tmp_path / "cells"), str(out), "slurm")
    first.wait_until(lambda: len(list((out / "slurm").glob("*.task"))) == 3)
    first.process.kill()
    first.errors()
    tasks = {path.read_text() for path in (out / "slurm").glob("*.task")}
    second = Run(out, "tests.running.sweeping", str(tmp_path / "cells"), str(out), "slurm")
    errors = second.errors()
    assert second.process.returncode == 0, errors
    assert len(second.store.load_all()[0]) == 3
    submissions = {path.name.removesuffix("_submission.sh") for path in out.glob("slurm/tasks/[0-9]*.sh")}
    assert submissions == {task.partition("_")[0] for task in tasks}  # the first run's array and no other


def test_a_share_of_a_gpu_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"Slurm gives whole GPUs, got --gpus 0\.5"):
        SlurmEngine(Terms(100, gpus=0.5), 2, tmp_path)
