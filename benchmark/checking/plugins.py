"""Which checks a plugin of each kind is put through."""

from collections.abc import Iterator

from benchmark.checking.baseline_checks import BEHAVIOUR_CHECKS
from benchmark.checking.conformance import Verdict, verdicts
from benchmark.checking.fairness_checks import FAIRNESS_CHECKS
from benchmark.checking.model_checks import MODEL_CHECKS
from benchmark.checking.oracle_checks import ORACLE_CHECKS
from benchmark.checking.task_checks import DATA_CHECKS
from benchmark.checking.trials import Trial
from benchmark.contracts.registry import KINDS, Kind, Registry
from benchmark.errors import UsageError, unknown_name

BASELINE_CHECKS = (*BEHAVIOUR_CHECKS, *FAIRNESS_CHECKS)
TASK_CHECKS = (*DATA_CHECKS, *ORACLE_CHECKS)
MODELS = ("gru", "transformer")
"""On which a method is tried if nothing is said."""


def kind_of(registry: Registry, name: str) -> Kind:
    """Find what kind of plugin a name belongs to.

    Raises:
        UsageError: if there is no such plugin, or one of several kinds.
    """
    found: list[Kind] = [kind for kind in KINDS if any(entry.name == name for entry in registry.of(kind))]
    if len(found) > 1:
        raise UsageError(f"{name!r} is the name of {' and of '.join(found)}; rename one")
    if not found:
        raise unknown_name("task, baseline or model", name, (e.name for kind in KINDS for e in registry.of(kind)))
    return found[0]


def check_plugin(
    registry: Registry, name: str, models: tuple[str, ...] = MODELS
) -> Iterator[tuple[str, list[Verdict]]]:
    """Put a plugin through the checks of its kind; a method once for each model.

    Yields:
        What was checked, e.g. "dagger on gru", and the verdicts.

    Raises:
        UsageError: if the plugin cannot be had here.
    """
    kind = kind_of(registry, name)
    if kind == "tasks":
        task = registry.task(name)
        if reason := task.missing():
            raise UsageError(f"{name} {reason}")
        yield name, list(verdicts(task(), TASK_CHECKS))
    elif kind == "models":
        yield name, list(verdicts(registry.model(name), MODEL_CHECKS))
    else:
        for model in models:
            trial = Trial(registry, registry.baseline(name), registry.model(model))
            yield f"{name} on {model}", list(verdicts(trial, BASELINE_CHECKS))
