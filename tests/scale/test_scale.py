"""A hundred thousand records, each as large as one of the smoke suite: reading them and making the board."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.contracts.registry import Registry
from benchmark.reporting.board import AsNeeded, make_board
from benchmark.running.planning import Wishes, plan
from benchmark.running.store import Store
from benchmark.running.suites import find_suite
from benchmark.running.worker import run_cell
from benchmark.settings import Budget
from tests.scale.synthetic import REFERENCE, write_records

_BOARD = """
import json, resource, sys, time
from benchmark.cli.board import print_board, write_reports
from pathlib import Path
began = time.process_time()
print_board(*write_reports(Path(sys.argv[1])))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"cpu_seconds": time.process_time() - began, "gib": peak / 2**20}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def templates():
    """A real record of each task of the smoke suite, briefly trained."""
    wishes = Wishes(baselines=(REFERENCE,), budget=Budget(updates=12))
    return [run_cell(job.cell, Registry()) for job in plan(Registry(), find_suite("smoke"), wishes)]


def board_of(folder: Path) -> tuple[dict[str, float], str]:
    """Make the board of a folder, figures and all, in a process of its own; CPU-seconds and peak memory."""
    done = subprocess.run([sys.executable, "-c", _BOARD, str(folder)], capture_output=True, text=True, check=True)
    return json.loads(done.stderr.splitlines()[-1]), done.stdout


def test_a_board_of_synthetic_records_has_every_row_and_forgets_what_it_does_not_show(templates, tmp_path):
    store = Store(tmp_path)
    assert write_records(store, templates, tasks=2, models=2, methods=3, seeds=5) == 60
    records, damaged = store.load_all(AsNeeded())
    assert not damaged
    assert len(records) == 60
    assert not any(record.training_log or record.provenance.keys() - {"commit"} for record in records)
    whole, _ = store.load_all()
    assert make_board(records) == make_board(whole)
    assert len({id(record.cell.task) for record in records}) == 12  # one a row, not one a record


@pytest.mark.scale
@pytest.mark.timeout(3600)
def test_a_board_of_100_000_records_takes_half_a_minute_and_less_than_two_gigabytes(templates, tmp_path):
    assert write_records(Store(tmp_path), templates, tasks=25, models=4, methods=40, seeds=25) == 100_000
    spent, shown = board_of(tmp_path)
    print(f"100,000 records: {spent['cpu_seconds']:.1f} CPU-seconds, {spent['gib']:.2f} GiB at most")
    assert "method_39" in shown
    assert spent["gib"] * 1.074 < 2
    assert spent["cpu_seconds"] < 30
