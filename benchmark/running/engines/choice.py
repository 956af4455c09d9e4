"""Which engine runs the cells."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from benchmark.errors import UsageError
from benchmark.running.engines.engine import Engine, Terms
from benchmark.running.engines.local import LocalEngine

EngineName = Literal["local", "ray", "slurm"]


def make_engine(
    name: EngineName,
    terms: Terms,
    workers: int,
    folder: Path,
    address: str | None = None,
    devices: Sequence[str] = (),
) -> Engine:
    """Make an engine by name; what it needs beyond this package is imported here.

    Args:
        workers: cells at a time.
        devices: GPUs of this machine that local processes share.
        folder: for what an engine writes beside the records.
        address: of a Ray cluster.

    Raises:
        UsageError: for options that do not go together, or if the engine cannot be had.
    """
    if address and name != "ray":
        raise UsageError(f"--address is that of a Ray cluster and goes with --engine ray, got --engine {name}")
    if terms.gpus and name == "local":
        raise UsageError("local processes share the GPUs of this machine; --gpus goes with --engine ray or slurm")
    if name == "ray":
        from benchmark.running.engines.ray import RayEngine

        return RayEngine(terms, workers, address)
    if name == "slurm":
        from benchmark.running.engines.slurm import SlurmEngine

        return SlurmEngine(terms, workers, folder / "slurm")
    return LocalEngine(terms, workers, devices)
