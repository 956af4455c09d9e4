"""What `ebb check` asks of a method: is it what it says it is?

Each check trains it for a few updates on small tasks; the first line of its documentation is what is asked.

Axes: B batch, T time.
"""

import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from benchmark.checking.conformance import Failed, need
from benchmark.checking.probes import PROBES, probes
from benchmark.checking.trials import UPDATES, Trial, flat
from benchmark.contracts.baseline import Baseline, Reduction
from benchmark.contracts.knobs import Knob
from benchmark.contracts.networks import copy_weights
from benchmark.errors import Diverged, NotApplicable
from benchmark.learning.loop import Trainer

_TOLERANCE = 1e-10


def declares_itself(trial: Trial) -> str:
    """It says what it is, where it comes from, and what each knob does and how far it goes."""
    method = trial.method
    need(bool((method.__doc__ or "").strip()) and method.__doc__ != Baseline.__doc__, "the class has no documentation")
    need(method.citation.lstrip().startswith("@"), "citation is not a BibTeX entry")
    need(method.version >= 1, f"version must be >= 1, got {method.version}")
    need(method.path in ("parallel", "k passes", "step-wise"), f"path is {method.path!r}, which is no training path")
    knobs = method.declared_knobs()
    for name, knob in knobs.items():
        need(bool(knob.help.strip()), f"knob {name!r} has no help")
        need(bool(_ends(knob)), f"knob {name!r} has neither choices nor a low and a high end")
        for other, values in knob.active_when.items():
            need(other in knobs, f"knob {name!r} is active when {other!r} has a value, and there is no such knob")
            for value in values:
                knobs[other].check(value)
    return f"version {method.version}, {method.path}, {len(knobs)} knobs"


def repeats_itself(trial: Trial) -> str:
    """The same seed gives the same weights."""
    once, again = trial.weights(dropout=0.2), trial.weights(dropout=0.2)
    need(
        torch.equal(once, again),
        f"two trainings with the same seed differ by {_distance(once, again):.1e}: most likely something is drawn from "
        "a generator that no seed reaches, or kept between trainings; draw from ctx.stream(name)",
    )
    need(not torch.equal(once, trial.weights(dropout=0.2, seed=1)), "another seed gives the same weights")
    return f"{len(once)} weights after {UPDATES} updates"


