"""What all cells of a task need is read once, by the server that forks them, and charged to none."""

import os
import time

import pytest

from benchmark.contracts.registry import Registry
from benchmark.running.engines.engine import Terms
from benchmark.running.engines.local import WARM_UP, LocalEngine
from benchmark.running.worker import run_cell
from tasks.copycat_tagging import CopycatTagging
from tasks.g2p_words import G2pWords
from tests.factories import make_cell


def test_the_server_is_told_the_tasks_of_several_cells(monkeypatch):
    monkeypatch.delenv(WARM_UP, raising=False)

    def start(*arguments) -> None:
        raise InterruptedError

    monkeypatch.setattr("benchmark.running.engines.local.start_guard", start)
    engine = LocalEngine(Terms(60), 1)
    for name, seed in (("g2p_words", 0), ("copycat_tagging", 0), ("g2p_words", 1), ("two_symbols", 0)):
        engine.submit(make_cell(name, seed=seed))
    with pytest.raises(InterruptedError):
        engine.wait(0)
    assert os.environ.pop(WARM_UP) == "g2p_words"


def test_a_corpus_is_read_before_the_clock_of_a_cell_runs(monkeypatch):
    read = []
    monkeypatch.setattr(G2pWords, "corpus", classmethod(lambda cls: read.append(cls)))
    G2pWords.warm_up()
    assert read == [G2pWords]

    monkeypatch.setattr(CopycatTagging, "warm_up", classmethod(lambda cls: time.sleep(1)))
    began = time.perf_counter()
    record = run_cell(make_cell("copycat_tagging"), Registry())
    assert record.status == "ok", record.traceback
    assert record.spent["cell_wall_seconds"] + 1 <= time.perf_counter() - began
