"""Training that was stopped goes on from where it was, and its record is that of an uninterrupted one."""

import time

import pytest
import torch

from benchmark.contracts.registry import Registry
from benchmark.running.cell import Cell
from benchmark.running.checkpoint import Checkpoint, checkpoint_path
from benchmark.running.engines.engine import Terms
from benchmark.running.engines.local import LocalEngine
from benchmark.running.planning import Job
from benchmark.running.runner import Sweep, run_jobs
from benchmark.running.store import Store
from benchmark.running.worker import run_cell
from benchmark.settings import Budget
from tests.factories import make_cell
from tests.running.faults import numbers

UPDATES = 8


class Stopped(BaseException):
    """What a stopped cell raises here: nothing catches it."""


def cell(baseline: str = "teacher_forcing", seed: int = 0) -> Cell:
    made = make_cell("hmm_language", baseline, seed)
    model = made.model.model_copy(update={"knobs": {"width": 8, "dropout": 0.2, "layers": 1}})
    return made.model_copy(update={"model": model, "budget": Budget(updates=UPDATES)})


def stop_before(update: int, what: Cell, checkpoint: Checkpoint) -> None:
    """Run a cell, and stop it before some update (counted from 0)."""

    def observe(progress: float) -> None:
        if round(progress * UPDATES) == update:
            raise Stopped

    with pytest.raises(Stopped):
        run_cell(what, Registry(), observe, checkpoint)


def updates_made(what: Cell, checkpoint: Checkpoint) -> tuple[int, tuple]:
    """Updates that a run still makes, and its numbers."""
    seen = []
    record = run_cell(what, Registry(), seen.append, checkpoint)
    return len(seen), numbers(record)


@pytest.mark.parametrize("baseline", ["teacher_forcing", "reinforce", "averaged_weights"])
def test_stopped_at_any_update_a_cell_ends_with_the_numbers_of_an_uninterrupted_one(tmp_path, baseline):
    whole = numbers(run_cell(cell(baseline), Registry()))
    assert whole[0] == "ok"
    for update in range(UPDATES):
        path = tmp_path / f"{update}.pt"
        stop_before(update, cell(baseline), Checkpoint(path, cell(baseline), 0))
        assert updates_made(cell(baseline), Checkpoint(path, cell(baseline), 0)) == (UPDATES - update, whole)


def test_a_cell_that_is_stopped_again_and_again_comes_to_its_end(tmp_path):
    path = tmp_path / "again.pt"
    for update in range(1, UPDATES):
        stop_before(update, cell(), Checkpoint(path, cell(), 0))
    assert updates_made(cell(), Checkpoint(path, cell(), 0)) == (1, numbers(run_cell(cell(), Registry())))


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def emptied(path):
    path.write_bytes(b"")


def of_another_cell(path):
    stop_before(4, cell(seed=1), Checkpoint(path, cell(seed=1), 0))


def of_another_torch(path):
    content = torch.load(path, weights_only=True)
    torch.save(content | {"origin": content["origin"] | {"torch": "1.0"}}, path)


def lacking_a_part(path):
    content = torch.load(path, weights_only=True)
    del content["parts"]["curve"]
    torch.save(content, path)


class Malicious:
    def __reduce__(self):
        return (pytest.fail, ("code in a checkpoint was run",))


def with_code_inside(path):
    torch.save({"origin": Malicious()}, path)


@pytest.mark.parametrize("damage", [cut, emptied, of_another_cell, of_another_torch, lacking_a_part, with_code_inside])
def test_a_damaged_or_foreign_checkpoint_is_told_and_training_begins_anew(tmp_path, capsys, damage):
    path = tmp_path / "state.pt"
    stop_before(4, cell(), Checkpoint(path, cell(), 0))
    damage(path)
    whole = numbers(run_cell(cell(), Registry()))
    assert updates_made(cell(), Checkpoint(path, cell(), 1000)) == (UPDATES, whole)
    assert f"the checkpoint {path} cannot be taken up, training begins anew" in capsys.readouterr().err


def test_a_checkpoint_that_cannot_be_written_is_told_and_training_goes_on(tmp_path, capsys):
    (tmp_path / "occupied").write_text("a file where a folder should be")
    checkpoint = Checkpoint(tmp_path / "occupied" / "state.pt", cell(), 0)
    assert run_cell(cell(), Registry(), checkpoint=checkpoint).status == "ok"
    assert "cannot be written" in capsys.readouterr().err


def test_nothing_is_saved_before_the_interval_has_passed(tmp_path):
    run_cell(cell(), Registry(), checkpoint=Checkpoint(tmp_path / "state.pt", cell(), 1000))
    assert not list(tmp_path.iterdir())


SLOW = """
import time
from tests.running.misbehaving import Behaves

class Slow(Behaves):
    \"\"\"Takes a quarter of a second for each update.\"\"\"
    name = "slow"
    def loss(self, model, batch, ctx):
        time.sleep(0.1)
        return super().loss(model, batch, ctx)
"""


def test_a_cell_that_took_too_long_goes_on_when_retried_and_leaves_no_checkpoint(tmp_path):
    plugin, store = tmp_path / "slow.py", Store(tmp_path)
    plugin.write_text(SLOW)
    store.prepare()
    slow = cell("slow")
    slow = slow.model_copy(update={"budget": Budget(updates=24)})
    terms = Terms(2.5, (str(plugin),), checkpoints=str(store.checkpoints), interval=0)
    tries, deadline = [], time.monotonic() + 120
    while not tries or (tries[-1].status == "timeout" and time.monotonic() < deadline):
        sweep = run_jobs([Job(slow, 1.0)], store, Sweep(), LocalEngine(terms, 1))
        tries.append(sweep.made[0])
        assert checkpoint_path(store.checkpoints, slow).exists() == (tries[-1].status == "timeout")
    assert tries[-1].status == "ok"
    assert len(tries) > 1
    assert numbers(tries[-1]) == numbers(run_cell(slow, Registry([plugin])))
    assert not list(store.checkpoints.iterdir())