def resumes(trial: Trial) -> str:
    """Stopped at half and taken up again, it ends with the weights of an uninterrupted training."""
    trainer = trial.trainer(dropout=0.2)
    for _ in range(UPDATES // 2):
        trainer.update()
    state = _through_a_file(trainer.state_dict())
    other = trial.trainer(dropout=0.2)
    other.load_state_dict(state)
    ends = flat(trainer.run().model), flat(other.run().model)
    need(
        torch.equal(*ends),
        f"they differ by {_distance(*ends):.1e}: most likely an attribute that changes during training is not in "
        "`state_dict`; keep it in something that has `state_dict` and `load_state_dict`",
    )
    need(
        trainer.spent.evaluations == other.spent.evaluations,
        f"{trainer.spent.evaluations} evaluations without and {other.spent.evaluations} with an interruption: a "
        "network beside the model forgets its count",
    )
    return f"stopped at update {UPDATES // 2}"


def _through_a_file(state: Any) -> Any:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    try:
        return torch.load(file, weights_only=True)
    except Exception as error:
        problem = str(error).strip().splitlines()[-1]
        raise Failed(f"its state cannot be read back as tensors, numbers, words, lists and dicts: {problem}") from error


def reduces_as_declared(trial: Trial) -> str:
    """At the knobs that it declares it is the other method."""
    if not trial.method.reduces_to:
        raise NotApplicable("it declares no reduction")
    return "; ".join(_reduce(trial, reduction) for reduction in trial.method.reduces_to)


def _reduce(trial: Trial, reduction: Reduction) -> str:
    other = trial.registry.baseline(reduction.to)
    at = dict(reduction.at)
    task = _first(trial, trial.method(**at), reduction)
    words = ", ".join(f"{name}={value}" for name, value in at.items()) or "its defaults"
    exact = reduction.same_operations
    options: dict[str, Any] = {"task": task, "double": not exact, "dropout": 0.2 if exact else 0.0}
    own, theirs = trial.trainer(at, **options), trial.trainer(dict(reduction.there), method=other, **options)
    what, distance = "weights" if exact else "gradients", (_weights_apart if exact else _gradients_apart)(own, theirs)
    need(
        distance <= (0.0 if exact else _TOLERANCE),
        f"at {words} the {what} differ from those of {reduction.to} by {distance:.1e} within {UPDATES} updates: most "
        "likely the knob does not reach the loss, or an extra pass draws from the stream of dropout (ctx.side_pass)",
    )
    return f"{words} is {reduction.to} {'bit for bit' if exact else f'to {_TOLERANCE:.0e}'}"


def _weights_apart(one: Trainer, other: Trainer) -> float:
    return _distance(flat(one.run().model), flat(other.run().model))


def _gradients_apart(one: Trainer, other: Trainer) -> float:
    """Largest difference of the gradients along a training, at the same weights: rounding is not to add up."""
    worst = 0.0
    for _ in range(UPDATES):
        copy_weights(one.model, other.model)
        one.update()
        other.update()
        pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
        worst = max(worst, *(_distance(own.grad, theirs.grad) for own, theirs in pairs))
    return worst


def _first(trial: Trial, method: Baseline, reduction: Reduction) -> str:
    applicable = probes(trial.registry, method)
    if not reduction.space:
        return applicable[0]
    wanted = [name for name in applicable if (name == "lorenz63") == (reduction.space == "continuous")]
    if not wanted:
        raise Failed(f"it declares a reduction in {reduction.space} spaces, in which it cannot be run")
    return wanted[0]


def knobs_are_alive(trial: Trial) -> str:
    """Every knob, where it is active, changes the weights: at the defaults, or with others at their ends."""
    knobs = trial.method.declared_knobs()
    if not knobs:
        raise NotApplicable("it has no knobs")
    dead = [text for name, knob in knobs.items() for text in _dead(trial, name, knob)]
    need(
        not dead,
        f"{'; '.join(dead)}: most likely the value is never used, or something else takes its place; if it matters "
        "only under other settings, say so with active_when",
    )
    return ", ".join(knobs)


def _dead(trial: Trial, name: str, knob: Knob) -> Iterator[str]:
    """Name pairs of values of a knob that give the same weights on every task."""
    knobs, active = trial.method.declared_knobs(), {other: values[0] for other, values in knob.active_when.items()}
    others = {other: _ends(found) for other, found in knobs.items() if other not in {name, *active}}
    elsewhere = [active | {other: end} for other, ends in others.items() for end in ends]
    ranges = {other: ends for other, ends in others.items() if not knobs[other].choices}
    elsewhere += [active | {other: ends[place] for other, ends in ranges.items()} for place in (0, -1)]
    for one, other in itertools.combinations(_ends(knob), 2):
        if not any(_differ(trial, around | {name: one}, around | {name: other}) for around in (active, *elsewhere)):
            yield f"knob {name!r} has no effect: {one!r} and {other!r} give the same weights"


def _differ(trial: Trial, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two settings give different weights on a task to which both are applicable."""
    tasks = probes(trial.registry, trial.method(**one))
    shared = [task for task in probes(trial.registry, trial.method(**other)) if task in tasks]
    return any(not torch.equal(_outcome(trial, one, task), _outcome(trial, other, task)) for task in shared)


def _outcome(trial: Trial, knobs: dict[str, Any], task: str) -> Tensor:
    try:
        return trial.weights(knobs, task=task)
    except Diverged as problem:
        words = ", ".join(f"{name}={value}" for name, value in knobs.items())
        raise Failed(f"at {words} {problem}: narrow the range of the knob") from problem


def _ends(knob: Knob) -> tuple[Any, ...]:
    """The values of a knob that are compared: its choices, or both ends of its range."""
    if knob.choices:
        return knob.choices
    if isinstance(knob.default, bool):
        return (False, True)
    if knob.low is None or knob.high is None:
        return ()
    return (type(knob.default)(knob.low), type(knob.default)(knob.high))


def runs_everywhere(trial: Trial) -> str:
    """It trains on each kind of sequence that it does not decline."""
    done = []
    for name in probes(trial.registry, trial.method()):
        try:
            training = trial.trainer(task=name).run()
        except Exception as error:
            raise Failed(
                f"on {name} ({PROBES[name][1]}) it ends with {type(error).__name__}: {error}; if it is not meant for "
                "such sequences, declare what it needs"
            ) from error
        figures = [line["objective"] for line in training.log]
        need(all(map(_finite, figures)), f"on {name} an objective is not finite: {figures}")
        done.append(name)
    return ", ".join(done)


def _finite(value: float) -> bool:
    return abs(value) < float("inf")


def _distance(one: Tensor | None, other: Tensor | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    return float((one - other).abs().max()) if one.shape == other.shape else float("inf")


BEHAVIOUR_CHECKS: tuple[Callable[[Trial], str], ...] = (
    declares_itself,
    repeats_itself,
    resumes,
    reduces_as_declared,
    knobs_are_alive,
    runs_everywhere,
)
