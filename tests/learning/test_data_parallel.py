"""Shares of a batch add up to the batch."""

from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist

from baselines.reinforce import Reinforce
from baselines.teacher_forcing import TeacherForcing
from benchmark.contracts.baseline import Baseline
from benchmark.errors import NotApplicable
from benchmark.learning.context import UpdateContext
from benchmark.learning.data_parallel import ParallelTrainer
from benchmark.learning.loop import Trainer
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tests.factories import EndingTask, make_model, prompted_batch

TASK = EndingTask()


@pytest.fixture(autouse=True)
def group(tmp_path) -> Iterator[None]:
    """A process group of this process alone."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/group", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def trainer(kind: type[Trainer], baseline: Baseline, batch: int = 5) -> Trainer:
    model = make_model(GRU, TASK.space)
    return kind(model, TASK, baseline, Budget(updates=5), Optimisation(batch=batch), 0)


def test_one_rank_is_one_process_bit_for_bit():
    one, other = trainer(Trainer, TeacherForcing()).run(), trainer(ParallelTrainer, TeacherForcing()).run()
    assert one.log == other.log
    assert one.spent.evaluations == other.spent.evaluations
    for single, shared in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(single, shared)


@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_the_losses_of_the_shares_add_up_to_that_of_the_batch_though_rows_differ_in_length(ranks):
    shared = trainer(ParallelTrainer, TeacherForcing())
    assert isinstance(shared, ParallelTrainer)
    batch = prompted_batch(rows=5, symbols=4)
    assert len(set(batch.lengths.tolist())) > 1
    ctx = UpdateContext(TASK, shared.origin, 0, 0.0)
    whole = shared.baseline.loss(shared.model, batch, ctx)
    parts = []
    for rank in range(ranks):
        shared.rank, shared.ranks = rank, ranks
        parts.append(shared.loss(batch, ctx))
    assert sum(part.objective.item() for part in parts) == pytest.approx(whole.objective.item(), rel=1e-12)
    assert sum(part.nll for part in parts) == pytest.approx(whole.nll, rel=1e-12)


def test_a_method_that_keeps_something_of_its_own_is_not_applicable():
    with pytest.raises(NotApplicable, match="which would differ from rank to rank"):
        trainer(ParallelTrainer, Reinforce())


def test_the_ranks_draw_from_streams_of_their_own(monkeypatch):
    first = trainer(ParallelTrainer, TeacherForcing())
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    second = trainer(ParallelTrainer, TeacherForcing())
    assert first.origin == second.origin == first.within != second.within


def test_a_batch_with_fewer_rows_than_ranks_is_not_applicable(monkeypatch):
    monkeypatch.setattr(dist, "get_world_size", lambda: 6)
    with pytest.raises(NotApplicable, match="a batch of 5 cannot be shared by 6 ranks"):
        trainer(ParallelTrainer, TeacherForcing())
