"""From the raw record of a cell to its rank, step by step: what `ebb explain` prints.

Every figure comes from the function from which the board has it; the lines beside it show the numbers that went in.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from benchmark.errors import UsageError, unknown_name
from benchmark.reporting.against import gains, paired_by_seed, references, sign_of
from benchmark.reporting.aggregates import ranks_by_task
from benchmark.reporting.arithmetic import (
    adjustment_lines,
    contrast_lines,
    interval_lines,
    listed,
    normalisation_lines,
    number,
)
from benchmark.reporting.board import Row, make_board
from benchmark.reporting.grouping import Group, group_records
from benchmark.reporting.normalised import failures_as_worst, normalised_scores
from benchmark.reporting.overall import overall
from benchmark.reporting.statistics import t_interval
from benchmark.reporting.tables import sections
from benchmark.running.record import Record


class Step(NamedTuple):
    """One step.

    Attributes:
        name: for machines.
        title: for people.
        figures: what the step arrives at, by the names of the board's columns where the board has them.
        lines: how.
    """

    name: str
    title: str
    figures: Row
    lines: list[str]


def find_record(records: Sequence[Record], name: str) -> Record:
    """Find the record of a cell by its readable id or the beginning of its key (6 signs at least).

    Raises:
        UsageError: if no record has that name, or several have.
    """
    found = [r for r in records if r.cell.id == name or (len(name) >= 6 and r.cell.key.startswith(name))]
    if not found:
        raise unknown_name("cell of these records", name, {record.cell.id for record in records})
    if len(found) > 1:
        keys = ", ".join(record.cell.key[:12] for record in found)
        raise UsageError(f"{len(found)} records are called {name}; name one by the beginning of its key: {keys}")
    return found[0]


def explain(records: Sequence[Record], record: Record) -> list[Step]:
    """Follow one of the records to its row on the board of all of them.

    Raises:
        ValueError: if it is not among them.
    """
    groups = group_records(records)
    index = next((at for at, (_, group) in enumerate(groups) if group[0].cell.group == record.cell.group), None)
    if index is None:
        raise ValueError(f"{record.cell.id} is not among the records")
    rows, label = make_board(records), groups[index][0]
    row = next(row for row in rows if row["baseline"] == label and _place(row) == _place_of(record))
    steps = [_record(record), _measures(record), _seeds(groups[index], row), *_contrast(groups, index)]
    return [*steps, _position(rows, row), *_overall(_beside(groups, record), label, record), _row(rows, row)]


def _place(row: Row) -> tuple[str, str, str]:
    return row["task"], row["model"], row["track"]


def _beside(groups: Sequence[Group], record: Record) -> list[Group]:
    """The groups of the record's track: what was the same for all methods."""
    return [group for group in groups if group[1][0].cell.track == record.cell.track]


def _place_of(record: Record) -> tuple[str, str, str]:
    return record.cell.task.name, record.cell.model.name, record.cell.track


def _record(record: Record) -> Step:
    cell, made = record.cell, record.provenance
    lines = [
        f"{cell.id}: {record.status}" + (f", because {record.reason}" if record.reason else ""),
        f"key {cell.key}, the sha256 of all that changes its numbers",
        f"made by ebb {made.get('ebb', 'unknown')}, commit {made.get('commit', 'unknown')}, harness {cell.harness}, "
        f"finished {made.get('finished', 'unknown')}",
        "spent: " + (", ".join(f"{name} {number(value)}" for name, value in record.spent.items()) or "nothing"),
    ]
    return Step("record", "The record", {"key": cell.key, "status": record.status}, lines)


def _measures(record: Record) -> Step:
    """The main measures of this cell, and the curve of the first."""
    names = ("free_running", "gold_prefix", "gap")
    found = {name: record.measures[name] for name in names if name in record.measures}
    lines = []
    for name, measure in found.items():
        if measure.value is None:
            lines.append(f"{name}: none, because {measure.reason}")
        else:
            lines.append(f"{name} = {number(measure.value)} {measure.unit}, {measure.direction} is better")
    if facts := record.facts:
        lines.insert(0, f"{facts.metric}, decoded by {facts.decoding}; trained on {facts.trained[0]} to "
                        f"{facts.trained[1]} {facts.axis_unit}")  # fmt: skip
        points = record.curves.get("free_running", ())
        lines.append(f"free_running by {facts.axis}: " + listed((f"{p.low}-{p.high}", p.value) for p in points))
    lines.append(f"{len(record.measures)} measures and {len(record.curves)} curves in all stand in the record")
    return Step("measures", "What was measured", {name: found[name].value for name in found}, lines)


