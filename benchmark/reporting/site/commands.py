"""The command that computes a cell again, found among the suites that ship."""

import shlex
from collections.abc import Mapping, Sequence

from benchmark.reporting.site.about import MethodAbout
from benchmark.running.cell import HARNESS, Cell
from benchmark.running.record import Record
from benchmark.running.suites import Setting, load_suites


def commands(groups: Sequence[Sequence[Record]], methods: Mapping[str, MethodAbout]) -> list[str]:
    """Write the commands that compute these groups of seeds again, one for all methods that share all else.

    Args:
        groups: records that differ in nothing but the seed. The A/A control is left out: its suite adds it.
        methods: known methods; of one that is not, every knob is set.

    Returns:
        Commands; a comment in place of one where none gives the settings of a cell.
    """
    found: dict[str, list[str]] = {}
    for group in groups:
        cell = group[0].cell
        if not cell.replicate:
            seeds = 1 + max(record.cell.seed for record in group)
            wanted = found.setdefault(_without_method(cell, seeds), [])
            wanted += [method] if (method := _method(cell, methods)) not in wanted else []
    return [
        f"{command} {' '.join(f'--baselines {method}' for method in wanted)}" if command
        else f"# no command of this version gives these settings; the records hold them all: {' '.join(wanted)}"
        for command, wanted in found.items()
    ]  # fmt: skip


def _without_method(cell: Cell, seeds: int) -> str:
    """The command but for the methods, "" where there is none."""
    suite, setting = _setting(cell)
    if setting is None:
        return ""
    parts = [f"ebb run {suite} --tasks {cell.task.name} --models {cell.model.name} --seeds {seeds}"]
    if cell.budget != setting.budget:
        kind = "updates" if cell.budget.updates else "evaluations"
        parts.append(f"--{kind} {getattr(cell.budget, kind)}")
    if cell.optimisation.precision != setting.optimisation.precision:
        parts.append(f"--precision {cell.optimisation.precision}")
    if cell.device != "cpu":
        parts.append(f"--device {cell.device}")
    parts += [_plugin(part.name) for part in (cell.task, cell.model) if _is_foreign(part.version)]
    return " ".join(parts)


def _setting(cell: Cell) -> tuple[str, Setting | None]:
    """Find the suite and its setting that a cell has, budget and precision aside."""
    for name, suite in load_suites().items():
        for setting in suite.choose((cell.task.name,), (cell.model.name,)):
            knobs = {knob: cell.model.knobs.get(knob) for knob in setting.model_knobs}
            optimisation = setting.optimisation.model_copy(update={"precision": cell.optimisation.precision})
            declared = knobs, optimisation, setting.evaluation, HARNESS, "defaults"
            if declared == (setting.model_knobs, cell.optimisation, cell.evaluation, cell.harness, cell.ruleset):
                return name, setting
    return "", None


def _method(cell: Cell, methods: Mapping[str, MethodAbout]) -> str:
    known = methods.get(cell.baseline.name)
    defaults = known.defaults if known else {}
    knobs = [f"{name}={value}" for name, value in cell.baseline.knobs.items() if defaults.get(name) != value]
    text = shlex.quote(cell.baseline.name + (":" + ",".join(knobs) if knobs else ""))
    return f"{text} {_plugin(cell.baseline.name)}" if _is_foreign(cell.baseline.version) else text


def _is_foreign(version: str) -> bool:
    return version.startswith("sha256:")


def _plugin(name: str) -> str:
    return f"--plugin FILE_OF_{name}"
