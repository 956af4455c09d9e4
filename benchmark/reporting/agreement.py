"""Do two folders of results rank methods alike? For a tier against the reference, or a machine against another."""

from collections import Counter
from collections.abc import Sequence
from statistics import mean

from benchmark.errors import UsageError
from benchmark.reporting.board import Row, make_board
from benchmark.running.record import Record

FEWEST = 3
"""Methods below which a rank correlation says nothing."""


def agreement(one: Sequence[Record], other: Sequence[Record]) -> list[Row]:
    """Correlate the ranks that two folders give to the methods they share, task by task.

    Returns:
        Rows of task, model, the methods in the order of the first and of the second folder (best first), and Kendall's
        tau-b of their mean free-running quality: 1 the same order, -1 the reverse; and how many cells of that task and
        model are in both folders, where agreement is of a machine with another and not of one design with another.

    Raises:
        UsageError: if no task and model has three methods in both.
    """
    tables = [_quality(records) for records in (one, other)]
    keys = {record.cell.key for record in one}
    twice = Counter(_place(record) for record in other if record.cell.key in keys)
    rows = []
    for place in sorted(tables[0].keys() & tables[1].keys()):
        qualities = [table[place] for table in tables]
        shared = [name for name in qualities[0] if name in qualities[1]]
        if len(shared) >= FEWEST:
            rows.append(_row(*place, shared, qualities[0], qualities[1]) | {"cells_in_both": twice[place]})
    if not rows:
        raise UsageError(f"no task and model has {FEWEST} methods in both folders, with equal updates")
    return rows


def mean_tau(rows: Sequence[Row]) -> float | None:
    """Mean over tasks; None where no task has one, for all methods are tied."""
    known = [row["tau"] for row in rows if row["tau"] is not None]
    return mean(known) if known else None


def _place(record: Record) -> tuple[str, str]:
    return record.cell.task.name, record.cell.model.name


def _row(task: str, model: str, shared: Sequence[str], first: dict[str, float], second: dict[str, float]) -> Row:
    from scipy.stats import kendalltau

    tau, _ = kendalltau([first[name] for name in shared], [second[name] for name in shared])
    return {
        "task": task,
        "model": model,
        "first": sorted(shared, key=lambda name: -first[name]),
        "second": sorted(shared, key=lambda name: -second[name]),
        "tau": None if tau != tau else tau,  # NaN: all tied
    }


def _quality(records: Sequence[Record]) -> dict[tuple[str, str], dict[str, float]]:
    """Mean free-running quality, larger is better, by task and model and then by method; equal updates only."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in make_board(records):
        if row["track"] == "updates" and row["free_running"] is not None and "(A/A)" not in row["baseline"]:
            sign = 1.0 if row["direction"] == "higher" else -1.0
            found.setdefault((row["task"], row["model"]), {})[row["baseline"]] = sign * row["free_running"]
    return found
