"""Records as tidy pandas frames, for notebooks: one row an observation, one column a variable."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.errors import UsageError
from benchmark.reporting.escapes import plain
from benchmark.reporting.grouping import group_records
from benchmark.running.record import Record
from benchmark.running.store import Store
from benchmark.values import TaskFacts

if TYPE_CHECKING:
    from pandas import DataFrame

Row = dict[str, Any]


class Column(NamedTuple):
    """A column of a frame: how pandas keeps it, its unit ("" for text and counts of nothing) and what it says."""

    dtype: str
    unit: str
    about: str


_CELL: Mapping[str, Column] = {
    "key": Column("str", "", "the cell, by the sha256 of all that changes its numbers; joins the frames"),
    "task": Column("category", "", "name of the task"),
    "model": Column("category", "", "name of the model"),
    "baseline": Column("category", "", "the method, named as on the leaderboard"),
    "seed": Column("int64", "", "seeds of equal number share data and initial weights: compare in pairs"),
}
_SECONDS = "CPU-seconds"
COLUMNS: Mapping[str, Mapping[str, Column]] = {
    "runs": {
        **_CELL,
        "id": Column("str", "", "readable id of the cell"),
        "status": Column("category", "", "ok, diverged, timeout, oom, error, killed or not_applicable"),
        "reason": Column("str", "", "why a cell is not ok"),
        "replicate": Column("int64", "", "1 for the A/A control, else 0"),
        "ruleset": Column("category", "", "defaults, or tuned by `ebb tune`"),
        "metric": Column("category", "", "the task's main metric"),
        "unit": Column("category", "", "of the metric, its floor and its ceiling"),
        "direction": Column("category", "", "higher or lower: which is better"),
        "axis": Column("category", "", "what curves are over: position, turn or length"),
        "axis_unit": Column("category", "", "of the axis"),
        "trained_from": Column("Int64", "axis_unit", "shortest length in training"),
        "trained_to": Column("Int64", "axis_unit", "longest length in training"),
        "floor": Column("float64", "unit", "the metric of a trivial answer"),
        "ceiling": Column("float64", "unit", "the metric of the best that can be had"),
        "updates": Column("float64", "updates", "steps of the optimiser"),
        "evaluations": Column("float64", "model evaluations", "tokens: 1 forward, 3 with gradient, roll-outs counted"),
        "training_tokens": Column("float64", "tokens", "valid tokens of the gold batches"),
        "training_cpu_seconds": Column("float64", _SECONDS, "in updates"),
        "evaluation_cpu_seconds": Column("float64", _SECONDS, "in measuring"),
        "cell_wall_seconds": Column("float64", "seconds", "of the whole cell"),
        "ebb": Column("category", "", "version of the suite that made the record"),
        "harness": Column("int64", "", "version of all between a plugin and its measures"),
        "commit": Column("category", "", "of the suite's source"),
        "finished": Column("str", "UTC, ISO 8601", "when"),
    },
    "measures": {
        **_CELL,
        "measure": Column("category", "", "name, such as free_running, gap or regret"),
        "value": Column("float64", "unit", "missing where there is none"),
        "unit": Column("category", "", "of the value"),
        "direction": Column("category", "", "higher, lower or none: which is better"),
        "reason": Column("str", "", "why a value is missing"),
    },
    "curves": {
        **_CELL,
        "curve": Column("category", "", "name, such as free_running, gold_prefix or hazard"),
        "low": Column("int64", "axis_unit", "first position, turn, length or lag of the range, counted from 1"),
        "high": Column("int64", "axis_unit", "last one of the range, inclusive"),
        "value": Column("float64", "unit", "mean over the range; missing where there is none"),
        "unit": Column("category", "", "of the value, by the measure of that name or the curve's kind; else empty"),
        "axis": Column("category", "", "what low and high count: position, turn, length, or lag after an event"),
        "axis_unit": Column("category", "", "of low and high"),
    },
    "learning": {
        **_CELL,
        "update": Column("int64", "updates", "steps of the optimiser up to and with this one"),
        "figure": Column(
            "category", "", "free_running (on validation data), nll, objective, gradient_norm, and others"
        ),
        "value": Column("float64", "unit", "missing where it was not finite"),
        "unit": Column("category", "", "of the value, empty where it is the method's own"),
    },
}
_FIGURE_UNITS = {"nll": "nats per own token"}
_BY_POSITION = ("entropy_", "marginal_", "grid_", "exposure_ratio", "survival", "hazard")  # whatever the task's axis is
_BY_LAG = ("right_after_", "self_recovery", "quality_by_lag", "nrmse_by_lead")
_CURVE_UNITS = {  # of curves that no measure is named like, by how the name begins
    "entropy_": "nats per token",
    "grid_gold_TV": "total variation",
    "grid_own_TV": "total variation",
    "grid_": "nats per token",  # KL divergences and the Jensen-Shannon divergence
    "exposure_ratio": "ratio, own over gold prefixes",
    "marginal_ratio": "ratio, own over gold prefixes",
    "survival": "share of runs",
    "hazard": "share of runs without an error so far",
    "self_recovery": "share right",
    "right_after_": "share right",
    "nrmse_by_lead": "standard deviations",
    "reply_nll_": "nats per own token",
}
_IN_THE_METRIC = "quality_by_lag"
_LEARNING = "learning"  # the curve over updates, which stands in a frame of its own


@dataclass(frozen=True)
class Results:
    """The frames of a folder of records. `describe` says what their columns hold, and in which unit.

    Attributes:
        runs: a row a cell: what it was, what became of it, what it cost.
        measures: a row a measure of a cell that is ok.
        curves: a row a point of a curve over output length.
        learning: a row a figure of an update: free-running quality on validation data, loss, gradient.
    """

    runs: "DataFrame"
    measures: "DataFrame"
    curves: "DataFrame"
    learning: "DataFrame"

    @staticmethod
    def describe() -> "DataFrame":
        """All columns: frame, column, dtype, unit (or the column that holds it) and what it says."""
        import pandas as pd

        rows = [(frame, name, *column) for frame, columns in COLUMNS.items() for name, column in columns.items()]
        return pd.DataFrame(rows, columns=["frame", "column", *Column._fields])


def load_frames(folder: Path) -> Results:
    """Read the records of a folder; files that are none are named in a warning.

    Raises:
        UsageError: if the folder holds no record.
    """
    records, damaged = Store(folder).load_all()
    for file in damaged:
        warnings.warn(plain(f"left out: {file.path}: {file.reason}"), stacklevel=3)
    if not records:
        raise UsageError(f"there are no records in {folder}; `ebb run --out {folder}` makes them")
    return to_frames(records)


def to_frames(records: Iterable[Record]) -> Results:
    """Lay records out as frames, in the order of task, model, method and seed."""
    rows: dict[str, list[Row]] = {name: [] for name in COLUMNS}
    labelled = [(record, label) for label, group in group_records(records) for record in group]
    for record, label in sorted(labelled, key=lambda pair: (*_place(pair[0]), pair[1], pair[0].cell.seed)):
        cell: Row = {"key": record.cell.key, "task": record.cell.task.name, "model": record.cell.model.name}
        cell |= {"baseline": label, "seed": record.cell.seed}
        rows["runs"].append(cell | _run(record))
        rows["measures"] += (cell | row for row in _measures(record))
        rows["curves"] += (cell | row for row in _curves(record))
        rows["learning"] += (cell | row for row in _learning(record))
    return Results(**{name: _frame(name, found) for name, found in rows.items()})


def _place(record: Record) -> tuple[str, str]:
    return record.cell.task.name, record.cell.model.name


def _frame(name: str, rows: list[Row]) -> "DataFrame":
    import pandas as pd

    columns = COLUMNS[name]
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({column: about.dtype for column, about in columns.items()})


def _run(record: Record) -> Row:
    cell, facts, made_by = record.cell, record.facts, record.provenance
    row: Row = {"id": cell.id, "status": record.status, "reason": record.reason}
    row |= {"replicate": cell.replicate, "ruleset": cell.ruleset, "harness": cell.harness}
    for name in ("metric", "unit", "direction", "axis", "axis_unit", "floor", "ceiling"):
        row[name] = getattr(facts, name, None)
    row["trained_from"], row["trained_to"] = facts.trained if facts else (None, None)
    costs = ("updates", "evaluations", "training_tokens")
    for name in (*costs, "training_cpu_seconds", "evaluation_cpu_seconds", "cell_wall_seconds"):
        row[name] = record.spent.get(name)
    return row | {name: made_by.get(name, "") for name in ("ebb", "commit", "finished")}


def _measures(record: Record) -> Iterator[Row]:
    for name, found in record.measures.items():
        yield {
            "measure": name,
            "value": found.value,
            "unit": found.unit,
            "direction": found.direction,
            "reason": found.reason,
        }


def _curves(record: Record) -> Iterator[Row]:
    for name, points in record.curves.items():
        unit, axis = _unit(name, record), _axis(name, record.facts)
        if name != _LEARNING:
            for point in points:
                yield {"curve": name, "low": point.low, "high": point.high, "value": point.value, "unit": unit} | axis


def _unit(curve: str, record: Record) -> str:
    """The unit of a curve's values, "" where neither the record nor the curve's name says it."""
    if curve in record.measures:
        return record.measures[curve].unit
    if curve == _IN_THE_METRIC:
        return record.facts.unit if record.facts else ""
    return next((unit for start, unit in _CURVE_UNITS.items() if curve.startswith(start)), "")


def _axis(curve: str, facts: TaskFacts | None) -> Row:
    """What the points of a curve are counted in."""
    if curve.startswith(_BY_LAG):
        return {"axis": "lag", "axis_unit": "steps"}
    if facts is None or (curve.startswith(_BY_POSITION) and facts.axis != "position"):
        return {"axis": "position", "axis_unit": "own tokens"}
    return {"axis": facts.axis, "axis_unit": facts.axis_unit}


def _learning(record: Record) -> Iterator[Row]:
    unit = record.facts.unit if record.facts else ""
    for point in record.curves.get(_LEARNING, ()):
        yield {"update": point.high, "figure": "free_running", "value": point.value, "unit": unit}
    for line in record.training_log:
        update = line.get("update")
        for name, value in line.items():
            if name != "update" and update is not None:
                yield {"update": int(update), "figure": name, "value": value, "unit": _FIGURE_UNITS.get(name, "")}
