"""What befalls a machine or a neighbour of a run, to be counted for docs/reliability.md."""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Engine, Terms
from benchmark.running.planning import Job
from benchmark.running.runner import Progress, Sweep, run_jobs
from benchmark.running.store import Store
from tests.factories import make_cell
from tests.running import clusters
from tests.running.command import Run, ebb_run, still_there, sweep_of
from tests.running.faults import healthy

CELLS = 10


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Attributes:
        before: records when the fault had come about.
        finished: records in the end, after the same command once more where the run had ended.
        planned: cells.
        lost: records of `before` that are not there in the end, or are not whole.
        again: records of `before` that were made a second time.
        left: processes that lived on.
        seconds: from the fault to the end of what it struck.
    """

    before: int
    finished: int
    planned: int
    lost: int
    again: int
    left: int
    seconds: float


def count(store: Store, before: dict[Path, bytes], planned: int, left: int, seconds: float) -> Outcome:
    """Compare the records of a store with those that were there when the fault came."""
    whole, _ = store.load_all()
    places = {store.path(record.cell): store.path(record.cell).read_bytes() for record in whole}
    lost = sum(path not in places for path in before)
    again = sum(places.get(path, content) != content for path, content in before.items())
    return Outcome(len(before), len(places), planned, lost, again, left, seconds)


def _files(store: Store) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in store.records.rglob("*.json")}


def full_disk(folder: Path) -> Outcome:
    """A disk without room for all records; then the same command with more room."""
    disk = folder / "disk"
    with clusters.small_disk(disk) as permitted:
        if not permitted:
            raise RuntimeError("mounting a small file system is not permitted here; be root")
        run = ebb_run(disk, "--checkpoint", "0", seeds=CELLS)
        run.wait_until(lambda: run.records())
        started, errors = run.descendants(), run.errors()
        assert "No space left on device" in errors, errors
        before = run.records()
        seconds = time.time() - max(path.stat().st_mtime for path in before)
        left = len(still_there(started))
        clusters.enlarge(disk)
        ebb_run(disk, seeds=CELLS).errors()
        return count(run.store, before, CELLS, left, seconds)


def two_runs(folder: Path) -> Outcome:
    """A second run on the folder of one that goes on."""
    first = sweep_of(healthy(CELLS), folder)
    first.wait_until(lambda: len(first.records()) >= 2)
    first.process.send_signal(signal.SIGSTOP)  # so that it does not end while the second one starts
    before, began = first.records(), time.monotonic()
    second = Run(folder, "tests.running.sweeping", str(folder / "cells.jsonl"), str(folder))
    errors, seconds = second.errors(), time.monotonic() - began
    first.process.send_signal(signal.SIGCONT)
    assert second.process.returncode, "the second run was not refused"
    assert f"is in use by process {first.process.pid}" in errors, errors
    first.errors()
    return count(first.store, before, CELLS, 0, seconds)


def lost_node(folder: Path) -> Outcome:
    """A Ray node that is removed without warning when the first cell has ended, while others run on it."""
    from benchmark.running.engines.ray import RayEngine

    plugin = folder / "slow.py"
    plugin.write_text(clusters.SLOW)
    cells = [make_cell("hmm_language", "slow", seed) for seed in range(CELLS)]
    with clusters.ray_cluster() as cluster:
        lost, _ = clusters.two_nodes(cluster)
        engine = RayEngine(Terms(120, (str(plugin),)), 1, cluster.address)
        return _struck(
            folder / "out",
            cells,
            engine,
            lambda _: cluster.remove_node(lost, allow_graceful=False),
            clusters.cells_of_ray,
        )


def crashed_task(folder: Path) -> Outcome:
    """A task of a Slurm array that is killed with its guard, in the midst of healthy ones."""
    from benchmark.running.engines.slurm import SlurmEngine

    plugin = folder / "kills_its_task.py"
    plugin.write_text(clusters.KILLS_ITS_TASK)
    crashing = make_cell("hmm_language", "kills_its_task")
    cells = healthy(CELLS)
    cells.insert(CELLS // 2, crashing)
    with clusters.one_node_slurm():
        engine = SlurmEngine(Terms(60, (str(plugin),)), 2, folder / "out" / "slurm")
        return _struck(folder / "out", cells, engine, lambda _: None, clusters.processes_of_slurm, crashing)


def _struck(
    out: Path,
    cells: list[Cell],
    engine: Engine,
    strike: Callable[[Progress], None],
    processes: Callable[[], list],
    at: Cell | None = None,
) -> Outcome:
    """Run cells, and strike when that of a cell has been stored, the first one if none is named."""
    store, before, moments = Store(out), dict[Path, bytes](), list[float]()

    def report(progress: Progress) -> None:
        if progress.latest is not None and not moments and at in (None, progress.latest.cell):
            before.update(_files(store))
            moments.append(time.monotonic())
            strike(progress)

    run_jobs([Job(cell, 1.0) for cell in cells], store, Sweep(), engine, report)
    seconds = time.monotonic() - moments[0]
    return count(store, before, len(cells), len(still_there(processes())), seconds)


FAULTS: dict[str, Callable[[Path], Outcome]] = {
    "full disk (60 kB), then more room": full_disk,
    "second run on the same folder": two_runs,
    "Ray node removed while cells run on it": lost_node,
    "task of a Slurm array killed with its guard": crashed_task,
}


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def rows(tries: int) -> Iterator[list[str]]:
    """A row for each fault."""
    for name, fault in FAULTS.items():
        found = []
        for _ in range(tries):
            with _folder() as folder:
                found.append(fault(folder))
        sums = [sum(getattr(one, field) for one in found) for field in ("before", "finished", "planned")]
        faults = [str(sum(getattr(one, field) for one in found)) for field in ("lost", "again", "left")]
        seconds = sorted(one.seconds for one in found)[len(found) // 2]
        yield [name, str(tries), str(sums[0]), f"{sums[1]} of {sums[2]}", *faults, f"{seconds:.1f}"]
