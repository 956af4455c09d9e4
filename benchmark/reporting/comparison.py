"""Any method against any other, wherever both were run: what `ebb compare` shows."""

from collections.abc import Sequence
from itertools import groupby

from benchmark.errors import UsageError, unknown_name
from benchmark.reporting.against import contrast_of, place_of
from benchmark.reporting.board import Row
from benchmark.reporting.contrasts import BETTER, SignFlips, adjust, sign_flips_over_tasks
from benchmark.reporting.grouping import Group, group_records
from benchmark.reporting.statistics import t_interval
from benchmark.running.record import Record, values_of


def compare(records: Sequence[Record], baseline: str, against: str, measure: str = "free_running") -> list[Row]:
    """Contrast two methods in every place (task, model, budget and all else equal) where both were run.

    Args:
        baseline, against: labels of rows of the board, such as `reinforce` or `scheduled_sampling:coin=sequence`.
        measure: name of a measure of the records.

    Returns:
        A row a place: means of both, their paired difference (positive where the first is better, if the measure has a
        direction), its 95 % t interval, p by a paired t test and adjusted over the rows, least detectable difference,
        verdict, and the difference as a share of the way from floor to ceiling where the task has both.

    Raises:
        UsageError: for a label or a measure that no record has, or if the two were never run in the same place.
    """
    groups = group_records(records)
    for wanted in (baseline, against):
        if not any(label == wanted for label, _ in groups):
            raise unknown_name("method of these records", wanted, {label for label, _ in groups})
    known = {name for record in records for name in record.measures}
    if measure not in known:
        raise unknown_name("measure of these records", measure, known)
    pairs = _pairs(groups, baseline, against)
    if not pairs:
        raise UsageError(f"{baseline} and {against} were never run on the same task, model and budget")
    contrasts = adjust([contrast_of(one, other, measure) for one, other in pairs])
    rows = [_row(*pair, measure) for pair in pairs]
    return [
        row | contrast.columns(BETTER if row["direction"] != "none" else {})
        for row, contrast in zip(rows, contrasts, strict=True)
    ]


def _pairs(groups: Sequence[Group], baseline: str, against: str) -> list[tuple[list[Record], list[Record]]]:
    def place(group: Group) -> str:
        return place_of(group[1][0])

    found = []
    for _, beside in groupby(sorted(groups, key=place), place):
        by_label = dict(beside)
        if baseline in by_label and against in by_label:
            found.append((by_label[baseline], by_label[against]))
    return found


def _row(one: Sequence[Record], other: Sequence[Record], measure: str) -> Row:
    cell, example = one[0].cell, next((r for r in (*one, *other) if measure in r.measures), one[0])
    found = example.measures.get(measure)
    return {
        "task": cell.task.name,
        "model": cell.model.name,
        "measure": measure,
        "unit": found.unit if found else "",
        "direction": found.direction if found else "none",
        "baseline": _mean(one, measure),
        "against": _mean(other, measure),
        "range": _range(example) if measure == "free_running" else None,
    }


def _mean(group: Sequence[Record], measure: str) -> float | None:
    return t_interval(values_of([record for record in group if record.status == "ok"], measure)).mean


def _range(record: Record) -> float | None:
    """The distance from floor to ceiling."""
    facts = record.facts
    return None if facts is None or facts.floor is None or facts.ceiling is None else abs(facts.ceiling - facts.floor)


def over_tasks(rows: Sequence[Row]) -> SignFlips:
    """A sign-flip test of the normalised differences, a task counting once."""
    shares: dict[str, list[float]] = {}
    for row in rows:
        if row["difference"] is not None and row["range"]:
            shares.setdefault(row["task"], []).append(row["difference"] / row["range"])
    return sign_flips_over_tasks([sum(values) / len(values) for values in shares.values()])
