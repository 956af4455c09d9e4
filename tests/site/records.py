"""Records for the tests of the site: three tasks, two models, methods on every path, failures, and the A/A control."""

from collections.abc import Iterator

from benchmark.reporting.site import About, MethodAbout, Run, TaskAbout
from benchmark.running.record import Record
from benchmark.running.traces import Trace
from benchmark.values import Point
from tests.factories import FACTS, make_cell, make_record

PATHS = {"teacher_forcing": "parallel", "scheduled_sampling": "step-wise", "parallel_sampling": "k passes"}
SEEDS = 3
TASKS = {
    "labels": FACTS,
    "phonemes": FACTS.model_copy(
        update={"metric": "error rate", "direction": "lower", "floor": 1.0, "ceiling": 0.0, "failure": "open"}
    ),
    "chat": FACTS.model_copy(update={"failure": "compounding", "floor": None, "ceiling": None, "axis": "turn"}),
}
ABOUT = About(
    citation="@software{suite, title = {The suite}}",
    tasks={
        "labels": TaskAbout(
            "Label what is seen.",
            "@article{labels,\n  title = {Labels & more}\n}",
            "none needed",
            ((Run(True, "a"), Run(False, "A")), (Run(True, "b"), Run(False, "B"))),
        )
    },
    methods={name: MethodAbout(f"What {name} does.", path, f"@article{{{name}}}") for name, path in PATHS.items()},
    traces=(
        Trace(
            task="labels", title="labels/gru/teacher_forcing/s0", command="ebb trace FILE", given=("a", "b"),
            gold=("A", "B"), own=("A", "C"), wrong=(False, True), on_own=(0.9, 0.1), on_gold=(0.9, None),
        ),
    ),
)  # fmt: skip


def site_records() -> list[Record]:
    """Every cell; one seed of a method diverged on one task, and one method failed on another altogether."""
    return list(_records())


def _records() -> Iterator[Record]:
    for row, (task, facts) in enumerate(TASKS.items()):
        for column, baseline in enumerate(PATHS):
            for seed in range(SEEDS):
                cell = make_cell(task, baseline, seed)
                if task == "chat":
                    cell = cell.model_copy(update={"model": cell.model.model_copy(update={"name": "lstm"})})
                quality = tuple(0.9 - 0.1 * row - 0.2 * column * step - 0.01 * seed * (step + 1) for step in range(3))
                yield _became(_with_curves(make_record(cell, quality, facts)))
    for seed in range(SEEDS):
        again = make_cell("labels", seed=seed).model_copy(update={"replicate": 1})
        yield _with_curves(make_record(again, (0.88 + 0.01 * seed, 0.6, 0.2)))


def _with_curves(record: Record) -> Record:
    """With curves along other axes, one that the page has no words for, and a value that is missing."""
    lags = [Point(low=lag, high=lag, value=1 / lag) for lag in (1, 2, 4)]
    odd = [Point(low=1, high=4, value=0.5), Point(low=5, high=8, value=None), Point(low=9, high=16, value=0.25)]
    curves = {name: curve for name, curve in record.curves.items() if record.cell.task.name != "chat" or name != "gap"}
    return record.model_copy(update={"curves": curves | {"self_recovery": lags, "something_new": odd}})


def _became(record: Record) -> Record:
    cell = record.cell
    if (cell.task.name, cell.baseline.name, cell.seed) == ("labels", "scheduled_sampling", 2):
        return Record(cell=cell, status="diverged", reason="the loss was not finite at update 1", facts=record.facts)
    if (cell.task.name, cell.baseline.name) == ("phonemes", "parallel_sampling"):
        return Record(cell=cell, status="error", reason="KeyError: 'phoneme'", traceback="Traceback ...")
    return record
