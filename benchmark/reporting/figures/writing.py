"""Figures into files: PDF, SVG and PNG, and their data as CSV and JSON. The same records give the same bytes."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from benchmark.reporting.escapes import csv as inert
from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.results import Results
from benchmark.reporting.figures.sheet import Sheet
from benchmark.reporting.figures.style import KINDS, save
from benchmark.running.store import write_whole

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
    results: Results, folder: Path, figures: Iterable[ReportFigure], stamp: Stamp, sheet: Sheet | None = None
) -> Written:
    """Write each figure whose data there are; of one that is skipped, files of an earlier report are removed."""
    import matplotlib

    written, sheet = Written(), sheet or Sheet(results.methods)
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        try:
            rows = figure.rows(results)
        except Missing as reason:
            written.skipped[figure.id] = str(reason)
            for kind in (*KINDS, *DATA_KINDS):
                (folder / f"{figure.id}.{kind}").unlink(missing_ok=True)
            continue
        stem = folder / figure.id
        with matplotlib.rc_context(cast(Any, sheet.settings)):
            paths = save(figure.draw(rows, sheet), stem, str(stamp))
        written.paths[figure.id] = [*paths, *_write_data(figure, rows, stem, stamp)]
    return written


def _write_data(figure: ReportFigure, rows: Sequence[Row], stem: Path, stamp: Stamp) -> list[Path]:
    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in DATA_KINDS]
    write_whole(paths[0], _csv(rows))
    content = {"id": figure.id, "question": figure.question, "caption": figure.caption} | vars(stamp)
    write_whole(paths[1], json.dumps(content | {"rows": list(rows)}, allow_nan=False, indent=1) + "\n")
    return paths


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: inert(value) if isinstance(value, str) else value for name, value in row.items()})
    return text.getvalue()
