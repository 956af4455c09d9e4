"""What the site says of tasks and methods beyond their records, asked of the plugins."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.contracts.registry import Registry
    from benchmark.contracts.task import Task
    from benchmark.reporting.site import About, MethodAbout, Run, TaskAbout
    from benchmark.running.record import Record

_LONGEST_EXAMPLE = 600


def about(folder: Path, records: "Iterable[Record]", plugins: Sequence[Path] = ()) -> "About":
    """Ask the plugins of these records and read the traces of their folder; what is not found here is left out."""
    from benchmark.contracts.registry import Registry
    from benchmark.reporting.citing import suite_entry
    from benchmark.reporting.escapes import plain
    from benchmark.reporting.site import About
    from benchmark.running.store import Store
    from benchmark.running.traces import load_traces

    registry = Registry(plugins)
    traces, damaged = load_traces(Store(folder))
    for file in damaged:
        print(plain(f"damaged trace {file.path}: {file.reason}; `ebb trace` makes it again"), file=sys.stderr)
    cells = [record.cell for record in records]
    tasks = {name: _task(registry, name) for name in sorted({cell.task.name for cell in cells})}
    methods = {name: _method(registry, name) for name in sorted({cell.baseline.name for cell in cells})}
    return About(
        citation=suite_entry(),
        tasks={name: found for name, found in tasks.items() if found},
        methods={name: found for name, found in methods.items() if found},
        traces=tuple(traces),
    )


def _task(registry: "Registry", name: str) -> "TaskAbout | None":
    from benchmark.reporting.site import TaskAbout

    try:
        entry, task = registry.entry("tasks", name), registry.task(name)
    except UsageError:  # a record may come from anywhere
        return None
    return TaskAbout(entry.summary, task.citation.strip(), task.licence, () if task.missing() else _examples(task()))


def _examples(task: "Task") -> "tuple[tuple[Run, ...], ...]":
    from benchmark.measuring.showing import examples
    from benchmark.reporting.site import Run

    return tuple(tuple(Run(run["given"], _cut(run["text"])) for run in runs) for runs in examples(task))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]} ..."


def _method(registry: "Registry", name: str) -> "MethodAbout | None":
    from benchmark.reporting.site import MethodAbout

    try:
        entry, method = registry.entry("baselines", name), registry.baseline(name)
    except UsageError:
        return None
    return MethodAbout(entry.summary, method.path, method.citation.strip(), method.resolve_knobs({}))
