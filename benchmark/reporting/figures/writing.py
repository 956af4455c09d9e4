"""Figures into files: PDF, SVG and PNG, and their data as CSV and JSON. The same records give the same bytes."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.reporting.escapes import csv as inert
from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet
from benchmark.reporting.figures.style import KINDS, save
from benchmark.reporting.results import Results
from benchmark.running.store import write_whole
from benchmark.writing import json_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DATA_KINDS = ("csv", "json")


@dataclass(frozen=True)
class Stamp:
    """Where a figure comes from, as its metadata say.

    Attributes:
        run: name of the run, with a hash of its results.
        commit: of the sources that made the records.
        command: that makes the figure again.
    """

    run: str
    commit: str
    command: str

    def __str__(self) -> str:
        return f"{self.command}; run {self.run}; commit {self.commit}"


@dataclass
class Written:
    """What became of figures.

    Attributes:
        paths: the files, by id.
        skipped: why a figure was not drawn, by id.
    """

    paths: dict[str, list[Path]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def write_figures(
    results: Results,
    folder: Path,
    figures: Iterable[ReportFigure],
    stamp: Stamp,
    sheet: Sheet | None = None,
    kinds: Sequence[str] = KINDS,
) -> Written:
    """Write each figure whose data there are, in these kinds of file, over what an earlier report left of it."""
    import matplotlib

    written, sheet = Written(), sheet or Sheet(results.methods)
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        _remove(figure, folder)
        try:
            rows = figure.rows(results)
        except Missing as reason:
            written.skipped[figure.id] = str(reason)
            continue
        with matplotlib.rc_context(sheet.settings):
            drawn = _draw(figure, rows, sheet)
            paths = [path for name, one in drawn.items() for path in save(one, folder / name, str(stamp), kinds)]
        width = max(float(one.get_figwidth()) for one in drawn.values())
        written.paths[figure.id] = [*paths, *_write_data(figure, rows, folder / figure.id, stamp, round(width, 2))]
    return written


def _remove(figure: ReportFigure, folder: Path) -> None:
    for kind in (*KINDS, *DATA_KINDS):
        for path in (folder / f"{figure.id}.{kind}", *folder.glob(f"{figure.id}-*.{kind}")):
            path.unlink(missing_ok=True)


def _draw(figure: ReportFigure, rows: list[Row], sheet: Sheet) -> "dict[str, Figure]":
    """Draw a figure, or place by place one that is too tall for a page; by name of the file."""
    whole = figure.draw(rows, sheet)
    if whole.get_figheight() <= sheet.tallest or "task" not in rows[0]:
        return {figure.id: whole}
    places: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        places.setdefault((row["task"], row["model"]), []).append(row)
    if len(places) == 1:
        return {figure.id: whole}
    return {f"{figure.id}-{task}-{model}": figure.draw(own, sheet) for (task, model), own in places.items()}


def _write_data(figure: ReportFigure, rows: Sequence[Row], stem: Path, stamp: Stamp, width: float) -> list[Path]:
    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in DATA_KINDS]
    write_whole(paths[0], _csv(rows))
    content = {"id": figure.id, "question": figure.question, "caption": figure.caption, "width_inches": width}
    write_whole(paths[1], json_lines(content | vars(stamp) | {"rows": list(rows)}))
    return paths


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: inert(value) if isinstance(value, str) else value for name, value in row.items()})
    return text.getvalue()
