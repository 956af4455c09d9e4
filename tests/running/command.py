"""Runs as processes of their own, to be stopped in every way."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from benchmark.running.cell import Cell
from benchmark.running.store import Store

PLUGIN = Path(__file__).with_name("misbehaving.py")


class Run:
    """A command in a session of its own, as in a terminal of its own, that puts records into a folder."""

    def __init__(self, out: Path, module: str, *arguments: str) -> None:
        self.store = Store(out)
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
        )

    def descendants(self) -> list[psutil.Process]:
        """The processes that it has started, and theirs."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def records(self) -> dict[Path, bytes]:
        """The files of its records."""
        return {path: path.read_bytes() for path in self.store.records.rglob("*.json")}

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "it has not come to this within a minute"
            assert self.process.poll() is None, self.errors()
            time.sleep(0.02)

    def errors(self) -> str:
        """Wait for its end, and return what it wrote to standard error."""
        return self.process.communicate(timeout=120)[1]


def ebb_run(out: Path, *options: str, seeds: int = 6, baseline: str = "teacher_forcing") -> Run:
    """`ebb run` with cells of two updates."""
    what = ["--tasks", "hmm_language", "--models", "gru", "--updates", "2", "--baselines", baseline]
    where = ["--plugin", str(PLUGIN), "--out", str(out), "--jobs", "2", "--seeds", str(seeds)]
    return Run(out, "benchmark.cli", "run", "smoke", *what, *where, *options)


def sweep_of(cells: Iterable[Cell], out: Path) -> Run:
    """Cells as `ebb run` runs them, without a plan and a board, which take seconds; checkpoints at each update."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "cells.jsonl"
    file.write_text("".join(cell.model_dump_json() + "\n" for cell in cells))
    return Run(out, "tests.running.sweeping", str(file), str(out))


def still_there(processes: Iterable[psutil.Process], seconds: float = 5) -> list[psutil.Process]:
    """Those that have not ended within some seconds; one that nobody has collected has ended."""
    deadline, left = time.monotonic() + seconds, list(processes)
    while left and time.monotonic() < deadline:
        left = [process for process in left if _lives(process)]
        time.sleep(0.02)
    return left


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
