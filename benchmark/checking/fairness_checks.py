"""What `ebb check` asks of a method so that a comparison is fair: what it sees, what it touches, what it costs.

Axes: B batch, T time, V vocabulary.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from benchmark.checking.conformance import Failed, need
from benchmark.checking.model_checks import largest_difference
from benchmark.checking.trials import UPDATES, Trial
from benchmark.checking.watching import Mixture, training_data_only, watched_mixtures, watched_passes
from benchmark.contracts.baseline import Baseline
from benchmark.contracts.batch import Batch
from benchmark.errors import Diverged, NotApplicable
from benchmark.learning.free_running import either
from benchmark.learning.loop import Trainer

_DEVIATIONS = 5  # of a binomial, by which a rate of mixing may be off
_CLOSE = 1e-4  # relative, of cached and parallel logits in float32


def objective_is_finite(trial: Trial) -> str:
    """The objective and its gradient stay finite."""
    try:
        log = trial.trainer().run().log
    except Diverged as problem:
        raise Failed(
            f"{problem}: most likely the logarithm of 0, a division by a count of 0, or 0 times the -inf of a symbol "
            "that is never emitted"
        ) from problem
    return f"objective {log[0]['objective']:.3g} at first, {log[-1]['objective']:.3g} at last"


def gradient_reaches_all(trial: Trial) -> str:
    """A gradient reaches every parameter of the model."""
    trainer = trial.trainer()
    untouched = dict(trainer.model.named_parameters())
    for _ in range(UPDATES):
        trainer.update()
        untouched = {
            name: parameter
            for name, parameter in untouched.items()
            if parameter.grad is None or not bool((parameter.grad != 0).any())
        }
    need(
        not untouched,
        f"no gradient ever reached {', '.join(untouched)}: most likely the loss was computed under no_grad or from "
        "detached features",
    )
    return f"{len(list(trainer.model.parameters()))} tensors"


def path_is_as_declared(trial: Trial) -> str:
    """Its path through the model, which it is filed under, is the one that it takes."""
    trainer = trial.trainer()
    with watched_passes(trainer.model) as passes:
        for _ in range(UPDATES):
            trainer.update()
    path = "step-wise" if passes.steps else "k passes" if passes.parallel > UPDATES else "parallel"
    need(
        path == trial.method.path,
        f"it declares {trial.method.path!r} and is {path!r}: {passes.steps} steps and {passes.parallel} parallel "
        f"passes of the model in {UPDATES} updates",
    )
    return path


def mixes_as_it_says(trial: Trial) -> str:
    """What it rolls in is what the model is trained on, mixed at the rate that it asked for."""
    trainer, missed, seen = trial.trainer(), 0, list[Mixture]()
    with watched_passes(trainer.model) as passes, watched_mixtures() as mixtures:
        for _ in range(UPDATES):
            trainer.update()
            missed += sum(not any(torch.equal(m.fed, tokens) for tokens in passes.with_gradient) for m in mixtures)
            seen += mixtures
            mixtures.clear()
            passes.with_gradient.clear()
    if not seen:
        raise NotApplicable("it never rolls in")
    need(
        missed == 0,
        f"{missed} of {len(seen)} mixtures of gold and own tokens never reached a pass with gradient: most likely the "
        "loss is computed on batch.tokens instead of on what was fed",
    )
    for mixture in seen:
        kept = either(mixture.gold, mixture.fed, mixture.batch.tokens)
        need(torch.equal(kept, mixture.batch.tokens), "where gold was asked for, something else was fed")
    return _rate(seen)


def _rate(mixtures: list[Mixture]) -> str:
    """Compare the share of gold with what was asked for, over all own positions of a training."""
    own = [mixture.batch.own for mixture in mixtures]
    count = sum(int(where.sum()) for where in own)
    asked = sum(float(m.probability[where].sum()) for m, where in zip(mixtures, own, strict=True)) / count
    found = sum(int(m.gold[where].sum()) for m, where in zip(mixtures, own, strict=True)) / count
    coins = sum(len(where) for where in own)  # at least one a sequence
    need(
        abs(found - asked) <= _DEVIATIONS * 0.5 / coins**0.5,
        f"gold was asked for at {asked:.3f} of the positions and fed at {found:.3f}",
    )
    return f"{len(mixtures)} mixtures, gold at {found:.3f} of the positions, {asked:.3f} asked for"


def evaluations_are_counted(trial: Trial) -> str:
    """Every token that passes through a network is counted in the budget.

    Networks of another kind than the model cannot be watched; a method that has some counts them itself, on top.
    """
    trainer = trial.trainer()
    counts_more = type(trainer.baseline).evaluations is not Baseline.evaluations
    with watched_passes(trainer.model) as passes:
        for _ in range(UPDATES):
            trainer.update()
    counted = trainer.spent.evaluations
    need(
        abs(counted - passes.evaluations) <= 1 or (counts_more and counted > passes.evaluations),
        f"{passes.evaluations:.0f} evaluations were made and {counted} counted: most likely a network was called by "
        "`advance` instead of forward, hidden, prefill or step, or is kept in something without state_dict",
    )
    return f"{counted} in {UPDATES} updates"


def keeps_to_training_data(trial: Trial) -> str:
    """It draws no validation and no test data."""
    trainer = trial.trainer()
    with training_data_only(trainer.task):
        trainer.run()
    return ""


def leaves_global_generators_alone(trial: Trial) -> str:
    """It draws from no global generator and sets none."""
    trainer, before = trial.trainer(), _global_states()
    with torch.random.fork_rng(devices=[]):
        trainer.run()
        after = _global_states()
    for (name, state), (_, other) in zip(before, after, strict=True):
        need(
            state == other,
            f"the global generator of {name} was used: such draws differ from run to run and upset those of others; "
            "draw from ctx.stream(name)",
        )
    return ", ".join(name for name, _ in before)


def _global_states() -> list[tuple[str, Any]]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  it is the global one that is looked at
    return [
        ("torch", torch.get_rng_state().tolist()),
        ("numpy", (kind, list(keys), rest)),
        ("random", random.getstate()),
    ]


def leaves_its_inputs_alone(trial: Trial) -> str:
    """It changes neither the batch nor the mode of the model."""
    trainer = trial.trainer()
    for _ in range(UPDATES):
        with _kept_batch(trainer) as batches:
            trainer.update()
        for batch, before in batches:
            same = all(map(torch.equal, (batch.tokens, batch.given, batch.valid), before))
            need(same, "the gold batch was changed in place; work on a clone")
        need(trainer.model.training, "it left the model in evaluation mode, so that dropout is off from then on")
        frozen = [name for name, parameter in trainer.model.named_parameters() if not parameter.requires_grad]
        need(not frozen, f"it left {', '.join(frozen)} without gradient")
    return ""


@contextmanager
def _kept_batch(trainer: Trainer) -> Iterator[list[tuple[Batch, tuple[torch.Tensor, ...]]]]:
    """The batches that are drawn, each with a copy of what was in it."""
    task: Any = trainer.task
    sample, drawn = task.sample, []

    def keeping(*arguments: Any) -> Batch:
        batch = sample(*arguments)
        drawn.append((batch, tuple(part.clone() for part in (batch.tokens, batch.given, batch.valid))))
        return batch

    task.sample = keeping
    yield drawn
    task.sample = sample


def decodes_as_in_parallel(trial: Trial) -> str:
    """Step by step, the deployed model says what it says in parallel."""
    trainer = trial.trainer()
    model = trainer.run().model
    batch = trainer.task.sample("train", 4, trainer.task.curve.trained, torch.Generator().manual_seed(0))
    difference, column = largest_difference(model, batch.tokens)
    need(
        difference <= _CLOSE,
        f"cached decoding differs from the parallel pass by {difference:.1e} at column {column}: most likely "
        "`deployed` returns a model whose `step` does not do what its `forward` does",
    )
    return f"largest relative difference {difference:.0e}"


FAIRNESS_CHECKS: tuple[Callable[[Trial], str], ...] = (
    objective_is_finite,
    gradient_reaches_all,
    path_is_as_declared,
    mixes_as_it_says,
    evaluations_are_counted,
    keeps_to_training_data,
    leaves_global_generators_alone,
    leaves_its_inputs_alone,
    decodes_as_in_parallel,
)
