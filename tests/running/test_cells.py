"""Cells, records and the store."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmark.contracts.registry import Registry
from benchmark.errors import UsageError
from benchmark.measuring.evaluated import Evaluated
from benchmark.running.cell import Cell, Job
from benchmark.running.planning import Wishes, plan
from benchmark.running.provenance import provenance
from benchmark.running.record import Record
from benchmark.running.runner import Sweep
from benchmark.running.store import Damaged, Store, read_record
from benchmark.running.suites import Suite, find_suite, load_suites
from benchmark.settings import Budget
from benchmark.values import Point
from tests.factories import make_cell, make_record


def test_a_cell_that_went_through_a_file_is_the_same_cell(tmp_path):
    """A record sorts its keys; the key of a cell must not depend on their order."""
    cell = make_cell(zeta=1, alpha=2)
    store = Store(tmp_path)
    store.save(make_record(cell))
    back = store.load(cell)
    assert isinstance(back, Record)
    assert (back.cell.key, back.cell.group) == (cell.key, cell.group)


def test_everything_that_changes_the_number_changes_the_key():
    cell = make_cell(end=0.5)
    others = [
        make_cell(end=0.25),
        make_cell(end=0.5, seed=1),
        make_cell(end=0.5, baseline="free_running"),
        make_cell(end=0.5, task="hmm_language"),
        cell.model_copy(update={"budget": Budget(updates=3)}),
        cell.model_copy(update={"harness": 99}),
        cell.model_copy(update={"model": cell.model.model_copy(update={"knobs": {"width": 9}})}),
        cell.model_copy(update={"task": cell.task.model_copy(update={"version": "2"})}),
    ]
    assert len({other.key for other in [cell, *others]}) == len(others) + 1


def test_only_the_seed_is_left_out_of_the_group():
    assert make_cell(seed=0).group == make_cell(seed=5).group
    assert make_cell(end=0.1).group != make_cell(end=0.2).group


def test_a_negative_seed_is_refused_and_seed_zero_is_a_seed():
    assert make_cell(seed=0).id == "copycat_tagging/gru/teacher_forcing/s0"
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        make_cell(seed=-1)


def test_a_record_is_strict_json_with_every_float_intact():
    record = make_record(make_cell(), quality=(0.1, 1 / 3, 2 / 3))
    text = record.to_json()
    assert Record.model_validate_json(text) == record
    with pytest.raises(ValueError, match=r"spent.seconds\s+Input should be a valid number"):
        record.model_copy(update={"spent": {"seconds": float("nan")}}).to_json()


@given(st.data())
def test_a_record_that_was_cut_or_garbled_is_never_taken_for_one(data):
    text = make_record(make_cell()).to_json()
    cut = data.draw(st.integers(0, len(text) - 2))
    with pytest.raises(ValidationError):
        Record.model_validate_json(text[:cut])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"schema_version": 99}', b"\xff\xfe", b'{"a": NaN}'])
def test_a_damaged_file_is_named_with_its_reason(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    found = read_record(path)
    assert isinstance(found, Damaged)
    assert found.path == path
    assert found.reason


def test_saving_replaces_and_leaves_nothing_else_behind(tmp_path):
    store = Store(tmp_path)
    store.prepare()
    for quality in ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)):
        path = store.save(make_record(make_cell(), quality))
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
    assert json.loads(path.read_text())["curves"]["free_running"][0]["value"] == 0.4


@pytest.mark.parametrize("blocked", ["a file", "below a file"])
def test_an_unwritable_folder_is_found_before_anything_runs(tmp_path, blocked):
    file = tmp_path / "occupied"
    file.write_text("")
    with pytest.raises(UsageError, match=r"cannot write to the output folder .* choose another with --out"):
        Store(file if blocked == "a file" else file / "below").prepare()


def test_every_suite_plans_without_error_and_costly_cells_come_first():
    for suite in load_suites().values():
        jobs = plan(Registry(), suite, Wishes())
        again = sum((setting.seeds or suite.seeds) * setting.noise_floor for setting in suite.settings)
        assert len(jobs) == again + sum(
            (setting.seeds or suite.seeds)
            * (len(setting.baselines or suite.baselines) * (2 if setting.evaluations else 1) + len(setting.special))
            + sum(count - (setting.seeds or suite.seeds) for count in setting.seeds_of.values())
            for setting in suite.settings
        )
        assert sum(job.cell.replicate for job in jobs) == again
        costs = [job.cpu_seconds for job in jobs]
        assert costs == sorted(costs, reverse=True)


SPARSE = Suite.model_validate(
    {
        "summary": "one task",
        "seeds": 2,
        "timeout": 60,
        "baselines": ["teacher_forcing", "scheduled_sampling"],
        "plain": {},
        "settings": [
            {"task": "copycat_tagging", "special": ["dagger", "scheduled_sampling:coin=sequence"], "evaluations": 1000},
            {"task": "ring_tracking", "baselines": ["teacher_forcing"], "seeds": 1},
        ],
    }
)
MORE = {"teacher_forcing": 4, "scheduled_sampling:coin=sequence": 3}


def with_more_seeds(more: dict[str, int]) -> Suite:
    content = SPARSE.model_dump()
    content["settings"][0]["seeds_of"] = more
    return Suite.model_validate(content)


def arms(jobs: list[Job]) -> Counter:
    """How many seeds there are of each task, method and track."""
    return Counter(
        (
            job.cell.task.name,
            f"{job.cell.baseline.name} {job.cell.baseline.knobs.get('coin', '')}".strip(),
            job.cell.track,
        )
        for job in jobs
    )


def test_a_setting_has_special_methods_beside_the_core_ones_and_these_alone_in_the_compute_track():
    assert arms(plan(Registry(), SPARSE, Wishes())) == {
        ("copycat_tagging", "teacher_forcing", "updates"): 2,
        ("copycat_tagging", "scheduled_sampling token", "updates"): 2,
        ("copycat_tagging", "dagger", "updates"): 2,
        ("copycat_tagging", "scheduled_sampling sequence", "updates"): 2,
        ("copycat_tagging", "teacher_forcing", "evaluations"): 2,
        ("copycat_tagging", "scheduled_sampling token", "evaluations"): 2,
        ("ring_tracking", "teacher_forcing", "updates"): 1,
    }


def test_single_methods_may_have_more_seeds_in_the_track_of_equal_updates():
    found, plain = arms(plan(Registry(), with_more_seeds(MORE), Wishes())), arms(plan(Registry(), SPARSE, Wishes()))
    assert found - plain == {
        ("copycat_tagging", "teacher_forcing", "updates"): 2,
        ("copycat_tagging", "scheduled_sampling sequence", "updates"): 1,
    }
    assert plain - found == {}


def test_more_seeds_for_a_method_that_is_not_run_are_a_mistake():
    with pytest.raises(ValueError, match=r"methods that copycat_tagging is not run with: \['dager'\]"):
        with_more_seeds({"dager": 10})


def test_methods_seeds_and_budgets_that_the_user_names_are_all_there_is():
    wishes = Wishes(baselines=("dagger",), seeds=3, budget=Budget(updates=5))
    found = arms(plan(Registry(), SPARSE, wishes))
    assert found == {("copycat_tagging", "dagger", "updates"): 3, ("ring_tracking", "dagger", "updates"): 3}


def test_a_task_outside_the_suite_gets_plain_settings():
    suite = find_suite("smoke")
    chosen = suite.choose(("elsewhere",), ("lstm",))
    assert [(setting.task, setting.model, setting.model_knobs) for setting in chosen] == [("elsewhere", "lstm", {})]


def test_knobs_of_a_baseline_can_be_set_by_name():
    jobs = plan(Registry(), find_suite("smoke"), Wishes(baselines=("scheduled_sampling:end=0.5,coin=sequence",)))
    assert jobs[0].cell.baseline.knobs == {
        "end": 0.5, "schedule": "inverse_sigmoid", "coin": "sequence", "draw": "sample", "temperature": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (Wishes(tasks=("copycat",)), "unknown task 'copycat'; did you mean 'copycat_tagging'?"),
        (Wishes(models=("transfomer",)), "did you mean 'transformer'"),
        (Wishes(baselines=("reinforced",)), "did you mean 'reinforce'"),
        (Wishes(baselines=("scheduled_sampling:end",)), "a knob is set as name:knob=value"),
        (Wishes(baselines=("scheduled_sampling:end=2",)), "must lie in"),
        (Wishes(seeds=-1), "number of seeds must be >= 1, got -1"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_runs(wishes, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        plan(Registry(), find_suite("smoke"), wishes)


def test_plugins_from_outside_enter_by_the_hash_of_their_source(tmp_path):
    file = tmp_path / "mine.py"
    source = (
        "from benchmark.contracts import Baseline, Loss, token_nll\n"
        "class Mine(Baseline):\n    name, path = 'mine', 'parallel'\n"
        "    def loss(self, model, batch, ctx):\n        return Loss(token_nll(model(batch.tokens), batch))\n"
    )
    keys = []
    for name, text in (("one", source), ("two", source + "# changed\n"), ("three", source)):
        file = tmp_path / f"{name}.py"
        file.write_text(text)
        cell: Cell = plan(Registry([file]), find_suite("smoke"), Wishes(baselines=("mine",)))[0].cell
        assert cell.baseline.version.startswith("sha256:")
        keys.append(cell.key)
    assert keys[0] == keys[2] != keys[1]


def test_a_changed_copy_of_a_cell_has_a_key_of_its_own():
    cell = make_cell(seed=0)
    assert cell.key == make_cell(seed=0).key
    assert cell.model_copy(update={"seed": 1}).key == make_cell(seed=1).key != cell.key


def test_overhead_is_the_share_of_neither_updates_nor_evaluation():
    def spent(training: float, curve: float, evaluation: float, whole: float) -> Record:
        names = ("training", "learning_curve", "evaluation", "cell")
        seconds = zip(names, (training, curve, evaluation, whole), strict=True)
        return make_record(make_cell()).model_copy(
            update={"spent": {f"{name}_cpu_seconds": value for name, value in seconds}}
        )

    resumed = spent(50.0, 1.0, 1.0, 10.0)  # most of its updates were made by a process that was killed
    assert Sweep(made=[spent(6.0, 1.0, 2.0, 10.0), spent(8.0, 1.0, 1.0, 10.0), resumed]).overhead == pytest.approx(0.05)
    assert Sweep(made=[resumed]).overhead is None


def test_a_record_too_large_to_be_read_again_is_stored_as_an_error_that_says_so(tmp_path):
    point = Point(1, 4, 0.123456789)
    curves = {f"curve_{number}": [point] * 900 for number in range(60)}
    record = make_record(make_cell())
    store = Store(tmp_path)
    store.save(record.model_copy(update={"curves": record.curves | curves}))
    found = store.load(record.cell)
    assert isinstance(found, Record)
    assert found.status == "error"
    assert "its record would be larger than 2,097,152 bytes" in found.reason


def test_a_reason_of_any_length_and_letters_can_be_stored_and_read(tmp_path):
    reason = "begin" + "x" * 10**6 + "\udc80\x1b[2J end"
    record = Record(cell=make_cell(), status="error", reason=reason, traceback=reason)
    store = Store(tmp_path)
    store.save(record)
    found = store.load(record.cell)
    assert found == record
    assert len(record.reason) <= 20_000
    assert record.reason.startswith("begin")
    assert record.reason.endswith("?\x1b[2J end")
    assert "characters left out" in record.reason


def test_a_record_in_the_place_of_another_is_not_taken_for_it(tmp_path):
    """A file that was renamed by hand must not make a cell count as done."""
    store = Store(tmp_path)
    store.save(make_record(make_cell(seed=0))).rename(store.path(make_cell(seed=1)))
    found = store.load(make_cell(seed=1))
    assert isinstance(found, Damaged)
    assert "it holds the record of another cell" in found.reason


def test_what_is_as_good_as_infinite_is_entered_as_infinite():
    evaluated = Evaluated()
    evaluated.put("huge", 1e60, "nats", "lower")
    evaluated.put("finite", 1e49, "nats", "lower")
    assert (evaluated.measures["huge"].value, evaluated.measures["huge"].reason) == (None, "infinite")
    assert evaluated.measures["finite"].value == 1e49


def test_the_provenance_of_a_computing_process_says_what_decides_the_last_bits():
    assert {"torch", "torch_build", "cpu_capability", "machine"} <= provenance().keys()
