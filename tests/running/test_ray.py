"""Cells on a Ray cluster of two nodes on this machine, with GPUs that are only counted."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry
from benchmark.errors import UsageError
from benchmark.running.engines.engine import Terms
from benchmark.running.engines.ray import RayEngine
from benchmark.running.planning import Job
from benchmark.running.runner import Sweep, run_jobs
from benchmark.running.store import Store
from benchmark.running.worker import run_cell
from tests.factories import make_cell
from tests.running.clusters import SLOW, cells_of_ray, ray_cluster, two_nodes
from tests.running.faults import FAULTS, healthy, misbehaving, numbers

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]
pytest.importorskip("ray.cluster_utils")


@pytest.fixture
def cluster() -> Iterator:
    with ray_cluster() as made:
        yield made


@pytest.fixture
def nodes(cluster) -> list:
    return two_nodes(cluster)


def sweep(engine: RayEngine, cells: list, store: Store) -> Sweep:
    return run_jobs([Job(cell, 1.0) for cell in cells], store, Sweep(), engine)


def test_cells_are_those_of_local_processes_and_share_the_gpus_of_both_nodes(cluster, nodes, tmp_path):
    cells = healthy(8)
    engine = RayEngine(Terms(120, gpus=0.5), 1, cluster.address)
    assert engine._room() == 4  # two halves of each GPU
    made = sweep(engine, cells, Store(tmp_path)).made
    alone = {cell.key: numbers(run_cell(cell, Registry())) for cell in cells}
    assert {record.cell.key: numbers(record) for record in made} == alone
    assert {record.provenance["node"] for record in made} == {node.node_id for node in nodes}
    assert {record.provenance["devices"] for record in made} == {"0"}
    assert {record.provenance["engine"] for record in made} == {"ray"}


def test_faults_have_the_status_they_have_in_local_processes(cluster, nodes, tmp_path):
    plugin = str(shutil.copy(Path(__file__).with_name("misbehaving.py"), tmp_path))
    names = ["raises", "hangs_in_c", "exits", "segfaults", "is_killed", "grows", "not_a_number"]
    engine = RayEngine(Terms(20, (plugin,), memory=3), 1, cluster.address)
    made = sweep(engine, [*map(misbehaving, names), *healthy(4)], Store(tmp_path)).made
    found = {record.cell.baseline.name: record.status for record in made}
    assert found == {name: FAULTS[name].status for name in names} | {"teacher_forcing": "ok"}


def test_the_cells_of_a_node_that_is_lost_begin_again_on_the_other(cluster, nodes, tmp_path):
    plugin = tmp_path / "slow.py"
    plugin.write_text(SLOW)
    cells = [make_cell("hmm_language", "slow", seed) for seed in range(8)]
    lost, kept = nodes
    engine = RayEngine(Terms(120, (str(plugin),)), 1, cluster.address)
    store, began = Store(tmp_path), time.monotonic()

    def remove(progress) -> None:
        if progress.latest is not None and lost in cluster.list_all_nodes():
            assert engine.running >= 3  # two at a time on each node: at least one of them on this
            cluster.remove_node(lost, allow_graceful=False)

    done = run_jobs([Job(cell, 1.0) for cell in cells], store, Sweep(), engine, remove)
    assert lost not in cluster.list_all_nodes()
    assert [record.status for record in done.made] == ["ok"] * 8
    assert {record.provenance["node"] for record in done.made[2:]} == {kept.node_id}
    assert len(store.load_all()[0]) == 8
    assert time.monotonic() - began < 300


def test_ending_a_run_ends_its_cells(cluster, nodes, tmp_path):
    plugin = str(shutil.copy(Path(__file__).with_name("misbehaving.py"), tmp_path))
    with RayEngine(Terms(120, (plugin,)), 1, cluster.address) as engine:
        engine.submit(misbehaving("hangs"))
        deadline = time.monotonic() + 60
        while not cells_of_ray() and time.monotonic() < deadline:
            assert not engine.wait(0.5)
        started = cells_of_ray()
        assert started
    assert not psutil.wait_procs(started, 15)[1]


def test_a_cluster_without_what_a_cell_asks_for_is_refused(cluster):
    cluster.add_node(num_cpus=1)
    with pytest.raises(UsageError, match="each takes 1 CPU and 1 GPU, the cluster has"):
        RayEngine(Terms(120, gpus=1), 1, cluster.address)


def test_tuning_runs_its_trials_on_a_cluster(cluster, nodes, tmp_path):
    command = [
        "tune",
        "--suite",
        "smoke",
        "--tasks",
        "copycat_tagging",
        "--trials",
        "2",
        "--seeds",
        "2",
        "--updates",
        "2",
    ]
    assert execute([*command, "--out", str(tmp_path), "--engine", "ray", "--address", cluster.address]) == 0
    (tuned,) = json.loads((tmp_path / "tuned.json").read_text())
    assert (tuned["baseline"], tuned["trials"]) == ("teacher_forcing", 2)


def test_ray_is_started_here_where_no_address_is_given(tmp_path):
    (record,) = sweep(RayEngine(Terms(120), 1), healthy(1), Store(tmp_path)).made
    assert numbers(record) == numbers(run_cell(healthy(1)[0], Registry()))
