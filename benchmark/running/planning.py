"""From names to cells: what a suite and the user's wishes come to. Every name and knob is checked here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from benchmark.contracts.registry import Kind, Registry
from benchmark.errors import UsageError
from benchmark.running.cell import Cell, Job, Part
from benchmark.running.suites import Setting, Suite
from benchmark.running.tuned import Tuned
from benchmark.settings import Budget, Device, Precision


@dataclass(frozen=True)
class Wishes:
    """What the user asks for beyond the suite; empty means as the suite has it.

    Attributes:
        baselines: names, or `name:knob=value,knob=value`.
        budget: for every cell in place of the suite's.
        tuned: what tuning chose; each that fits a setting of the suite and a baseline is run beside the defaults.
        device: where the models are.
        precision: of training, in place of the suite's.
    """

    tasks: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    seeds: int | None = None
    budget: Budget | None = None
    tuned: tuple[Tuned, ...] = ()
    device: Device = "cpu"
    precision: Precision | None = None


def plan(registry: Registry, suite: Suite, wishes: Wishes) -> list[Job]:
    """Return the cells, the costly first, so that none of them is left over at the end.

    Raises:
        UsageError: for an unknown task, model, baseline or knob, or a number of seeds below 1.
    """
    if wishes.seeds is not None and wishes.seeds < 1:
        raise UsageError(f"the number of seeds must be >= 1, got {wishes.seeds}")
    arms = [
        (setting, arm)
        for setting in suite.choose(wishes.tasks, wishes.models)
        for arm in _arms(registry, suite, setting, wishes)
    ]
    jobs = [
        _job(registry, setting, arm, seed, wishes)
        for setting, arm in arms
        for seed in range(wishes.seeds or arm.seeds or setting.seeds or suite.seeds)
    ]
    jobs += [_tuned(job, choice) for job in jobs for choice in wishes.tuned if _fits(job.cell, choice)]
    unique = {job.cell.key: job for job in jobs}
    return sorted(unique.values(), key=lambda job: -job.cpu_seconds)


class _Arm(NamedTuple):
    """A method of a setting; `seeds` is None where it has as many as the others."""

    baseline: Part
    budget: Budget
    seeds: int | None = None
    replicate: int = 0


def _arms(registry: Registry, suite: Suite, setting: Setting, wishes: Wishes) -> Iterator[_Arm]:
    """Yield the methods of a setting. Where the user names methods, these are all.

    The replicate is 0, and 1 for the A/A control of teacher forcing.
    """
    core = {spec: _baseline(registry, spec) for spec in wishes.baselines or setting.baselines or suite.baselines}
    special = {} if wishes.baselines else {spec: _baseline(registry, spec) for spec in setting.special}
    budget = wishes.budget or setting.budget
    for spec, baseline in (core | special).items():
        yield _Arm(baseline, budget, setting.seeds_of.get(spec))
        if setting.noise_floor and baseline.name == "teacher_forcing":
            yield _Arm(baseline, budget, replicate=1)
    if setting.evaluations and not wishes.budget:
        for baseline in core.values():
            yield _Arm(baseline, Budget(evaluations=setting.evaluations))


def _job(registry: Registry, setting: Setting, arm: _Arm, seed: int, wishes: Wishes) -> Job:
    precision = wishes.precision or setting.optimisation.precision
    cell = Cell(
        task=_part(registry, "tasks", setting.task),
        model=_part(registry, "models", setting.model, setting.model_knobs),
        baseline=arm.baseline,
        budget=arm.budget,
        optimisation=setting.optimisation.model_copy(update={"precision": precision}),
        evaluation=setting.evaluation,
        seed=seed,
        replicate=arm.replicate,
        device=wishes.device,
    )
    return Job(cell, setting.cpu_seconds)


def _fits(cell: Cell, choice: Tuned) -> bool:
    """Whether a choice is for this task, model and method.

    Raises:
        UsageError: if the method has changed since it was tuned.
    """
    same = (choice.task, choice.model, choice.baseline) == (cell.task.name, cell.model.name, cell.baseline.name)
    if same and choice.version != cell.baseline.version:
        raise UsageError(
            f"{choice.baseline} was tuned at version {choice.version} and is now {cell.baseline.version}; tune it again"
        )
    return same and not cell.replicate


def _tuned(job: Job, choice: Tuned) -> Job:
    part = job.cell.baseline.model_copy(update={"knobs": choice.knobs})
    optimisation = job.cell.optimisation.model_copy(update={"learning_rate": choice.learning_rate})
    settings = {"baseline": part, "optimisation": optimisation, "ruleset": "tuned"}
    return Job(job.cell.model_copy(update=settings), job.cpu_seconds)


def _part(registry: Registry, kind: Kind, name: str, knobs: dict | None = None) -> Part:
    entry = registry.entry(kind, name)
    resolve = getattr(entry.plugin, "resolve_knobs", None)  # tasks have no knobs
    try:
        return Part(name=name, version=entry.version, knobs=resolve(knobs or {}) if resolve else {})
    except ValidationError as error:
        what = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise UsageError(f"{name!r} cannot enter a cell: {what}") from None


def _baseline(registry: Registry, spec: str) -> Part:
    """Read `name` or `name:knob=value,knob=value`."""
    name, _, settings = spec.partition(":")
    knobs = {}
    for setting in filter(None, settings.split(",")):
        knob, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"a knob is set as name:knob=value, got {spec!r}")
        knobs[knob.strip()] = value.strip()
    return _part(registry, "baselines", name.strip(), knobs)
