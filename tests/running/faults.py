"""Cells that misbehave, what must become of each, and a sweep of one among healthy ones."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Terms
from benchmark.running.engines.local import LocalEngine
from benchmark.running.planning import Job
from benchmark.running.record import Record, Status
from benchmark.running.runner import Sweep, run_jobs
from benchmark.running.store import Store
from tests.factories import make_cell

TIMEOUT, MEMORY = 4.0, 3.0  # seconds, GB


@dataclass(frozen=True)
class Fault:
    """What must become of a misbehaving cell.

    Attributes:
        what: in words.
        reason: the beginning of the record's.
        traceback: a part of it.
        knobs: of the method.
    """

    what: str
    status: Status
    reason: str = ""
    traceback: str = ""
    knobs: dict[str, int] = field(default_factory=dict)


_LATE = f"took longer than {TIMEOUT:g} s; allow more with --timeout"
_ENDED = "its process ended by itself"
_MARK = os.getpid()

FAULTS = {
    "raises": Fault("raises an exception", "error", "KeyError: 'nothing here'", "misbehaving.py"),
    "leaves": Fault("calls `sys.exit`", "error", "SystemExit: 3", "misbehaving.py"),
    "not_a_number": Fault("has a loss of NaN", "diverged", "the objective is nan at update 0"),
    "infinite": Fault("has an infinite loss", "diverged", "the objective is inf at update 0"),
    "diverges_late": Fault("diverges late", "diverged", "the objective is nan at update 1"),
    "hangs": Fault("hangs in Python", "timeout", _LATE, "misbehaving.py"),
    "hangs_in_c": Fault("hangs in C and holds the interpreter's lock", "timeout", _LATE, "misbehaving.py"),
    "ignores_signals": Fault("hangs and ignores SIGTERM, SIGINT and SIGABRT", "timeout", _LATE),
    "exits": Fault("calls `os._exit`", "killed", f"{_ENDED} (exit code 7)"),
    "segfaults": Fault("segmentation fault", "killed", f"{_ENDED} (signal SIGSEGV)", "misbehaving.py"),
    "is_killed": Fault("is killed by SIGKILL", "killed", f"{_ENDED} (signal SIGKILL)"),
    "exhausts": Fault("raises MemoryError", "oom", "MemoryError: a petabyte, please", "misbehaving.py"),
    "grows": Fault("allocates more than `--memory`", "oom", "RuntimeError:", "can't allocate memory"),
    "prints": Fault("prints 20 MB of garbage", "ok"),
    "forks": Fault("forks children and leaves them, one a daemon", "ok", knobs={"mark": _MARK}),
    "writes_into_the_store": Fault("writes into the store, over the records of others", "ok"),
    "needy": Fault("needs what its task has not", "not_applicable", "needy needs process"),
}


def healthy(count: int = 10) -> list[Cell]:
    """Cells that take a fraction of a second."""
    return [make_cell("hmm_language", seed=seed) for seed in range(count)]


def misbehaving(name: str, seed: int = 0) -> Cell:
    """The cell with a fault."""
    return make_cell("g2p_sentences" if name == "needy" else "hmm_language", name, seed, **FAULTS[name].knobs)


def sweep_among_healthy(folder: Path, names: list[str], good: int = 10) -> tuple[Store, Sweep]:
    """Run cells with faults in the midst of healthy ones, two at a time."""
    plugin = Path(shutil.copy(Path(__file__).with_name("misbehaving.py"), folder))
    store = Store(folder / "store")
    store.prepare()
    cells = healthy(good)
    cells[good // 2 : good // 2] = [misbehaving(name) for name in names]
    terms = Terms(TIMEOUT, (str(plugin),), memory=MEMORY, checkpoints=str(store.checkpoints))
    return store, run_jobs([Job(cell, 1.0) for cell in cells], store, Sweep(), LocalEngine(terms, 2))


def numbers(record: Record) -> tuple:
    """What must not depend on how a cell was run."""
    spent = {name: value for name, value in record.spent.items() if "second" not in name}
    return record.status, record.measures, record.curves, record.training_log, spent


def orphans() -> list[str]:
    """Processes that misbehaving cells of this process have left behind."""
    names = (process.info["name"] for process in psutil.process_iter(["name"]))
    return [name for name in names if name == f"left-{_MARK}"]
