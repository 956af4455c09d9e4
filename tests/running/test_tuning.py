"""Tuning: a fair number of trials, on validation data and seeds of its own, that goes on where it stopped."""

import json
from pathlib import Path

import pytest

from benchmark.cli.main import execute
from benchmark.contracts import Knob
from benchmark.contracts.registry import Registry
from benchmark.errors import UsageError
from benchmark.running.search_space import defaults, suggest
from benchmark.running.store import Store
from benchmark.running.tuning import FIRST_SEED, Study
from benchmark.running.worker import run_cell
from benchmark.settings import Budget
from tasks.copycat_tagging import CopycatTagging
from tests.factories import make_cell

KNOBS = {
    "share": Knob(0.5, low=0.0, high=1.0, help="a share"),
    "count": Knob(4, low=2, high=8, help="a count", active_when={"kind": ("many",)}),
    "kind": Knob("one", choices=("one", "many"), help="a kind"),
}


class Fixed:
    """A trial that chooses the high end, and a kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def suggest_float(self, name, low, high, log):
        return high

    def suggest_int(self, name, low, high, log):
        return high

    def suggest_categorical(self, name, choices):
        return self.kind


def test_a_knob_is_searched_only_where_it_is_active():
    assert suggest(Fixed("one"), KNOBS, 1e-3) == ({"share": 1.0, "count": 4, "kind": "one"}, 4e-3)
    assert suggest(Fixed("many"), KNOBS, 1e-3) == ({"share": 1.0, "count": 8, "kind": "many"}, 4e-3)


def study(path: Path) -> Study:
    return Study(make_cell(), KNOBS, True, path / "trials.jsonl")


def run_trials(trials: Study, count: int) -> list[dict]:
    """Trials whose quality is the share, which has its best at .8."""
    seen = []
    for _ in range(count):
        trial, cell = trials.propose()
        quality = 1 - abs(float(cell.baseline.knobs["share"]) - 0.8)
        line = {"study": trials.fingerprint, "knobs": cell.baseline.knobs, "quality": quality, "reason": ""}
        trials.tell(trial, line | {"learning_rate": cell.optimisation.learning_rate, "seeds": [FIRST_SEED]})
        seen.append(cell.baseline.knobs | {"learning_rate": cell.optimisation.learning_rate})
    return seen


def test_the_first_trial_is_the_suites_own_and_the_best_is_chosen(tmp_path):
    trials = study(tmp_path)
    seen = run_trials(trials, 12)
    assert seen[0] == defaults(KNOBS, make_cell().optimisation.learning_rate)
    chosen = trials.chosen()
    assert chosen is not None
    assert chosen.quality == max(1 - abs(line["share"] - 0.8) for line in seen) > chosen.default_quality
    assert chosen.trials == 12


def test_a_study_that_was_stopped_proposes_what_it_would_have_proposed(tmp_path):
    whole = run_trials(study(tmp_path / "whole"), 8)
    assert run_trials(study(tmp_path / "parts"), 5) == whole[:5]
    assert run_trials(study(tmp_path / "parts"), 3) == whole[5:]


def test_a_failed_trial_is_an_outcome_and_never_chosen(tmp_path):
    trials = study(tmp_path)
    trial, _ = trials.propose()
    line = {"study": trials.fingerprint, "knobs": {}, "learning_rate": 1.0, "quality": None, "reason": "diverged"}
    trials.tell(trial, line)
    assert trials.chosen() is None
    run_trials(trials, 1)
    chosen = trials.chosen()
    assert chosen is not None
    assert chosen.default_quality is None


def test_tuning_reaches_for_no_test_data(monkeypatch):
    sample, splits = CopycatTagging.sample, set()

    def watched(self, split, *rest):
        splits.add(split)
        return sample(self, split, *rest)

    monkeypatch.setattr(CopycatTagging, "sample", watched)
    cell = make_cell(seed=FIRST_SEED).model_copy(update={"budget": Budget(updates=4)})
    assert run_cell(cell, Registry(), validation=True).status == "ok"
    assert splits == {"train", "validation"}


def test_both_rulesets_stand_on_the_board(tmp_path, capsys):
    tune = ["tune", "scheduled_sampling", "--suite", "smoke", "--tasks", "copycat_tagging", "--out", str(tmp_path)]
    assert execute([*tune, "--trials", "2", "--seeds", "1", "--updates", "4"]) == 0
    tuned = json.loads((tmp_path / "tuned.json").read_text())
    assert {entry["baseline"] for entry in tuned} == {"teacher_forcing", "scheduled_sampling"}
    assert {entry["trials"] for entry in tuned} == {2}
    run = ["run", "smoke", "--tasks", "copycat_tagging", "--updates", "4", "--out", str(tmp_path)]
    named = ["--baselines", "teacher_forcing", "--baselines", "scheduled_sampling"]
    assert execute([*run, *named, "--tuned", str(tmp_path / "tuned.json")]) == 0
    rows = {row["baseline"]: row for row in json.loads((tmp_path / "leaderboard.json").read_text())["rows"]}
    assert set(rows) == {
        f"{name}{mark}" for name in ("teacher_forcing", "scheduled_sampling") for mark in ("", " (tuned)")
    }
    assert rows["scheduled_sampling (tuned)"]["gain_seeds"] == 1
    seeds = {record.cell.seed for record in Store(tmp_path).load_all()[0]}
    assert max(seeds) < FIRST_SEED
    capsys.readouterr()
    assert execute([*run, "--tuned", str(tmp_path / "leaderboard.json")]) == 2
    assert "is not what `ebb tune` writes" in capsys.readouterr().err


@pytest.mark.parametrize("problem", ["--trials", "--seeds"])
def test_a_number_below_one_is_refused(problem, capsys):
    assert execute(["tune", "reinforce", problem, "0"]) == 2


def test_tuning_takes_an_engine_as_a_run_does(tmp_path, capsys):
    command = ["tune", "reinforce", "--suite", "smoke", "--tasks", "copycat_tagging", "--out", str(tmp_path)]
    assert execute([*command, "--address", "auto"]) == 2
    assert "--address is that of a Ray cluster and goes with --engine ray" in capsys.readouterr().err


def test_a_study_whose_trials_are_damaged_is_refused_with_the_line(tmp_path):
    (tmp_path / "trials.jsonl").write_text('{"study": 3}\n')
    with pytest.raises(UsageError, match=r"trials\.jsonl, line 1 holds no trials of `ebb tune`"):
        study(tmp_path)
