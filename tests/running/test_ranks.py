"""Two ranks train a cell as one process does."""

import math

import pytest

from benchmark.contracts.registry import Registry
from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Terms
from benchmark.running.engines.local import LocalEngine
from benchmark.running.planning import Job
from benchmark.running.record import Record
from benchmark.running.runner import Sweep, run_jobs
from benchmark.running.store import Store
from benchmark.running.worker import run_cell
from benchmark.settings import Budget
from tests.factories import make_cell

pytestmark = pytest.mark.slow


def on_two_ranks(cells: list[Cell], folder) -> list[Record]:
    engine = LocalEngine(Terms(120, ranks=2, checkpoints=str(folder / "checkpoints"), interval=0), 1)
    return run_jobs([Job(cell, 1.0) for cell in cells], Store(folder), Sweep(), engine).made


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Record]:
    names = ("teacher_forcing", "scheduled_sampling", "reinforce")
    cells = [make_cell("g2p_sentences", name).model_copy(update={"budget": Budget(updates=6)}) for name in names]
    records = on_two_ranks(cells, tmp_path_factory.mktemp("ranks"))
    return {record.cell.baseline.name: record for record in records}


def test_two_gloo_ranks_give_the_loss_of_one_process_to_a_millionth(made):
    record = made["teacher_forcing"]
    alone = run_cell(record.cell, Registry())
    assert record.status == alone.status == "ok"
    assert record.provenance["ranks"] == "2"
    assert len(record.training_log) == len(alone.training_log) == 6
    for shared, single in zip(record.training_log, alone.training_log, strict=True):
        for name in ("objective", "nll", "gradient_norm"):
            assert math.isclose(shared[name] or 0, single[name] or 1, rel_tol=1e-6, abs_tol=1e-6)
    assert record.spent["updates"] == alone.spent["updates"]
    assert record.spent["evaluations"] == alone.spent["evaluations"]


def test_a_method_that_draws_trains_on_two_ranks(made):
    assert made["scheduled_sampling"].status == "ok"


def test_a_method_that_keeps_something_of_its_own_is_not_applicable(made):
    record = made["reinforce"]
    assert record.status == "not_applicable"
    assert "which would differ from rank to rank" in record.reason
