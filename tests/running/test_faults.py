"""Cells that misbehave among healthy ones: each becomes a record, the others keep their numbers, nothing is left."""

import os
import signal
import sys
import time

import psutil
import pytest

from benchmark.contracts.registry import Registry
from benchmark.running.engines.engine import Terms
from benchmark.running.engines.local import LocalEngine
from benchmark.running.planning import Job
from benchmark.running.record import Record
from benchmark.running.runner import Sweep, run_jobs
from benchmark.running.store import Store
from benchmark.running.worker import run_cell
from tests.factories import make_cell
from tests.running.faults import FAULTS, TIMEOUT, healthy, misbehaving, numbers, orphans, sweep_among_healthy

linux = pytest.mark.skipif(sys.platform != "linux", reason="adopting orphans takes Linux")


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> tuple[Store, Sweep]:
    return sweep_among_healthy(tmp_path_factory.mktemp("faults"), list(FAULTS))


@pytest.fixture(scope="module")
def alone() -> dict[str, tuple]:
    return {cell.key: numbers(run_cell(cell, Registry())) for cell in healthy()}


def record_of(swept: tuple[Store, Sweep], name: str) -> Record:
    return next(record for record in swept[1].made if record.cell.key == misbehaving(name).key)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_status_reason_traceback_and_time(swept, name):
    record, fault = record_of(swept, name), FAULTS[name]
    if sys.platform != "linux" and name == "grows":
        pytest.skip("memory is limited on Linux alone")
    assert (record.status, record.reason[: len(fault.reason)]) == (fault.status, fault.reason)
    assert fault.traceback in record.traceback
    late = TIMEOUT if fault.status == "timeout" else 0
    assert late <= record.spent["cell_wall_seconds"] < late + TIMEOUT


def test_all_healthy_cells_finish_with_the_numbers_they_have_alone(swept, alone):
    made = {record.cell.key: numbers(record) for record in swept[1].made}
    assert {key: made[key] for key in alone} == alone
    assert all(status == "ok" for status, *_ in alone.values())


def test_every_record_is_stored_and_read_back_whole_though_a_cell_wrote_over_them(swept):
    store, sweep = swept
    assert len(sweep.made) == len(FAULTS) + len(healthy())
    assert all(store.load(record.cell) == record for record in sweep.made)
    records, damaged = store.load_all()
    assert {record.cell.key for record in records} == {record.cell.key for record in sweep.made}
    assert [file.path.name for file in damaged] == ["stray.json"]


@linux
def test_no_process_is_left_behind(swept):
    assert record_of(swept, "forks").status == "ok"
    assert not orphans()


def test_what_a_cell_prints_does_not_swell_its_record(swept):
    assert len(record_of(swept, "prints").to_json()) < 10**5


def test_ending_a_run_ends_its_cells_at_once(tmp_path):
    plugin = str(tmp_path / "misbehaving.py")
    sweep_among_healthy(tmp_path, [], good=0)
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with LocalEngine(Terms(60, (plugin,)), 2) as engine:
        for name in ("ignores_signals", "hangs_in_c"):
            engine.submit(misbehaving(name))
        assert not engine.wait(1.5)
        assert engine.running == 2
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before


def test_a_cell_whose_guard_is_killed_is_recorded_and_ends(tmp_path):
    plugin = str(tmp_path / "misbehaving.py")
    sweep_among_healthy(tmp_path, [], good=0)
    with LocalEngine(Terms(60, (plugin,)), 1) as engine:
        engine.submit(misbehaving("hangs_in_c"))
        assert not engine.wait(1.5)
        (guard, _), *_ = engine._running.values()
        assert guard.pid
        (cell,) = psutil.Process(guard.pid).children()
        os.kill(guard.pid, signal.SIGKILL)
        (record,) = engine.wait(5)
    assert (record.status, record.reason) == ("killed", "the process that guards it was killed")
    assert psutil.wait_procs([cell], 5)[0] == [cell]


def test_cells_after_a_misbehaving_one_run_in_a_process_that_it_never_touched(tmp_path):
    store = Store(tmp_path)
    store.prepare()
    plugin = tmp_path / "changes.py"
    plugin.write_text(
        "import torch\nfrom tests.running.misbehaving import Behaves as Base\n"
        "class Changes(Base):\n    name = 'changes'\n"
        "    def loss(self, model, batch, ctx):\n"
        "        torch.set_default_dtype(torch.float64)\n"
        "        torch.nn.functional.softmax = None\n"
        "        return super().loss(model, batch, ctx)\n"
    )
    cells = [make_cell("hmm_language", "changes"), *healthy(1)]
    terms = Terms(30, (str(plugin),))
    sweep = run_jobs([Job(cell, 1.0) for cell in cells], store, Sweep(), LocalEngine(terms, 1))
    assert numbers(sweep.made[1]) == numbers(run_cell(cells[1], Registry()))


def test_cells_are_given_one_gpu_each_and_share_them_evenly(tmp_path):
    plugin = tmp_path / "sees.py"
    plugin.write_text(
        "import os\nfrom tests.running.misbehaving import Behaves as Base\n"
        "class Sees(Base):\n    name = 'sees'\n"
        "    def loss(self, model, batch, ctx):\n        raise ValueError(os.environ['CUDA_VISIBLE_DEVICES'])\n"
    )
    seen = []
    with LocalEngine(Terms(30, (str(plugin),)), 4, devices=("2", "5")) as engine:
        for seed in range(4):
            engine.submit(make_cell("hmm_language", "sees", seed))
        while engine.unfinished:
            seen += [record.reason for record in engine.wait(1)]
    assert sorted(seen) == ["ValueError: 2", "ValueError: 2", "ValueError: 5", "ValueError: 5"]
