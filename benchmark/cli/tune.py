"""`ebb tune`: choose knobs and learning rate on validation data, with the same number of trials for every method."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from benchmark.cli.console import wide_console
from benchmark.cli.selection import Positive
from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.running.tuning import Study, Tuned


def tune(
    *baselines: str,
    suite: str = "quick",
    tasks: list[str] | None = None,
    models: list[str] | None = None,
    trials: Annotated[int, Positive] = 20,
    seeds: Annotated[int, Positive] = 2,
    updates: Annotated[int | None, Positive] = None,
    jobs: Annotated[int | None, Positive] = None,
    timeout: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    engine: Literal["local", "ray", "slurm"] = "local",
    address: str | None = None,
    out: Path | None = None,
    plugin: list[Path] | None = None,
) -> int:
    """Tune methods on the tasks of a suite: knobs within their ranges, and the learning rate.

    Every method gets the same number of trials, teacher forcing always among them; the first is the suite's own
    settings. A trial is judged by free-running quality on validation data, mean over tuning seeds, which count from a
    million: no result is computed on them. Trials are written down as they end; the same command goes on from there.

    Examples:

        ebb tune scheduled_sampling reinforce --tasks copycat_tagging --trials 20
        ebb run quick --tasks copycat_tagging --tuned results/runs/quick/tuned.json

    Args:
        baselines: names of methods; teacher_forcing is added.
        suite: smoke, quick or full: whose budgets, models and tasks.
        tasks: these tasks only; may be given more than once.
        models: these models in place of the suite's.
        trials: how many, the same for every method on every task.
        seeds: tuning seeds of each trial.
        updates: of every training, in place of the suite's.
        jobs: trainings at a time, each with one thread; one per core of this machine if not given.
        timeout: seconds a training may take.
        engine: local processes, ray (the extra `ray`) or tasks of slurm (the extra `slurm`).
        address: of a running Ray cluster, "auto" for that of this machine; without it Ray is started here.
        out: folder for the trials and tuned.json; results/runs/SUITE if not given.
        plugin: a plugin file; may be given more than once.
    """
    from benchmark.cli.run import cores, plugin_files
    from benchmark.contracts.registry import Registry
    from benchmark.running.engines.choice import make_engine
    from benchmark.running.engines.engine import Terms
    from benchmark.running.planning import Wishes, plan
    from benchmark.running.store import make_writable
    from benchmark.running.suites import find_suite
    from benchmark.settings import Budget

    _need_optuna()
    from benchmark.running.tuning import FIRST_SEED, Study, run_studies

    registry, chosen = Registry(plugin or ()), find_suite(suite)
    folder = out or Path("results/runs") / suite
    make_writable(folder)
    names = tuple(dict.fromkeys(("teacher_forcing", *baselines)))
    budget = Budget(updates=updates) if updates else None
    wishes = Wishes(tuple(tasks or ()), names, tuple(models or ()), 1, budget)
    cells = [job.cell for job in plan(registry, chosen, wishes) if not job.cell.replicate]
    studies, tuning_seeds = [], tuple(range(FIRST_SEED, FIRST_SEED + seeds))
    for cell in cells:
        task, method = registry.task(cell.task.name), registry.baseline(cell.baseline.name)
        lacking = task.missing() or method(**cell.baseline.knobs).lacks(task())
        if lacking:
            print(f"not applicable: {cell.id.rpartition('/')[0]}: {lacking}", file=sys.stderr)
            continue
        name = f"{cell.task.name}.{cell.model.name}.{cell.baseline.name}.jsonl"
        higher = task.metric.direction == "higher"
        studies.append(Study(cell, method.declared_knobs(), higher, folder / "tuning" / name, tuning_seeds))
    terms = Terms(timeout or chosen.timeout, plugin_files(plugin), validation=True)
    made = make_engine(engine, terms, jobs or cores(), folder / "tuning", address)
    run_studies(studies, trials=trials, engine=made, report=_report)
    found = [result for study in studies if (result := study.chosen()) is not None]
    path = folder / "tuned.json"
    path.write_text(json.dumps([result.model_dump(mode="json") for result in found], indent=1) + "\n", encoding="utf-8")
    _print(found)
    print(f"\nwritten: {path}; `ebb run {suite} --tuned {path}` adds them to a leaderboard")
    return 0 if len(found) == len(studies) else 1


def _need_optuna() -> None:
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise UsageError("tuning needs optuna: pip install 'exposure-bias-benchmark[tune]'")


def _report(study: "Study", line: dict[str, Any]) -> None:
    quality = line["reason"] if line["quality"] is None else f"{line['quality']:.4g}"
    name = study.cell.id.rpartition("/")[0]
    print(f"{name} trial {len(study.lines)}: {quality}", file=sys.stderr, flush=True)


def _print(found: "list[Tuned]") -> None:
    from rich.table import Table

    table = Table(title="On validation data, tuning seeds", title_justify="left")
    for column in ("task", "model", "baseline", "default", "tuned", "learning rate", "knobs"):
        table.add_column(column)
    for result in found:
        before = "failed" if result.default_quality is None else f"{result.default_quality:.4g}"
        knobs = ", ".join(f"{name}={_short(value)}" for name, value in result.knobs.items())
        rate, quality = f"{result.learning_rate:.2g}", f"{result.quality:.4g}"
        table.add_row(result.task, result.model, result.baseline, before, quality, rate, knobs)
    wide_console().print(table)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
