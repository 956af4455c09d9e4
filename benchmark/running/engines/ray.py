"""Ray: many machines, whole GPUs or shares of them; a cell whose machine is lost begins again on another.

Every node needs this suite, its tasks' packages and the plugin files, at the same paths.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from benchmark.errors import UsageError
from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Engine, Terms, failed
from benchmark.running.engines.local import receive, start_guard
from benchmark.running.record import Record

_RETRIES = 3  # of a cell whose machine or worker was lost


class RayEngine(Engine):
    """A Ray task a cell, of one core and some GPU; in it, a guarded process as on one machine.

    Args:
        workers: cells at a time where Ray is started here.
        address: of a running cluster, "auto" for the one on this machine; None starts Ray here and ends it afterwards.

    Raises:
        UsageError: if Ray is not installed, the cluster cannot be reached, or it has not what one cell asks for.
    """

    def __init__(self, terms: Terms, workers: int, address: str | None = None) -> None:
        super().__init__(terms)
        self._ray = _import_ray()
        options: dict[str, Any] = {"address": address} if address else {"address": "local", "num_cpus": workers}
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # no GPU asked for, no device seen
        try:
            self._ray.init(**options, include_dashboard=None if address else False, log_to_driver=True)
        except (ConnectionError, RuntimeError, ValueError) as problem:
            raise UsageError(f"Ray cannot be had at {address or 'this machine'}: {problem}") from None
        self._running: dict[Any, Cell] = {}
        if self._capacity() < 1:
            has = {name: size for name, size in self._ray.cluster_resources().items() if name in ("CPU", "GPU")}
            self._ray.shutdown()
            raise UsageError(
                f"no cell would ever begin: each takes {terms.ranks} CPU and {terms.gpus:g} GPU, the cluster has {has}"
            )
        self._task = self._ray.remote(_run).options(num_cpus=terms.ranks, num_gpus=terms.gpus, max_retries=_RETRIES)

    @property
    def running(self) -> int:
        """Cells that have begun and not ended, among them those that begin again."""
        return len(self._running)

    def _capacity(self) -> int:
        has, gpus = self._ray.cluster_resources(), self.terms.gpus
        return int(min(has.get("CPU", 0) / self.terms.ranks, has.get("GPU", 0) / gpus if gpus else float("inf")))

    def _room(self) -> int:
        return max(self._capacity(), 1) - len(self._running)

    def _begin(self, cells: Sequence[Cell]) -> None:
        for cell in cells:
            self._running[self._task.remote(cell.model_dump_json(), self.terms)] = cell

    def _ended(self, seconds: float) -> list[Record]:
        if not self._running:
            return []
        tasks = list(self._running)
        self._ray.wait(tasks, timeout=seconds)  # for the first
        ready, _ = self._ray.wait(tasks, num_returns=len(tasks), timeout=0)
        return [self._take(task) for task in ready]

    def _take(self, task: Any) -> Record:
        cell = self._running.pop(task)
        try:
            return Record.model_validate_json(self._ray.get(task))
        except self._ray.exceptions.OutOfMemoryError:
            return failed(cell, "oom", f"Ray ended it {1 + _RETRIES} times because its machine ran out of memory")
        except self._ray.exceptions.RayError as problem:
            reason = f"Ray lost it {1 + _RETRIES} times, last by {type(problem).__name__}"
            return failed(cell, "killed", reason, str(problem))

    def close(self) -> None:
        """End what runs, at once, and leave the cluster."""
        for task in self._running:
            self._ray.cancel(task, force=True)
        self._running.clear()
        self._ray.shutdown()


def _import_ray() -> Any:
    try:
        return import_module("ray")
    except ImportError:
        raise UsageError("this engine needs ray: pip install 'exposure-bias-benchmark[ray]'") from None


def _run(cell_json: str, terms: Terms) -> str:
    """Run a cell in a guarded process of a Ray worker, and say where that was."""
    context = _import_ray().get_runtime_context()
    devices = ",".join(context.get_accelerator_ids().get("GPU", []))
    _, answer = start_guard(cell_json, replace(terms, devices=devices))
    record = receive(answer, Cell.model_validate_json(cell_json))
    where = {"engine": "ray", "node": context.get_node_id(), "devices": devices}
    return record.model_copy(update={"provenance": record.provenance | where}).to_json()
