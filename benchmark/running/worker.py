"""One cell, from its declaration to its record, in this process. Whatever goes wrong becomes the record's status."""

import math
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import torch.distributed

from benchmark.contracts.registry import Registry
from benchmark.contracts.task import Task
from benchmark.errors import Diverged, NotApplicable
from benchmark.learning.data_parallel import ParallelTrainer
from benchmark.learning.loop import Trainer, Training, build_model
from benchmark.measuring.evaluation import evaluate
from benchmark.measuring.learning_curve import LearningCurve
from benchmark.measuring.quality import finite
from benchmark.models import decode_attention, fast_linear
from benchmark.running.cell import Cell
from benchmark.running.checkpoint import Checkpoint, checkpoint_path
from benchmark.running.engines.engine import Terms
from benchmark.running.provenance import provenance
from benchmark.running.record import Record, Status
from benchmark.running.trackers.tracking import Tracking
from benchmark.values import Measure, Point, TaskFacts

NOT_TRACKED = Tracking()

Trained = Callable[[Task], tuple[Training, LearningCurve]]


def work(cell_json: str, terms: Terms) -> str:
    """Run a cell that arrives as JSON, with the plugin files it may need, and return its record as JSON.

    Text in and text out: a plugin's objects do not survive the way between processes.
    """
    if terms.ranks > 1:
        from benchmark.running.ranks import work_on_ranks  # here, as it takes a second to import

        return work_on_ranks(cell_json, terms)
    cell = Cell.model_validate_json(cell_json)
    checkpoint = None
    if terms.checkpoints:
        checkpoint = Checkpoint(checkpoint_path(terms.checkpoints, cell), cell, terms.interval)
    tracking = Tracking(Path(terms.logs), terms.track) if terms.logs else NOT_TRACKED
    registry = plugins_of(terms.plugins)
    return run_cell(cell, registry, checkpoint=checkpoint, tracking=tracking, validation=terms.validation).to_json()


@cache
def plugins_of(plugins: tuple[str, ...]) -> Registry:
    """All plugins that can be found, and those of some files; once in a process."""
    return Registry(map(Path, plugins))


def run_cell(
    cell: Cell,
    registry: Registry,
    observe: Callable[[float], None] = lambda progress: None,
    checkpoint: Checkpoint | None = None,
    tracking: Tracking = NOT_TRACKED,
    validation: bool = False,
) -> Record:
    """Run a cell and return its record; an exception of the cell is recorded, not raised.

    Args:
        observe: called with the progress of training before each update.
        checkpoint: where training goes on from and is saved to.
        tracking: where the figures of training go while it runs.
        validation: train only, and measure free-running quality on validation data; no test data are seen.
    """
    _warm_up(cell, registry)
    began, began_cpu, status, reason, trace = time.perf_counter(), time.process_time(), "ok", "", ""
    filled: dict = {}
    try:
        trained = partial(train_cell, cell, registry, observe=observe, checkpoint=checkpoint, tracking=tracking)
        filled = (_validate if validation else _run)(cell, registry, trained)
    except NotApplicable as problem:
        status, reason = "not_applicable", str(problem)
    except Diverged as problem:
        status, reason = "diverged", str(problem)
    except (Exception, SystemExit) as problem:
        status, reason = _classify(problem), f"{type(problem).__name__}: {problem}"
        trace = traceback.format_exc()
    own = {"cell_wall_seconds": time.perf_counter() - began, "cell_cpu_seconds": time.process_time() - began_cpu}
    spent = {**filled.pop("spent", {}), **own}
    origin = provenance() | {"linear": fast_linear.backend(), "attention": decode_attention.backend()}
    return Record(cell=cell, status=status, reason=reason, traceback=trace, spent=spent, provenance=origin, **filled)


def _warm_up(cell: Cell, registry: Registry) -> None:
    """Load what task and model need once in a process, so that no cell's clock is charged with it."""
    with suppress(Exception):  # it is the cell's to report, by its record
        _task_of(cell, registry).warm_up()
    if cell.device == "cpu":
        with suppress(Exception):
            registry.model(cell.model.name).warm_up(cell.model.knobs)


def _classify(problem: BaseException) -> Status:
    text = str(problem).lower()
    exhausted = isinstance(problem, MemoryError) or "can't allocate memory" in text or "out of memory" in text
    return "oom" if exhausted else "error"


def _task_of(cell: Cell, registry: Registry) -> Task:
    """Make the task of a cell, which its method can be tried on.

    Raises:
        NotApplicable: if the task lacks a package, or what the method needs.
    """
    task_class, baseline_class = registry.task(cell.task.name), registry.baseline(cell.baseline.name)
    if missing := task_class.missing():
        raise NotApplicable(missing)
    task, baseline = task_class(), baseline_class(**cell.baseline.knobs)
    if lacking := baseline.lacks(task):
        raise NotApplicable(f"{cell.baseline.name} needs {', '.join(lacking)}, which {cell.task.name} does not have")
    return task


