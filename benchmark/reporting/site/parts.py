"""What stands in each section of the page, as plain data for the template."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from benchmark.reporting import columns
from benchmark.reporting.board import Row
from benchmark.reporting.claims import Judged
from benchmark.reporting.claims.writing import NOTE, part_table, short_table
from benchmark.reporting.grouping import Group
from benchmark.reporting.site.about import About
from benchmark.reporting.site.commands import commands
from benchmark.reporting.site.curves import methods_of, places_of
from benchmark.reporting.site.leaderboard import COLUMNS
from benchmark.reporting.tables import Table, sections
from benchmark.running.record import Record

Fact = tuple[str, str]

_TABLE_TITLES = {"free running": "Leaderboard", "gain": "Against teacher forcing", "regret": "The exposure grid",
                 "wrong after good": "Errors in time"}  # fmt: skip
_PROVENANCE = {"ebb": "version", "commit": "commit", "torch": "torch", "python": "Python", "processor": "processor",
               "system": "system", "threads": "threads a cell"}  # fmt: skip
_MOST_VALUES = 4  # that are written out of a list


def facts_of_all(records: Sequence[Record], rows: Sequence[Row]) -> list[Fact]:
    """What the page rests on: cells by status, tasks, methods, seeds, budget, noise floor, what could be detected."""
    status = Counter(record.status for record in records)
    cells = [record.cell for record in records]
    return [
        ("cells", ", ".join(f"{count} {name}" for name, count in sorted(status.items(), key=lambda one: -one[1]))),
        ("tasks", str(len({cell.task.name for cell in cells}))),
        ("methods", str(len({row["method"] for row in rows}))),
        ("models", _listed({cell.model.name for cell in cells})),
        ("seeds", _seeds(cell.seed for cell in cells)),
        ("budget track", _listed({row["budget"] for row in rows})),
        ("A/A noise floor", _spread([_normal(row, "noise_floor") for row in rows])),
        ("minimum detectable effect", _spread([_normal(row, "gain_detectable") for row in rows])),
    ]


def _normal(row: Row, name: str) -> float | None:
    """A difference as a share of the way from floor to ceiling."""
    if None in (row[name], row["floor"], row["ceiling"]):
        return None
    return row[name] / abs(row["ceiling"] - row["floor"])


def _spread(values: Sequence[float | None]) -> str:
    """The least and the greatest, in per cent of the way from floor to ceiling."""
    known = sorted(100 * value for value in values if value is not None)
    if not known:
        return "not measured"
    ends = dict.fromkeys(f"{value:.2g}" for value in (known[0], known[-1]))
    return f"{' to '.join(ends)} % of floor to ceiling"


def _seeds(found: Any) -> str:
    seeds = sorted(set(found))
    if len(seeds) > 1 and seeds[-1] - seeds[0] == len(seeds) - 1:  # without a gap
        return f"{len(seeds)} ({seeds[0]} to {seeds[-1]})"
    return f"{len(seeds)} ({_listed(map(str, seeds))})"


def _listed(names: Any) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _MOST_VALUES} more" if len(ordered) > _MOST_VALUES else ""
    return ", ".join(ordered[:_MOST_VALUES]) + more


def tasks(rows: Sequence[Row], groups: Sequence[Group], about: About) -> list[dict[str, Any]]:
    """A section for each task: what it is, and for each model its figure and its tables."""
    places, methods = places_of(groups), methods_of(groups)
    found = []
    for name in dict.fromkeys(task for task, _ in places):
        own = [row for row in rows if row["task"] == name]
        first = next((row for row in own if row["metric"]), None)
        beside = [group for _, group in groups if group[0].cell.task.name == name]
        found.append(
            {
                "name": name,
                "about": about.tasks.get(name),
                "facts": [*(_facts_of_task(first) if first else ()), *_licence(name, about)],
                "places": [
                    _place([row for row in own if row["model"] == model], number, methods)
                    for number, (task, model) in enumerate(places)
                    if task == name
                ],
                "traces": [trace for trace in about.traces if trace.task == name],
                "commands": commands(beside, about.methods),
            }
        )
    return found


def _facts_of_task(row: Row) -> Iterator[Fact]:
    yield "failure probed", row["failure"]
    yield "metric", f"{row['metric']} ({row['unit']}), {row['direction']} is better"
    yield "decoding", "greedy" if row["decoding"] == "greedy" else "sampled"
    low, high = row["trained"]
    yield "trained on", f"{high if low == high else f'{low} to {high}'} {row['axis_unit']}"
    for name in ("floor", "ceiling"):
        if row[name] is not None:
            yield name, columns.number(row[name])
    for name, value in (row["controls"] or {}).items():
        yield name, columns.number(value)
    floor = row["noise_floor"]
    yield "A/A noise floor", "not measured" if floor is None else f"{columns.number(floor)} {row['unit']}"


def _licence(name: str, about: About) -> list[Fact]:
    known = about.tasks.get(name)
    return [("licence of the data", known.licence)] if known and known.licence else []


def _place(rows: Sequence[Row], number: int, methods: Sequence[str]) -> dict[str, Any]:
    titled = [(_title(table) + section.track, table) for section in sections(rows) for table in section.tables]
    drawn = [methods.index(row["baseline"]) for row in rows if row["drawn"]]
    return {
        "model": rows[0]["model"],
        "number": number if drawn else None,
        "methods": sorted(drawn),
        "reasons": list(dict.fromkeys(f"{row['baseline']}: {reason}" for row in rows for reason in row["reasons"])),
        "tables": [table for _, table in titled],
        "titles": [title for title, _ in titled],
    }


def _title(table: Table) -> str:
    return next((title for column, title in _TABLE_TITLES.items() if column in table.columns), "Table")


def methods(rows: Sequence[Row], groups: Sequence[Group], about: About) -> list[dict[str, Any]]:
    """A section for each method: what it does, its figure beside teacher forcing, and its rows of the leaderboard."""
    places, labels = places_of(groups), methods_of(groups)
    references = [label for label in labels if label == "teacher_forcing"]
    found = []
    for name in dict.fromkeys(sorted(row["method"] for row in rows)):
        own = [row for row in rows if row["method"] == name]
        drawn = sorted({places.index((row["task"], row["model"])) for row in own if row["drawn"]})
        shown = sorted(
            {labels.index(label) for label in (*references, *(row["baseline"] for row in own if row["drawn"]))}
        )
        beside = [group for _, group in groups if group[0].cell.baseline.name == name]
        found.append(
            {
                "name": name,
                "about": about.methods.get(name),
                "facts": _facts_of_method(own),
                "places": drawn,
                "methods": shown,
                "table": _rows_of_method(own),
                "commands": commands(beside, about.methods),
            }
        )
    return found


def _facts_of_method(rows: Sequence[Row]) -> list[Fact]:
    status: Counter[str] = Counter()
    for row in rows:
        status.update(row["status"])
    return [
        ("path", rows[0]["path"]),
        ("cells", ", ".join(f"{count} {name}" for name, count in status.most_common())),
        ("budget track", _listed({row["budget"] for row in rows})),
    ]


def _rows_of_method(rows: Sequence[Row]) -> Table:
    left_out = ("path", "failure probed")
    shown = [column for column in COLUMNS if column.title not in left_out]
    return Table("", tuple(column.title for column in shown), [[column.text(row) for column in shown] for row in rows])


def claims(found: Sequence[Judged]) -> dict[str, Any]:
    """Published claims with their verdicts and parts; nothing where none of them could be judged."""
    judged = [one for one in found if one.verdict != "NOT JUDGED"]
    return {
        "claims": short_table(judged) if judged else None,
        "claim_parts": [(f"{one.claim.id}: {one.claim.title}", part_table(one)) for one in judged],
        "claims_note": NOTE,
    }


def provenance(records: Sequence[Record]) -> list[Fact]:
    """What the records say of software, hardware and time; several values where they differ."""
    found = []
    for key, name in _PROVENANCE.items():
        values = {record.provenance[key] for record in records if key in record.provenance}
        found.append((name, _listed(values) if values else "not recorded"))
    times = sorted(record.provenance["finished"] for record in records if "finished" in record.provenance)
    found.append(("computed", " to ".join(dict.fromkeys((times[0][:10], times[-1][:10]))) if times else "not recorded"))
    found.append(("harness", _listed({str(record.cell.harness) for record in records})))
    return found
