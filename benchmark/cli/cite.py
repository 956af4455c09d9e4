"""`ebb cite`: BibTeX, caption and command of a figure, a task, a method or the suite."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from benchmark.errors import unknown_name

if TYPE_CHECKING:
    from benchmark.contracts.registry import Registry
    from benchmark.reporting.citing import Captioned, Citation


def cite(
    *names: str,
    results: Path = Path("results/runs/quick"),
    plugin: list[Path] | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Print BibTeX of the suite, and of the papers of a figure, a task or a baseline, with caption and command.

    What is printed is a BibTeX file: all but the entries stands in comments.

    Examples:

        ebb cite
        ebb cite scheduled_sampling copycat_tagging > references.bib
        ebb cite quality_vs_length --results results/runs/quick

    Args:
        names: of figures of a report, tasks or baselines; the suite alone if none is given.
        results: folder that a figure is made from; its tasks and methods are cited.
        plugin: a plugin file to cite from; may be given more than once.
        as_json: print `[{"kind", "name", "caption", "command", "entries"}]`.
    """
    from benchmark.reporting.citing import suite_citation, to_bibtex

    found = [suite_citation()]
    if names:
        from benchmark.contracts.registry import Registry

        registry = Registry(plugin or ())
        found = [_find(name, results, registry) for name in names]
    print(json.dumps([asdict(one) for one in found], indent=1) + "\n" if as_json else to_bibtex(found), end="")
    return 0


def figures() -> "Sequence[Captioned]":
    """The figures of a report."""
    from benchmark.reporting.figures.catalogue import FIGURES

    return FIGURES


def _find(name: str, results: Path, registry: "Registry") -> "Citation":
    """Find what has a name.

    Raises:
        UsageError: if nothing has it.
    """
    from benchmark.reporting.citing import Citation, cite_figure, with_suite

    for figure in figures():
        if figure.id == name:
            return cite_figure(figure, results, _papers(results, registry))
    for entry in registry.of("tasks"):
        if entry.name == name:
            command = f"ebb run --tasks {name}"
            return Citation("task", name, entry.summary, command, with_suite([registry.task(name).citation]))
    for entry in registry.of("baselines"):
        if entry.name == name:
            command = f"ebb run --baselines {name}" + (
                "" if name == "teacher_forcing" else " --baselines teacher_forcing"
            )
            return Citation("baseline", name, entry.summary, command, with_suite([registry.baseline(name).citation]))
    known = [figure.id for figure in figures()] + [entry.name for entry in registry.entries if entry.kind != "models"]
    raise unknown_name("figure, task or baseline", name, known)


def _papers(results: Path, registry: "Registry") -> Iterator[str]:
    """BibTeX of the tasks and methods of a folder of records; those that are not installed here are left out."""
    from benchmark.cli.board import stored_records
    from benchmark.reporting.board import AsNeeded

    cells = [record.cell for record in stored_records(results, AsNeeded())]
    used = {("tasks", cell.task.name) for cell in cells} | {("baselines", cell.baseline.name) for cell in cells}
    for entry in registry.entries:
        if (entry.kind, entry.name) in used and entry.plugin is not None:
            yield getattr(entry.plugin, "citation", "")
