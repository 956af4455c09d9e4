"""`ebb check` of methods and models: every built-in one passes, and each way of being wrong is named."""

import json
from pathlib import Path

import pytest

from benchmark.checking.baseline_checks import (
    declares_itself,
    knobs_are_alive,
    reduces_as_declared,
    repeats_itself,
    resumes,
    runs_everywhere,
)
from benchmark.checking.conformance import Failed, apply, statement
from benchmark.checking.fairness_checks import (
    decodes_as_in_parallel,
    evaluations_are_counted,
    gradient_reaches_all,
    keeps_to_training_data,
    leaves_global_generators_alone,
    leaves_its_inputs_alone,
    mixes_as_it_says,
    objective_is_finite,
    path_is_as_declared,
)
from benchmark.checking.model_checks import MODEL_CHECKS
from benchmark.checking.plugins import BASELINE_CHECKS, MODELS
from benchmark.checking.trials import Trial
from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry

REGISTRY = Registry()
BASELINES = [entry.name for entry in REGISTRY.of("baselines")]
FOLDER = Path(__file__).parents[1] / "broken_plugins"

BROKEN = {
    "undocumented": (declares_itself, "citation is not a BibTeX entry"),
    "draws_without_seed": (
        repeats_itself,
        "most likely something is drawn from a generator that no seed reaches, or kept between trainings; draw from "
        "ctx.stream(name)",
    ),
    "forgets_its_state": (
        resumes,
        "most likely an attribute that changes during training is not in `state_dict`; keep it in something that has "
        "`state_dict` and `load_state_dict`",
    ),
    "keeps_odd_state": (
        resumes,
        "its state cannot be read back as tensors, numbers, words, lists and dicts",
    ),
    "wrong_reduction": (reduces_as_declared, "at weight=0.0 the weights differ from those of teacher_forcing by"),
    "upsets_dropout": (reduces_as_declared, "or an extra pass draws from the stream of dropout (ctx.side_pass)"),
    "dead_knob": (
        knobs_are_alive,
        "knob 'gold_probability' has no effect: 0.0 and 1.0 give the same weights: most likely the value is never "
        "used, or something else takes its place; if it matters only under other settings, say so with active_when",
    ),
    "wants_an_expert": (
        runs_everywhere,
        "on lorenz63 (vectors) it ends with NotApplicable: needs expert, which the task does not have; declare it in "
        "the method's `needs`; if it is not meant for such sequences, declare what it needs",
    ),
    "not_a_number": (
        objective_is_finite,
        "the objective is nan at update 0: most likely the logarithm of 0, a division by a count of 0, or 0 times the "
        "-inf of a symbol that is never emitted",
    ),
    "detached_features": (
        gradient_reaches_all,
        "no gradient ever reached embedding.weight,",
    ),
    "claims_to_be_parallel": (path_is_as_declared, "it declares 'parallel' and is 'step-wise':"),
    "trains_on_gold": (
        mixes_as_it_says,
        "10 of 10 mixtures of gold and own tokens never reached a pass with gradient: most likely the loss is computed "
        "on batch.tokens instead of on what was fed",
    ),
    "passes_uncounted": (
        evaluations_are_counted,
        "1920 evaluations were made and 0 counted: most likely a network was called by `advance` instead of forward, "
        "hidden, prefill or step, or is kept in something without state_dict",
    ),
    "reads_test_data": (
        keeps_to_training_data,
        "it draws test data while it trains; all that it may use is the batch that it is given",
    ),
    "global_generator": (
        leaves_global_generators_alone,
        "the global generator of torch was used: such draws differ from run to run and upset those of others; draw "
        "from ctx.stream(name)",
    ),
    "changes_the_batch": (leaves_its_inputs_alone, "the gold batch was changed in place; work on a clone"),
    "stays_in_evaluation": (
        leaves_its_inputs_alone,
        "it left the model in evaluation mode, so that dropout is off from then on",
    ),
    "stale_cache": (
        decodes_as_in_parallel,
        "most likely `deployed` returns a model whose `step` does not do what its `forward` does",
    ),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("check", BASELINE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_keeps_its_promises(name, check, model):
    outcome, detail = apply(Trial(REGISTRY, REGISTRY.baseline(name), REGISTRY.model(model)), check)
    assert outcome != "failed", f"{statement(check)}: {detail}"


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", [entry.name for entry in REGISTRY.of("models")])
def test_every_model_keeps_its_promises(name, check):
    outcome, detail = apply(REGISTRY.model(name), check)
    assert outcome == "passed", f"{statement(check)}: {detail}"


def test_every_check_states_what_it_asks():
    assert len({statement(check) for check in BASELINE_CHECKS}) == len(BASELINE_CHECKS) == 15
    assert len({statement(check) for check in MODEL_CHECKS}) == len(MODEL_CHECKS) == 8


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_baseline_is_named_with_the_likely_cause(name):
    check, message = BROKEN[name]
    registry = Registry([FOLDER / f"{name}.py"])
    with pytest.raises(Failed) as failure:
        check(Trial(registry, registry.baseline(name), registry.model("gru")))
    assert message in str(failure.value)


def test_each_broken_plugin_has_its_line_in_the_table():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(BROKEN)
    assert {check for check, _ in BROKEN.values()} == set(BASELINE_CHECKS)


def test_a_failed_check_is_the_exit_code_and_a_line_of_json(capsys):
    code = execute(["check", "dead_knob", "--plugin", str(FOLDER / "dead_knob.py"), "--models", "gru", "--json"])
    lines = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [line["check"] for line in lines if line["outcome"] == "failed"] == [statement(knobs_are_alive)]
    assert {line["plugin"] for line in lines} == {"dead_knob on gru"}


def test_checks_are_counted_for_people(capsys):
    assert execute(["check", "teacher_forcing", "gru", "--models", "gru"]) == 0
    out = capsys.readouterr().out
    assert "15 checks: 12 passed, 3 not applicable" in out
    assert "23 checks: 20 passed, 3 not applicable" in out


def test_an_unknown_name_is_answered_with_the_nearest(capsys):
    assert execute(["check", "teacher_forcin"]) == 2
    assert "did you mean 'teacher_forcing'?" in capsys.readouterr().err
