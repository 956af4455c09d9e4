"""Slurm: a job array, a task a cell. Each task writes its record into a folder that this process reads.

Slurm's own word on a task is asked for only where no record comes: without its accounting it forgets what has ended.
Partition, account and the like are set by sbatch's own variables (SBATCH_PARTITION, SBATCH_ACCOUNT). Every node needs
this suite, its tasks' packages, the plugin files and the folder, at the same paths.
"""

import math
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmark.errors import UsageError
from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Engine, Terms, failed
from benchmark.running.engines.local import receive, start_guard
from benchmark.running.record import Record

_ROUND = 2.0  # seconds between two looks at Slurm's queue
_START = 300  # seconds for Python to start and to write, beside those of the cell
_ABSENT = 2  # looks at which a task was neither in the queue nor had left a record: then it has none


class SlurmEngine(Engine):
    """A task of a job array a cell; in it, a guarded process as on one machine.

    A run that died leaves its tasks in the queue; the next run on the same folder waits for them and for their records.

    Args:
        workers: tasks at a time.
        folder: on a disk that all nodes see; for records on their way, and what tasks print.

    Raises:
        UsageError: if submitit or Slurm is not installed, or a share of a GPU is asked for.
    """

    def __init__(self, terms: Terms, workers: int, folder: Path) -> None:
        super().__init__(terms)
        if terms.gpus != int(terms.gpus):
            raise UsageError(f"Slurm gives whole GPUs, got --gpus {terms.gpus:g}; --engine ray shares them")
        self._folder, self._running = folder.resolve(), dict[str, Cell]()  # by the number of the task
        self._absent: dict[str, int] = {}
        self._looked = 0.0
        if shutil.which("sbatch") is None:
            raise UsageError("this engine needs Slurm, and there is no `sbatch` on this machine")
        self._executor = _import_submitit().SlurmExecutor(self._folder / "tasks")
        self._executor.update_parameters(
            job_name="ebb",
            time=math.ceil((terms.timeout + _START) / 60),
            cpus_per_task=terms.ranks,
            array_parallelism=workers,
            setup=[f"export {name}=1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")],
            **({"gres": f"gpu:{int(terms.gpus)}"} if terms.gpus else {}),
        )

    @property
    def running(self) -> int:
        """Cells whose tasks wait in the queue or run."""
        return len(self._running)

    def _room(self) -> int:
        return len(self._waiting)  # Slurm has a queue of its own

    def _begin(self, cells: Sequence[Cell]) -> None:
        in_queue, new = _queue() or {}, []
        for cell in cells:
            ticket = self._ticket(cell)
            task = ticket.read_text(encoding="utf-8") if ticket.exists() else ""
            if task in in_queue or self._answer(cell).exists():
                self._running[task or cell.key] = cell
            else:
                new.append(cell)
        if not new:
            return
        with self._executor.batch():
            jobs = [
                self._executor.submit(_run, cell.model_dump_json(), self.terms, str(self._answer(cell))) for cell in new
            ]
        for job, cell in zip(jobs, new, strict=True):
            self._running[job.job_id] = cell
            self._ticket(cell).write_text(job.job_id, encoding="utf-8")

    def _answer(self, cell: Cell) -> Path:
        return self._folder / f"{cell.key}.json"

    def _ticket(self, cell: Cell) -> Path:
        return self._folder / f"{cell.key}.task"

    def _ended(self, seconds: float) -> list[Record]:
        deadline = time.monotonic() + seconds
        while True:
            ended = [task for task, cell in self._running.items() if self._answer(cell).exists()]
            ended += [task for task in self._lost() if task not in ended]
            if ended or time.monotonic() > deadline:
                return [self._take(task) for task in ended]
            time.sleep(min(0.1, seconds))

    def _lost(self) -> list[str]:
        """Tasks that have ended without a record."""
        if time.monotonic() - self._looked < _ROUND or not self._running:
            return []
        self._looked = time.monotonic()
        in_queue = _queue()
        if in_queue is None:
            return []
        self._absent = {task: self._absent.get(task, 0) + 1 for task in self._running if task not in in_queue}
        return [task for task, looks in self._absent.items() if looks >= _ABSENT]

    def _take(self, task: str) -> Record:
        cell = self._running.pop(task)
        answer = self._answer(cell)
        try:
            record = Record.model_validate_json(answer.read_bytes())
        except (OSError, ValueError):
            reason = f"Slurm's task {task} ended without a record; what it printed is in {self._folder / 'tasks'}"
            record = failed(cell, "killed", reason)
        for file in (answer, self._ticket(cell)):
            file.unlink(missing_ok=True)
        return record

    def forget_waiting(self) -> list[Cell]:
        """Cancel the tasks that have not begun, and return their cells."""
        pending = [task for task, state in (_queue() or {}).items() if state == "PD" and task in self._running]
        self._cancel(pending)
        return [*super().forget_waiting(), *(self._forget(task) for task in pending)]

    def _forget(self, task: str) -> Cell:
        cell = self._running.pop(task)
        self._ticket(cell).unlink(missing_ok=True)
        return cell

    def close(self) -> None:
        """Cancel what waits or runs."""
        self._cancel(list(self._running))
        for task in list(self._running):
            self._forget(task)

    def _cancel(self, tasks: Sequence[str]) -> None:
        if tasks:
            subprocess.run(["scancel", *tasks], check=False, capture_output=True)


def _import_submitit() -> Any:
    try:
        return import_module("submitit")
    except ImportError:
        raise UsageError("this engine needs submitit: pip install 'exposure-bias-benchmark[slurm]'") from None


def _queue() -> dict[str, str] | None:
    """The user's tasks that wait or run, and the state of each; None if Slurm does not answer."""
    command = ["squeue", "--me", "--array", "--noheader", "--format=%i %t"]
    with suppress(OSError, subprocess.SubprocessError):
        printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()
        return dict(zip(printed[::2], printed[1::2], strict=True))
    return None


def _run(cell_json: str, terms: Terms, answer: str) -> None:
    """Run a cell in a guarded process of a Slurm task, and write its record to a file by atomic rename."""
    cell, path = Cell.model_validate_json(cell_json), Path(answer)
    record = receive(start_guard(cell_json, terms)[1], cell)
    record = record.model_copy(update={"provenance": record.provenance | {"engine": "slurm"}})
    aside = path.with_suffix(".part")
    aside.write_text(record.to_json(), encoding="utf-8")
    aside.replace(path)
