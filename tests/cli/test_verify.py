"""`ebb verify`: what was stored holds, or it is said what does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry
from benchmark.running.manifest import NAME, write_manifest
from benchmark.running.planning import Wishes, plan
from benchmark.running.record import Record
from benchmark.running.store import Store
from benchmark.running.suites import find_suite
from benchmark.running.verifying import TOLERANCE, compare
from benchmark.running.worker import run_cell
from benchmark.settings import Budget
from benchmark.values import Measure, Point
from tests.factories import make_cell, make_record


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """Two real cells and their manifest."""
    store = Store(tmp_path_factory.mktemp("results"))
    wishes = Wishes(("hmm_language",), ("teacher_forcing", "free_running"), budget=Budget(updates=4))
    cells = [job.cell for job in plan(Registry(), find_suite("smoke"), wishes)]
    for cell in cells:
        store.save(run_cell(cell, Registry()))
    write_manifest(store, cells)
    return store.root


@pytest.fixture
def store(tmp_path) -> Store:
    """Three records, as a run would leave them, and one cell that was planned and is not there."""
    store = Store(tmp_path)
    cells = [make_cell(seed=seed) for seed in range(4)]
    for cell in cells[:3]:
        store.save(make_record(cell))
    write_manifest(store, cells)
    return store


def verify(folder: Path, capsys, *options: str) -> tuple[int, dict]:
    capsys.readouterr()
    code = execute(["verify", str(folder), "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def test_a_run_holds_and_its_cells_are_the_same_bit_for_bit(results, capsys):
    code, content = verify(results, capsys, "--cells", "2")
    assert code == 0
    assert content["faults"] == []
    assert [(cell["same"], cell["exact"]) for cell in content["recomputed"]] == [(True, True)] * 2


def test_on_another_processor_the_tolerance_applies_and_what_differs_is_said(results):
    environment = os.environ | {"ATEN_CPU_CAPABILITY": "default", "EBB_LINEAR": "torch"}
    command = [sys.executable, "-m", "benchmark.cli", "verify", str(results), "--cells", "1", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["recomputed"]
    assert not cell["exact"]
    assert any(reason.startswith("linear: ") for reason in cell["because"])
    assert cell["deviation"] < TOLERANCE


def test_a_number_that_was_changed_is_found_by_its_hash_and_by_computing_it_again(results, tmp_path, capsys):
    store = Store(tmp_path)
    record = next(r for r in Store(results).load_all()[0] if r.cell.baseline.name == "teacher_forcing")
    measures = record.measures | {"gap": Measure(0.25, "nats per token", "lower", "")}
    path = store.save(record)
    write_manifest(store, [record.cell])
    store.save(record.model_copy(update={"measures": measures}))
    code, content = verify(tmp_path, capsys, "--cells", "1")
    assert code == 1
    assert content["faults"] == [
        {
            "check": "hash",
            "where": path.relative_to(store.records).as_posix(),
            "what": "it is not what the run wrote: the hash differs",
        }
    ]
    (cell,) = content["recomputed"]
    assert list(cell["differences"]) == ["measures.gap"]
    assert execute(["verify", str(tmp_path), "--cells", "1"]) == 1
    assert "NOT the same bit for bit" in capsys.readouterr().out


def test_what_was_planned_and_has_no_record_is_named(store, capsys):
    code, content = verify(store.root, capsys)
    assert code == 1
    assert content["faults"] == [
        {"check": "completeness", "where": make_cell(seed=3).id, "what": "it was planned and has no record"}
    ]


def test_lost_added_and_damaged_records_are_told_apart(store, capsys):
    store.save(make_record(make_cell(seed=3)))
    store.path(make_cell(seed=0)).unlink()
    store.path(make_cell(seed=1)).write_text("{")
    _, content = verify(store.root, capsys)
    found = {(fault["check"], Path(fault["where"]).name[:2]): fault["what"] for fault in content["faults"]}
    assert found.keys() == {
        ("schema", "s1"), ("hash", "s0"), ("hash", "s1"), ("hash", "s3"), ("completeness", "s0"),
    }  # fmt: skip
    assert "is not there" in found["hash", "s0"]
    assert "the hash differs" in found["hash", "s1"]
    assert "does not list it" in found["hash", "s3"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "`ebb run` writes it when it ends"),
        ("{", "it is not JSON"),
        ('{"planned": {}, "planned": {}, "records": {}}', "the key 'planned' stands twice"),
        ('{"planned": {}, "records": {"../../etc/passwd": "' + 64 * "0" + '"}}', "String should match pattern"),
    ],
)
def test_a_manifest_that_is_none_is_a_fault_with_its_reason(store, capsys, content, reason):
    path = store.root / NAME
    path.unlink()
    if content is not None:
        path.write_text(content)
    code, found = verify(store.root, capsys)
    assert code == 1
    assert [fault["check"] for fault in found["faults"]] == ["manifest"]
    assert reason in found["faults"][0]["what"]


def test_what_a_former_run_had_planned_stays_planned(store, capsys):
    write_manifest(store, [make_cell(seed=0)])
    _, content = verify(store.root, capsys)
    assert [fault["where"] for fault in content["faults"]] == [make_cell(seed=3).id]


def test_a_folder_without_records_is_a_mistake_of_usage(tmp_path, capsys):
    assert execute(["verify", str(tmp_path / "nowhere")]) == 2
    assert "there are no records in" in capsys.readouterr().err


def test_elsewhere_a_deviation_above_the_tolerance_does_not_hold():
    provenance = {"torch": "1", "torch_build": "a", "cpu_capability": "AVX2", "machine": "x", "linear": "torch"}
    provenance |= {"threads": "1", "processor": "one"}
    stored = make_record(make_cell()).model_copy(update={"provenance": provenance})
    assert compare(stored, stored).exact
    assert compare(stored, stored.model_copy(update={"provenance": provenance | {"attention": "torch"}})).exact
    kernel = compare(stored, stored.model_copy(update={"provenance": provenance | {"attention": "numba 1"}}))
    maker = compare(stored, stored.model_copy(update={"provenance": provenance | {"processor": "another"}}))
    assert maker.because == ("processor: one stored, another here",)
    assert kernel.because == ("attention: torch stored, numba 1 here",)  # torch it was, before records said so

    def moved(by: float) -> Record:
        curve = [Point(p.low, p.high, (p.value or 0) + by) for p in stored.curves["free_running"]]
        curves = stored.curves | {"free_running": curve}
        return stored.model_copy(update={"curves": curves, "provenance": provenance | {"cpu_capability": "AVX512"}})

    near, far = compare(stored, moved(0.9 * TOLERANCE)), compare(stored, moved(1.1 * TOLERANCE))
    assert (near.same, near.exact) == (True, False)
    assert near.deviation == pytest.approx(0.9 * TOLERANCE)
    assert near.because == ("cpu_capability: AVX2 stored, AVX512 here",)
    assert not far.same
    assert not compare(stored, moved(0.0).model_copy(update={"provenance": provenance, "measures": {}})).same
