"""What befalls the run itself: whatever it is, finished records are whole and are not made again."""

import os
import platform
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.running.lock import locked
from tests.running import clusters
from tests.running.command import ebb_run, still_there, sweep_of
from tests.running.faults import healthy


def test_ctrl_c_lets_running_cells_finish_and_the_same_command_goes_on(tmp_path):
    run = ebb_run(tmp_path, seeds=8)
    run.wait_until(lambda: len(run.records()) >= 2)
    before = len(run.records())
    run.process.send_signal(signal.SIGINT)
    errors = run.errors()
    assert run.process.returncode == 130, errors
    assert "running cells are finished first; Ctrl-C again stops at once" in errors
    assert "stopped by SIGINT" in errors
    assert "the same command goes on from here" in errors
    records, damaged = run.store.load_all()
    assert not damaged
    assert before < len(records) < 8
    assert {record.status for record in records} == {"ok"}

    made, again = run.records(), ebb_run(tmp_path, seeds=8)
    assert f"8 cells, {len(made)} stored already" in again.errors()
    assert again.process.returncode == 0
    assert len(again.records()) == 8
    assert made.items() <= again.records().items()


@pytest.mark.parametrize(
    ("signals", "code"),
    [((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGTERM,), 143)],
    ids=["Ctrl-C twice", "SIGTERM"],
)
def test_a_second_ctrl_c_or_sigterm_ends_running_cells_at_once(tmp_path, signals, code):
    run = ebb_run(tmp_path, "--timeout", "100", baseline="hangs_in_c", seeds=2)
    run.wait_until(lambda: len(run.descendants()) >= 5)  # two trackers or servers, two guards, a cell
    started = run.descendants()
    for number in signals:
        run.process.send_signal(number)
        time.sleep(1)
    errors = run.errors()
    assert run.process.returncode == code, errors
    assert "0 cells were finished and are stored" in errors
    assert not still_there(started)
    assert not run.records()


CELLS = 8


def kill_after(out: Path, more: int, seconds: float) -> int:
    """Start a run, kill it without warning some seconds after it has stored more records, and check what is left.

    Returns:
        The number of records.
    """
    run = sweep_of(healthy(CELLS), out)
    before = run.records()
    while len(run.records()) < len(before) + more and run.process.poll() is None:
        time.sleep(0.005)
    time.sleep(seconds)
    alive = run.process.poll() is None
    started = run.descendants() if alive else []
    run.process.kill()
    errors = run.errors()
    assert alive or run.process.returncode == 0, errors
    assert not still_there(started)
    after = run.records()
    assert before.items() <= after.items()
    records, damaged = run.store.load_all()
    assert not damaged
    assert len(before) + more <= len(records) == len(after) or len(after) == CELLS
    return len(after)


def kill_until_done(out: Path, times: int) -> None:
    """Kill a run so many times, each on the folder of the one before until that is done, then let it end."""
    folder, moments = 0, random.Random(7)
    for _ in range(times):
        more = moments.randrange(4)
        done = kill_after(out / str(folder), more, moments.uniform(0, 1 if more else 6))
        folder += done == CELLS
    last = sweep_of(healthy(CELLS), out / str(folder))
    errors = last.errors()
    assert last.process.returncode == 0, errors
    assert len(last.records()) == CELLS
    assert not list(out.rglob("*.part"))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_without_warning_at_sixty_random_moments_it_loses_no_record_and_makes_none_twice(tmp_path):
    kill_until_done(tmp_path, 60)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 60 kB."""
    folder = tmp_path / "disk"
    with clusters.small_disk(folder) as permitted:
        if not permitted:
            pytest.skip("mounting a small file system is not permitted here")
        yield folder


def test_a_full_disk_stops_the_run_and_with_more_room_it_goes_on(small_disk):
    full = ebb_run(small_disk, "--checkpoint", "0", seeds=10)
    errors = full.errors()
    assert full.process.returncode == 2, errors
    assert "cannot store the record of hmm_language/gru/teacher_forcing/s" in errors
    assert "No space left on device" in errors
    assert "Traceback" not in errors
    records, damaged = full.store.load_all()
    assert not damaged
    assert 0 < len(records) < 10
    assert f"{len(records)} cells of this run are stored" in errors

    made = full.records()
    clusters.enlarge(small_disk)
    again = ebb_run(small_disk, seeds=10)
    errors = again.errors()
    assert again.process.returncode == 0, errors
    assert f"10 cells, {len(made)} stored already" in errors
    assert made.items() <= again.records().items()
    assert not list(small_disk.rglob("*.part"))


def test_a_read_only_folder_stops_the_run_before_it_begins(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    run = ebb_run(small_disk)
    errors = run.errors()
    assert run.process.returncode == 2
    assert f"cannot write to the output folder {small_disk}/records: Read-only file system" in errors


def test_a_second_run_on_a_folder_is_refused_and_names_the_first(tmp_path):
    first = ebb_run(tmp_path, seeds=2)
    first.wait_until(lambda: (tmp_path / ".lock").exists() and (tmp_path / ".lock").read_text())
    second = ebb_run(tmp_path, seeds=2)
    errors = second.errors()
    assert second.process.returncode == 2
    assert f"{tmp_path} is in use by process {first.process.pid} on {platform.node()} since" in errors
    assert "choose another folder with --out" in errors
    errors = first.errors()
    assert first.process.returncode == 0, errors


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    holder = os.fork()
    if holder == 0:
        with locked(tmp_path):
            time.sleep(100)
    lock, deadline = tmp_path / ".lock", time.monotonic() + 10
    while not (lock.exists() and lock.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(UsageError, match=f"in use by process {holder} on"), locked(tmp_path):
        pass
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    with locked(tmp_path):
        assert f'"process": {os.getpid()}' in lock.read_text()
