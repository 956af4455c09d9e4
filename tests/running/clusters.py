"""A Ray cluster of two nodes and a Slurm of one, brought up on this machine."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

SCRIPT = Path(__file__).with_name("one_node_slurm.sh")
SLOW = """
import time
from tests.running.misbehaving import Behaves

class Slow(Behaves):
    name = "slow"
    def loss(self, model, batch, ctx):
        time.sleep(1)
        return super().loss(model, batch, ctx)
"""
KILLS_ITS_TASK = """
import os, signal
import psutil
from tests.running.misbehaving import Behaves

class KillsItsTask(Behaves):
    name = "kills_its_task"
    def loss(self, model, batch, ctx):
        guard = psutil.Process().parent()
        task = next(p for p in guard.parents() if "submitit.core._submit" in p.cmdline())
        task.kill()
        guard.kill()
"""


@contextmanager
def ray_cluster() -> Iterator[Any]:
    """A head without room for cells, to which nodes are to be added."""
    made = import_module("ray.cluster_utils").Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        yield made
    finally:
        made.shutdown()


def two_nodes(cluster: Any) -> list[Any]:
    """Add two nodes of two cores and one GPU each, which is only counted."""
    added = [cluster.add_node(num_cpus=2, num_gpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    return added


def cells_of_ray() -> list[psutil.Process]:
    """Guards and cells: processes that a server of processes has forked in a Ray worker."""
    servers = [p for p in psutil.process_iter(["name", "cmdline"]) if _serves(p.info["cmdline"]) and _in_ray(p)]
    return [child for server in servers for child in server.children(recursive=True)]


def _serves(command: list[str] | None) -> bool:
    return any("multiprocessing.forkserver" in part for part in command or ())


def _in_ray(process: psutil.Process) -> bool:
    return any("ray" in parent.name() for parent in process.parents())


def slurm_is_here() -> bool:
    """Whether a Slurm can be brought up."""
    return shutil.which("slurmctld") is not None and os.geteuid() == 0


@contextmanager
def one_node_slurm() -> Iterator[None]:
    """A Slurm of one node with two cores, for the processes that are started meanwhile."""
    with tempfile.TemporaryDirectory(prefix="ebb-slurm-") as folder:  # short: the path of a socket has a limit
        subprocess.run([SCRIPT, "start", folder, "2"], check=True)
        os.environ["SLURM_CONF"] = f"{folder}/slurm.conf"
        try:
            yield
        finally:
            subprocess.run([SCRIPT, "stop", folder], check=True)
            del os.environ["SLURM_CONF"]


def processes_of_slurm() -> list[psutil.Process]:
    """Processes that were started in a task of Slurm."""
    return [process for process in psutil.process_iter() if _in_slurm(process)]


def _in_slurm(process: psutil.Process) -> bool:
    try:
        return "SLURM_ARRAY_TASK_ID" in process.environ()
    except psutil.Error:
        return False


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of 60 kB at a folder; False where that is not permitted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60k", "none", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", folder], check=True)


def enlarge(folder: Path) -> None:
    """Give a small disk more room."""
    subprocess.run(["mount", "-o", "remount,size=20m", str(folder)], check=True)
