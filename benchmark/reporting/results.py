"""What figures are made from: the records of a folder, grouped over seeds, and where they come from."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.reading import Refused, parse_json, read_bounded
from benchmark.reporting.board import board_of
from benchmark.reporting.claims import CLAIMS, Judged, judge
from benchmark.reporting.grouping import COMPUTE, Group, group_records, main_track
from benchmark.reporting.normalised import normalised_scores
from benchmark.reporting.overall import overall
from benchmark.reporting.scores import Scores
from benchmark.reporting.statistics import Interval, t_intervals
from benchmark.running.record import Record, values_of
from benchmark.running.suites import find_suite
from benchmark.values import TaskFacts

Row = dict[str, Any]

_MOST_BYTES = 2**24
_FIRST = "quick"


@dataclass(frozen=True)
class Series:
    """The records of one method at one place that ended well, one a seed.

    Attributes:
        baseline: the method's label on the board.
    """

    task: str
    model: str
    baseline: str
    facts: TaskFacts
    records: Sequence[Record]

    @property
    def place(self) -> Row:
        """The first columns of every row of a figure."""
        return {"task": self.task, "model": self.model, "baseline": self.baseline}

    def measures(self, names: Sequence[str]) -> list[Interval]:
        """Means over seeds of measures, with intervals."""
        return t_intervals([values_of(self.records, name) for name in names])

    def spent(self, name: str) -> float | None:
        """Mean over seeds of a cost."""
        return t_intervals([[record.spent.get(name) for record in self.records]])[0].mean

    def curve(self, name: str) -> list[Row]:
        """Rows of low, high, value and its interval over seeds; where a seed lacks a value there is none."""
        curves = [
            {(point.low, point.high): point.value for point in record.curves.get(name, ())} for record in self.records
        ]
        places = list(curves[0])
        intervals = t_intervals([[curve.get(place) for curve in curves] for place in places])
        return [
            {"low": low, "high": high, "value": found.mean, "value_low": found.low, "value_high": found.high}
            for (low, high), found in zip(places, intervals, strict=True)
        ]


@dataclass(frozen=True)
class Results:
    """A folder of results.

    Attributes:
        name: of the folder, of letters, digits, dots, underscores and hyphens.
        groups: label of a method in its place, and its records over seeds.
        throughput: rows of throughput.json, where `ebb throughput` has put one.
    """

    name: str
    groups: Sequence[Group]
    throughput: Sequence[Row] = ()

    @classmethod
    def of(cls, records: Sequence[Record], folder: Path) -> "Results":
        """Group the records of a folder."""
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name).strip("-._") or "results"
        return cls(name, group_records(records), read_throughput(folder))

    @property
    def methods(self) -> tuple[str, ...]:
        """All labels, in order."""
        return in_order({label for label, _ in self.groups})

    @property
    def records(self) -> list[Record]:
        """All records, by group."""
        return [record for _, group in self.groups for record in group]

    @cached_property
    def rows(self) -> list[Row]:
        """The leaderboard, a row for each group; see `board_of`."""
        return board_of(self.groups)

    @cached_property
    def scores(self) -> Scores | None:
        """Normalised quality at equal updates, of the largest part without a hole; see `normalised_scores`."""
        return normalised_scores(main_track(self.groups))

    @cached_property
    def overall(self) -> list[Row]:
        """The methods over all tasks, a row for each; see `overall`."""
        return overall(self.groups)

    @cached_property
    def claims(self) -> list[Judged]:
        """Published claims, judged by these records."""
        return judge(self.records, CLAIMS)

    @property
    def run(self) -> str:
        """Name of the run: its folder, and a hash of which cells there are and what they came to."""
        digest = hashlib.sha256()
        lines = (f"{record.cell.group} {record.cell.seed} {record.status} {_main(record)}\n" for record in self.records)
        for line in sorted(lines):
            digest.update(line.encode())
        return f"{self.name}-{digest.hexdigest()[:12]}"

    @property
    def commits(self) -> str:
        """Of the sources that the records were made with."""
        found = {record.provenance.get("commit", "unknown") for record in self.records}
        return ", ".join(sorted(found))

    def series(self) -> Iterator[Series]:
        """Yield what ended well, by task and model, methods in the order of `methods`."""
        order = {label: index for index, label in enumerate(self.methods)}
        kept = []
        for label, group in main_track(self.groups):
            ok = [record for record in group if record.status == "ok"]
            if ok and ok[0].facts:
                cell = ok[0].cell
                kept.append(Series(cell.task.name, cell.model.name, label, ok[0].facts, ok))
        yield from sorted(kept, key=lambda series: (series.task, series.model, order[series.baseline]))


def _main(record: Record) -> float | None:
    measure = record.measures.get("free_running")
    return measure.value if measure else None


def read_throughput(folder: Path) -> list[Row]:
    """Read throughput.json of a folder; without one there are no rows."""
    path = folder / "throughput.json"
    if not path.exists():
        return []
    try:
        content = read_bounded(path, _MOST_BYTES)
        parse_json(content)
        rows = json.loads(content)["rows"]
    except (Refused, OSError, KeyError, TypeError):
        return []
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else []


def in_order(labels: set[str]) -> tuple[str, ...]:
    """Order labels of methods: those of the default suite first, the compute track last.

    The order decides how a method looks, in every figure and on the page.
    """
    first = [name for name in find_suite(_FIRST).baselines if name in labels]
    return (*first, *sorted(labels - set(first), key=lambda label: (COMPUTE in label, label)))
