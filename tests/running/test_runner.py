"""A sweep: what is to do, what is kept, and what a record repeats."""

import json
import os
import time
from pathlib import Path

import pytest

from benchmark.contracts.registry import Registry
from benchmark.running.engines.engine import Terms
from benchmark.running.engines.local import LocalEngine
from benchmark.running.planning import Wishes, plan
from benchmark.running.record import Record
from benchmark.running.runner import Progress, Sweep, run_jobs, sort_out
from benchmark.running.store import Damaged, Store
from benchmark.running.suites import find_suite
from benchmark.running.worker import run_cell
from benchmark.settings import Budget
from tests.factories import make_cell, make_record

PLUGIN = Path(__file__).with_name("misbehaving.py")
NAMES = ("raises", "hangs", "teacher_forcing", "scheduled_sampling")


def jobs(*baselines: str, seeds: int = 1, task: str = "hmm_language"):
    wishes = Wishes((task,), baselines, (), seeds, Budget(updates=2))
    return plan(Registry([PLUGIN]), find_suite("smoke"), wishes)


def mixed(seeds: int = 1):
    """Misbehaving and healthy cells, and one that is not applicable."""
    return jobs(*NAMES, seeds=seeds) + jobs("needy", seeds=seeds, task="g2p_sentences")


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> tuple[Store, Sweep, list[Progress]]:
    store, seen = Store(tmp_path_factory.mktemp("store")), []
    store.prepare()
    engine = LocalEngine(Terms(5, (str(PLUGIN),)), 2)
    return store, run_jobs(mixed(), store, Sweep(), engine, seen.append), seen


def test_every_cell_is_stored_and_read_back_whole(swept):
    store, sweep, _ = swept
    records, damaged = store.load_all()
    assert not damaged
    assert {record.cell.key for record in records} == {record.cell.key for record in sweep.made}
    assert len(records) == len(NAMES) + 1


def test_progress_is_reported_to_the_end(swept):
    _, _, seen = swept
    last = seen[-1]
    assert (last.done, last.total, last.failed, last.running) == (5, 5, 2, 0)
    assert last.cost_done == pytest.approx(last.cost_total)


def test_a_cell_that_was_not_applicable_does_not_count_as_work_done(swept):
    _, _, seen = swept
    priced = {job.cell.baseline.name: job.cpu_seconds for job in mixed()}
    assert seen[0].cost_total - seen[-1].cost_total == pytest.approx(priced["needy"])


def test_a_second_run_has_only_the_missing_to_do(swept, tmp_path):
    store, _, _ = swept
    sweep, to_do = sort_out(mixed(seeds=2), store)
    assert len(sweep.kept) == len(NAMES)  # what was not applicable is looked at again
    assert {job.cell.seed for job in to_do if job.cell.baseline.name != "needy"} == {1}


def test_a_cell_that_is_still_not_applicable_keeps_its_file(swept):
    store, sweep, _ = swept
    needy = [job for job in mixed() if job.cell.baseline.name == "needy"]
    before = {record.cell.key: store.mark(record.cell) for record in sweep.made if record.status == "not_applicable"}
    run_jobs(needy, store, Sweep(), LocalEngine(Terms(5, (str(PLUGIN),)), 1), lambda progress: None)
    assert {job.cell.key: store.mark(job.cell) for job in needy} == before


def test_a_status_can_be_retried(swept):
    store, _, _ = swept
    _, to_do = sort_out(mixed(), store, frozenset({"timeout", "error"}))
    assert {job.cell.baseline.name for job in to_do} == {"raises", "hangs", "needy"}


def test_a_truncated_record_is_reported_and_made_again_and_the_rest_is_kept(tmp_path):
    store = Store(tmp_path)
    store.prepare()
    todo = jobs("teacher_forcing", "scheduled_sampling")
    for job in todo:
        store.save(run_cell(job.cell, Registry()))
    victim = store.path(todo[0].cell)
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 2])

    sweep, again = sort_out(todo, store)
    assert [job.cell for job in again] == [todo[0].cell]
    assert [record.cell for record in sweep.kept] == [todo[1].cell]
    assert sweep.damaged[0].path == victim
    assert isinstance(store.load_all()[1][0], Damaged)

    store.save(run_cell(todo[0].cell, Registry()))
    assert json.loads(victim.read_bytes())["measures"] == json.loads(whole)["measures"]


def test_a_run_removes_what_a_killed_one_had_not_written_to_the_end(tmp_path):
    store, (job,) = Store(tmp_path), jobs("teacher_forcing")
    aside = store.path(job.cell).with_name(".abc.part")
    aside.parent.mkdir(parents=True)
    aside.write_text('{"cell":')
    run_jobs([job], store, Sweep(), LocalEngine(Terms(60), 1))
    assert [path.name for path in aside.parent.iterdir()] == [store.path(job.cell).name]


def test_no_record_is_read_again_at_the_end_that_nobody_has_touched(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.prepare()
    monkeypatch.setattr(Store, "load", lambda *_: pytest.fail("a record was read again"))
    kept = run_jobs(jobs("teacher_forcing"), store, Sweep(), LocalEngine(Terms(60), 1)).made
    done = run_jobs(jobs("scheduled_sampling"), store, Sweep(kept=kept), LocalEngine(Terms(60), 1))
    assert [record.status for record in done.records] == ["ok", "ok"]


def test_a_record_written_over_with_its_own_size_and_time_is_seen_to_be_touched(tmp_path):
    store, record = Store(tmp_path), make_record(make_cell())
    path = store.save(record)
    before, times = store.mark(record.cell), path.stat()
    time.sleep(0.05)  # the clock of a file system ticks some hundred times a second
    path.write_bytes(b" " * times.st_size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert store.mark(record.cell) != before
    assert store.mark(make_cell(seed=1)) is None


def test_the_same_cell_gives_byte_identical_measures():
    cell = jobs("scheduled_sampling")[0].cell
    one, two = (json.loads(run_cell(cell, Registry()).to_json()) for _ in range(2))
    for part in ("measures", "curves", "training_log"):
        assert json.dumps(one[part]) == json.dumps(two[part])


def test_two_seeds_give_different_measures():
    first, second = (job.cell for job in jobs("teacher_forcing", seeds=2))
    assert {first.seed, second.seed} == {0, 1}
    assert run_cell(first, Registry()).measures != run_cell(second, Registry()).measures


def test_a_task_without_its_package_is_not_applicable(monkeypatch):
    from tasks.g2p_sentences import G2pSentences

    monkeypatch.setattr(G2pSentences, "missing", classmethod(lambda cls: "needs a package"))
    cell = plan(Registry(), find_suite("smoke"), Wishes(("g2p_sentences",), ("teacher_forcing",)))[0].cell
    record = run_cell(cell, Registry())
    assert (record.status, record.reason) == ("not_applicable", "needs a package")
    assert isinstance(record, Record)
