"""One cell in a process of its own, watched by another that outlives whatever the cell does.

The guard forks the cell, waits for it, kills what it leaves behind, and hands back a record. The cell leads a session
of its own, so signals of the terminal do not reach it. If the process that asked for the cell dies, the guard ends the
cell; on Linux the kernel ends it too if the guard dies.
"""

import ctypes
import os
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from multiprocessing import connection, parent_process
from typing import IO, NoReturn

import psutil
from pydantic import ValidationError

from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Terms, failed
from benchmark.running.engines.output import Output
from benchmark.running.record import Record, Status

_PAUSE = 0.02  # seconds between two looks at the cell
_GRACE = 0.5  # seconds in which a cell that took too long may write down where it was
_DEATH_SIGNAL, _ADOPT_ORPHANS = 1, 36  # PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of prctl(2)


def guard(reply: connection.Connection, cell_json: str, terms: Terms) -> None:
    """Run a cell and send its record, as JSON in UTF-8; entry point of a new process."""
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # by way of the `finally` below
    _prctl(_ADOPT_ORPHANS, 1)
    began, cell = time.monotonic(), Cell.model_validate_json(cell_json)
    with tempfile.TemporaryFile() as result, Output() as output:
        process = os.fork()
        if process == 0:
            _become(cell_json, terms, result, output)
        try:
            code = _watch(process, began + terms.timeout, output)
        finally:
            _kill_all(process)
        record = _own_record(cell, result) if code == 0 else None
        if record is not None:
            output.forward(cell.id)
        else:
            status, reason = _verdict(code, terms, output.tail())
            record = failed(cell, status, reason, output.tail(), time.monotonic() - began)
    with suppress(BrokenPipeError):
        reply.send_bytes(record.to_json().encode())


def _become(cell_json: str, terms: Terms, result: IO[bytes], output: Output) -> NoReturn:
    """Turn this process into the cell; it ends here whatever happens."""
    code = 1
    try:
        os.setsid()
        _prctl(_DEATH_SIGNAL, signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        output.take_over(keep=result.fileno())
        _limit(terms.memory)
        if terms.devices is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = terms.devices
        result.write(_work(cell_json, terms).encode())
        result.flush()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _work(cell_json: str, terms: Terms) -> str:
    """Run the cell; what is raised before it begins, such as by a plugin that cannot be imported, is its error."""
    try:
        from benchmark.running.worker import work  # here, so that the guard needs no torch

        return work(cell_json, terms)
    except Exception as problem:
        cell, reason = Cell.model_validate_json(cell_json), f"{type(problem).__name__}: {problem}"
        return failed(cell, "error", reason, traceback.format_exc()).to_json()


def _limit(memory: float | None) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory is not None:
        size = int(memory * 1e9)
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def _watch(process: int, deadline: float, output: Output) -> int | None:
    """Wait for the cell; return its exit code, negative for a signal, or None if it took too long."""
    parent = parent_process()
    assert parent is not None
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            _ask_where(process)
            return None
        if connection.wait([parent.sentinel], _PAUSE):
            sys.exit(1)  # nobody is left to hand a record to
        output.trim()


def _ask_where(process: int) -> None:
    """Have the cell write down where it is, which it does even from within C, and end."""
    os.kill(process, signal.SIGABRT)
    asked = time.monotonic()
    while time.monotonic() < asked + _GRACE and not os.waitpid(process, os.WNOHANG)[0]:
        time.sleep(_PAUSE)


def _kill_all(process: int) -> None:
    """Kill the cell and all that descends from it, and wait until they are gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    while left := psutil.Process().children(recursive=True):  # on Linux, the orphans among them too
        for child in left:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _own_record(cell: Cell, result: IO[bytes]) -> Record | None:
    """The record that the cell has made, None if that is not whole or another's."""
    result.seek(0)
    with suppress(ValidationError):
        record = Record.model_validate_json(result.read())
        return record if record.cell == cell else None
    return None


def _verdict(code: int | None, terms: Terms, printed: str) -> tuple[Status, str]:
    """Status and reason of a cell that made no record."""
    if code is None:
        return "timeout", f"took longer than {terms.timeout:g} s; allow more with --timeout"
    if code == -signal.SIGABRT and "bad_alloc" in printed:
        return "oom", "its process could allocate no more memory"
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    hint = "; the system does this when memory runs out" if code == -signal.SIGKILL else ""
    return "killed", f"its process ended by itself ({how}){hint}"


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
