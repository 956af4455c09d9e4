"""Processes of this machine: one a core, one thread each, a new one for every cell."""

import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import connection
from multiprocessing.process import BaseProcess

from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Engine, Terms, failed
from benchmark.running.engines.guard import guard
from benchmark.running.record import Record

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
WARM_UP = "EBB_WARM_UP"
"""The variable in which the server of processes is told the tasks whose data it is to read, between commas."""

_PRELOADED = ["__main__", "benchmark.running.engines.preloaded"]
_PATIENCE = 10  # seconds in which a guard must have killed its cell


class LocalEngine(Engine):
    """A guarded process a cell.

    Args:
        workers: cells at a time.
        devices: numbers of GPUs; each cell is given one, which it shares where there are fewer than workers.
    """

    def __init__(self, terms: Terms, workers: int, devices: Sequence[str] = ()) -> None:
        super().__init__(terms)
        self._workers, self._devices = workers, devices
        self._running: dict[connection.Connection, tuple[BaseProcess, Cell]] = {}
        self._given: dict[connection.Connection, str | None] = {}  # the device of each cell that runs

    @property
    def running(self) -> int:
        """Cells that have begun and not ended."""
        return len(self._running)

    def _room(self) -> int:
        return self._workers - len(self._running)

    def _begin(self, cells: Sequence[Cell]) -> None:
        if WARM_UP not in os.environ:  # the server starts with the first cell
            counts = Counter(cell.task.name for cell in (*cells, *self._waiting))
            os.environ[WARM_UP] = ",".join(name for name, count in counts.items() if count > 1)
        for cell in cells:
            taken = list(self._given.values())
            device = min(self._devices, key=taken.count, default=None)
            process, answer = start_guard(cell.model_dump_json(), replace(self.terms, devices=device))
            self._running[answer], self._given[answer] = (process, cell), device

    def _ended(self, seconds: float) -> list[Record]:
        ready = connection.wait(list(self._running), seconds)
        return [self._take(answer) for answer in ready if isinstance(answer, connection.Connection)]

    def _take(self, answer: connection.Connection) -> Record:
        process, cell = self._running.pop(answer)
        del self._given[answer]
        record = receive(answer, cell)
        process.join()
        return record

    def close(self) -> None:
        """End what runs, at once."""
        for process, _ in self._running.values():
            process.terminate()
        for answer, (process, _) in self._running.items():
            process.join(_PATIENCE)
            process.kill()
            answer.close()
        self._running.clear()
        self._given.clear()


def start_guard(cell_json: str, terms: Terms) -> tuple[BaseProcess, connection.Connection]:
    """Start the guard of a cell; the connection is where its record, or the end of the guard, is received."""
    for variable in _THREAD_VARIABLES:  # read when torch is imported
        os.environ[variable] = "1"
    if sys.platform == "linux":
        # A server imports once and forks for each cell; elsewhere a fork after such imports is not safe.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
    else:
        context = multiprocessing.get_context("spawn")
    answer, reply = context.Pipe(duplex=False)
    process = context.Process(target=guard, args=(reply, cell_json, terms))
    process.start()
    reply.close()
    return process, answer


def receive(answer: connection.Connection, cell: Cell) -> Record:
    """Wait for the record of a cell, and close the connection."""
    with answer:
        try:
            return Record.model_validate_json(answer.recv_bytes())
        except (EOFError, OSError):
            return failed(cell, "killed", "the process that guards it was killed")