def _seeds(labelled: Group, row: Row) -> Step:
    label, group = labelled
    ok = [record for record in group if record.status == "ok"]
    values = [record.measures["free_running"].value for record in ok]
    interval = t_interval(values)
    figures = {"seeds": len(ok), "free_running": interval.mean}
    figures |= {"free_running_low": interval.low, "free_running_high": interval.high}
    lines = [f"{label}: {len(group)} cell{'s' * (len(group) > 1)}, alike in all but the seed"]
    lines += [f"seed {r.cell.seed} is left out: {r.status}, {r.reason}" for r in group if r.status != "ok"]
    lines.append("free_running by seed: " + listed((f"seed {r.cell.seed}", v) for r, v in zip(ok, values, strict=True)))
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        lines.append("a seed has no value, so there is no mean")
    elif known:
        lines += interval_lines("mean", known, interval)
    figures |= {name: row[name] for name in ("horizon_50", "horizon_50_beyond")}
    return Step("seeds", "Over seeds", figures, lines)


def _contrast(groups: Sequence[Group], index: int) -> Iterator[Step]:
    """The paired contrast with teacher forcing, and its p after adjustment; one step that says so where none is."""
    bare = [group for _, group in groups]
    beside = references(bare)
    contrasts, reference = gains(bare, beside), beside[index]
    contrast = contrasts[index]
    if contrast is None or reference is None:
        why = "this is teacher forcing, or teacher forcing was not run in the same place (task, model and budget)"
        yield Step("contrast", "Against teacher forcing", {"gain": None}, [f"no contrast: {why}"])
        return
    pairs, sign = paired_by_seed(bare[index], reference), sign_of(bare[index])
    columns = contrast.columns()
    figures = {"gain": columns.pop("difference")} | {f"gain_{name}": value for name, value in columns.items()}
    adjusted = figures.pop("gain_p_adjusted")
    yield Step("contrast", "Against teacher forcing, paired by seed", figures, contrast_lines(contrast, pairs, sign))
    tested = [
        (f"{label} on {group[0].cell.task.name} ({group[0].cell.model.name})", other.p, at == index)
        for at, ((label, group), other) in enumerate(zip(groups, contrasts, strict=True))
        if other is not None and other.p is not None
    ]
    lines = adjustment_lines(tested, adjusted) + ([f"verdict: {contrast.verdict}"] if contrast.verdict else [])
    yield Step("adjusted", "p, adjusted over the board", {"gain_p_adjusted": adjusted}, lines)


def _position(rows: Sequence[Row], row: Row) -> Step:
    beside = [other for other in rows if _place(other) == _place(row)]
    position = beside.index(row) + 1
    lines = [f"{row['direction']} is better" if row["direction"] else "no cell is ok, so the row stands last"]
    lines += [
        f"{at}. {other['baseline']}: {'none' if other['free_running'] is None else number(other['free_running'])}"
        + (" <- this one" if other is row else "")
        for at, other in enumerate(beside, 1)
    ]
    title = f"Rank on {row['task']} ({row['model']}), by the mean over seeds"
    return Step("position", title, {"position": position, "of": len(beside)}, lines)


def _overall(groups: Sequence[Group], label: str, record: Record) -> Iterator[Step]:
    scores, summary = normalised_scores(groups), overall(groups)
    found = next((row for row in summary if row["baseline"] == label), None)
    if scores is None or found is None or record.cell.replicate:
        needed = "that takes two methods and two tasks with a floor and a ceiling to which both apply"
        why = "the A/A control takes no part" if record.cell.replicate else needed
        yield Step("overall", "Over all tasks", {}, [f"no figure over all tasks: {why}"])
        return
    filled = failures_as_worst(scores)
    means = filled.values.mean(2)  # [method, task]
    ranks, method = ranks_by_task(means), scores.methods.index(label)
    place = "{} ({})".format(*_place_of(record))
    lines: list[str] = []
    beside = (r for _, group in groups for r in group if _place_of(r) == _place_of(record))
    facts = next((r.facts for r in beside if r.facts), None)  # a failed cell has none of its own
    if place in scores.tasks and facts:
        task = scores.tasks.index(place)
        seeds = zip(scores.seeds, scores.status[method, task], filled.values[method, task], strict=True)
        lines += normalisation_lines(facts, list(seeds), float(means[method, task]))
        lines.append(f"rank by that on this task, of {len(scores.methods)} methods: {number(ranks[method, task])}")
    by_task = zip(scores.tasks, ranks[method].tolist(), strict=True)
    lines.append(f"mean rank = mean of ({listed(by_task)}) = {number(found['mean_rank'])}")
    lines.append(
        f"interquartile mean of the normalised qualities of all {filled.values[method].size} cells: "
        + _or_none(found["interquartile_mean"])
    )
    figures: dict[str, Any] = {name: value for name, value in found.items() if name != "baseline"}
    yield Step("overall", "Over all tasks", figures, lines)


def _or_none(value: float | None) -> str:
    return "none" if value is None else number(value)


def _row(rows: Sequence[Row], row: Row) -> Step:
    """The row as `ebb board` prints it, in each table that it stands in."""
    (section,) = sections([other for other in rows if _place(other) == _place(row)])
    shown = {}
    for table in section.tables:
        for cells in table.cells:
            if cells[0] == row["baseline"]:
                shown |= dict(zip(table.columns, cells, strict=True))
    return Step("row", "The row of the board", shown, [f"{column}: {text}" for column, text in shown.items()])
