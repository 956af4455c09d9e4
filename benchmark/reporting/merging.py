"""Results of others beside one's own: where each row comes from, and how the ranks change."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from benchmark.reporting.board import Row, make_board
from benchmark.reporting.grouping import group_records
from benchmark.reporting.overall import overall
from benchmark.running.record import Record

OVER_ALL = "over all tasks"


class Origin(NamedTuple):
    """Where a record comes from, and which versions made it."""

    name: str
    version: str


def origin_of(record: Record, name: str) -> Origin:
    """Name the origin of a record, and the versions of the suite, the harness and the method that made it."""
    cell = record.cell
    ebb = record.provenance.get("ebb", "unknown")
    return Origin(name, f"ebb {ebb}, harness {cell.harness}, method {cell.baseline.version or 'unknown'}")


class Merged(NamedTuple):
    """Records of several origins, one of each cell.

    Attributes:
        records: one's own first.
        added: records of an origin that were not there before, by its name.
        same: how many were there already, with the same numbers.
        different: readable ids of cells that were there with other numbers; what was there first stays.
    """

    records: list[Record]
    added: dict[str, int]
    same: dict[str, int]
    different: dict[str, list[str]]


def merge(own: Sequence[Record], others: Mapping[str, Sequence[Record]]) -> Merged:
    """Put records of others beside one's own; of two of the same cell the first stays."""
    merged = Merged([*own], {}, {}, {})
    here = {record.cell.key: record for record in own}
    for name, records in others.items():
        new = [record for record in records if record.cell.key not in here]
        twins = [(record, here[record.cell.key]) for record in records if record.cell.key in here]
        differ = [record.cell.id for record, twin in twins if not _same_numbers(record, twin)]
        merged.records.extend(new)
        merged.added[name], merged.same[name] = len(new), len(twins) - len(differ)
        merged.different[name] = differ
        here |= {record.cell.key: record for record in new}
    return merged


def _same_numbers(one: Record, other: Record) -> bool:
    return (one.status, one.measures, one.curves) == (other.status, other.measures, other.curves)


def mark(rows: Sequence[Row], records: Iterable[Record], origins: Mapping[str, Origin]) -> list[Row]:
    """Add to each row of a board where its records come from and which versions made them.

    Args:
        origins: by the key of a cell.
    """
    groups = {_named(label, group[0]): group for label, group in group_records(records)}
    marked = []
    for row in rows:
        found = [origins[record.cell.key] for record in groups[row["task"], row["model"], row["baseline"]]]
        both = ("; ".join(sorted(set(values))) for values in zip(*found, strict=True))
        marked.append(row | dict(zip(Origin._fields, both, strict=True)))
    return [row | {"origin": row.pop("name")} for row in marked]


def changes(before: Sequence[Record], after: Sequence[Record]) -> list[Row]:
    """How the leaderboard changes: a row a method of each task that gains a row or a seed, and of the overall ranking.

    Returns:
        Rows of task, model, baseline, rank_before and rank_after (1 the best; None where the row was not there), seeds
        and free_running before and after; over all tasks the last two are None and ranks are those of the mean rank.
    """
    old, new = _ranked(before), _ranked(after)
    touched = {(row["task"], row["model"]) for key, row in new.items() if _content(old.get(key)) != _content(row)}
    rows = [
        {name: row[name] for name in ("task", "model", "baseline")}
        | {"rank_before": old[key]["rank"] if key in old else None, "rank_after": row["rank"]}
        | {f"{name}_before": old[key][name] if key in old else None for name in _SHOWN}
        | {f"{name}_after": row[name] for name in _SHOWN}
        for key, row in new.items()
        if (row["task"], row["model"]) in touched
    ]
    return rows + (_overall_changes(before, after) if touched else [])


_SHOWN = ("seeds", "free_running")


def _content(row: Row | None) -> tuple | None:
    return None if row is None else tuple(row[name] for name in _SHOWN)


def _ranked(records: Sequence[Record]) -> dict[str, Row]:
    """The rows of a board with their rank on their task, by what their records share."""
    shared = {_named(label, group[0]): group[0].cell.group for label, group in group_records(records)}
    ranked, counts = {}, {}
    for row in make_board(records):
        place = row["task"], row["model"]
        counts[place] = counts.get(place, 0) + 1
        ranked[shared[*place, row["baseline"]]] = row | {"rank": counts[place]}
    return ranked


def _named(label: str, record: Record) -> tuple[str, str, str]:
    return record.cell.task.name, record.cell.model.name, label


def _overall_changes(before: Sequence[Record], after: Sequence[Record]) -> list[Row]:
    old, new = ([row["baseline"] for row in overall(group_records(records))] for records in (before, after))
    nothing = {f"{name}_{when}": None for when in ("before", "after") for name in _SHOWN}
    return [
        {"task": OVER_ALL, "model": "", "baseline": label}
        | {"rank_before": old.index(label) + 1 if label in old else None, "rank_after": rank}
        | nothing
        for rank, label in enumerate(new, 1)
    ]