def _run(cell: Cell, registry: Registry, trained: Trained) -> dict:
    """Train and evaluate; return the fields of the record that this fills."""
    task = _task_of(cell, registry)
    training, curve = trained(task)
    began = time.process_time()
    evaluated = evaluate(training.model, task, cell.evaluation, cell.seed)
    curve.put_into(evaluated)
    return {
        "facts": facts(task),
        "measures": evaluated.measures,
        "curves": evaluated.curves,
        "training_log": _plain(training.log),
        "spent": {
            **_cost(training),
            "learning_curve_cpu_seconds": curve.cpu_seconds,
            "evaluation_cpu_seconds": time.process_time() - began,
        },
    }


def _validate(cell: Cell, registry: Registry, trained: Trained) -> dict:
    """Train; return the fields of a record whose free-running quality is that on validation data.

    Raises:
        Diverged: if training or the quality left the finite numbers.
    """
    task = registry.task(cell.task.name)()
    _, curve = trained(task)
    quality = curve.reached[-1][2]
    if not math.isfinite(quality):
        raise Diverged(f"the validation quality is {quality}")
    measure = Measure(value=quality, unit=task.metric.unit, direction=task.metric.direction, reason="")
    point = Point(low=1, high=task.curve.trained[1], value=quality)
    return {"facts": facts(task), "measures": {"free_running": measure}, "curves": {"free_running": [point]}}


def train_cell(
    cell: Cell,
    registry: Registry,
    task: Task,
    observe: Callable[[float], None] = lambda progress: None,
    checkpoint: Checkpoint | None = None,
    tracking: Tracking = NOT_TRACKED,
) -> tuple[Training, LearningCurve]:
    """Train the model of a cell and observe it; the same cell gives the same weights on the same machine.

    Args:
        checkpoint: where training goes on from, if it was stopped, and is saved to.
        tracking: where the lines of its log go as they are made, and the points of its learning curve.
    """
    trainer, curve = _prepare(cell, registry, task)
    if checkpoint and not checkpoint.resume(trainer=trainer, curve=curve):
        trainer, curve = _prepare(cell, registry, task)  # what could not be taken up may have been taken up in part

    former = sorted([*trainer.log, *_lines(curve)], key=lambda line: line["update"])
    with tracking.of(cell, former) as trackers:

        def measure(at: Callable[[], None]) -> None:
            already = len(curve.reached)
            at()
            for line in _lines(curve)[already:]:
                trackers.log(line)

        def before_update(progress: float) -> None:
            if checkpoint:
                checkpoint.save_if_due(trainer=trainer, curve=curve)
            observe(progress)
            measure(lambda: curve(progress))

        training = trainer.run(before_update, trackers.log)
        measure(curve.finish)
    return training, curve


def _lines(curve: LearningCurve) -> list[dict[str, float]]:
    """The points of a learning curve as lines of a log."""
    return [
        {"update": updates, "evaluations": evaluations, "free_running": quality}
        for updates, evaluations, quality in curve.reached
    ]


def _prepare(cell: Cell, registry: Registry, task: Task) -> tuple[Trainer, LearningCurve]:
    model = build_model(registry.model(cell.model.name), task, cell.model.knobs, cell.seed, cell.replicate)
    model.to(cell.device)
    baseline = registry.baseline(cell.baseline.name)(**cell.baseline.knobs)
    curve = LearningCurve(model, task, baseline, cell.optimisation, cell.seed)
    trainer = ParallelTrainer if torch.distributed.is_initialized() else Trainer
    return trainer(model, task, baseline, cell.budget, cell.optimisation, cell.seed, cell.replicate), curve


def facts(task: Task) -> TaskFacts:
    """Gather what a reader of the record needs to know about its task."""
    return TaskFacts(
        metric=task.metric.name,
        unit=task.metric.unit,
        direction=task.metric.direction,
        axis=task.curve.axis,
        axis_unit=task.curve.unit,
        trained=task.curve.trained,
        decoding=task.decoding,
        floor=task.floor,
        ceiling=task.ceiling,
        controls=task.controls,
        failure=task.coordinates.failure,
        source=task.coordinates.source,
    )


def _cost(training: Training) -> dict[str, float]:
    spent = training.spent
    return {
        "updates": spent.updates,
        "evaluations": spent.evaluations,
        "training_tokens": spent.tokens,
        "training_cpu_seconds": spent.cpu_seconds,
        "training_wall_seconds": spent.wall_seconds,
        "training_tokens_per_cpu_second": spent.tokens / max(spent.cpu_seconds, 1e-9),
    }


def _plain(log: list[dict[str, float]]) -> list[dict[str, float | None]]:
    return [{name: finite(value) for name, value in line.items()} for line in log]
