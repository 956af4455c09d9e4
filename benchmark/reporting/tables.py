"""A board on paper: Markdown, CSV, JSON and a table for the terminal."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark.reporting.board import Row

COLUMNS = (
    "baseline",
    "free running",
    "gold prefix",
    "gap",
    "H50",
    "evaluations",
    "CPU s",
    "tokens / CPU s",
    "seeds",
    "status",
)


_FOOTNOTE = (
    "Means over seeds with 95 % t intervals in brackets. Gap: gold prefix against free running, positive where free "
    "running is worse. H50: length at which quality has fallen half-way from ceiling to floor. Evaluations: tokens "
    "through the model in training, 1 forward and 3 with gradient, roll-outs counted."
)


class TaskTable(NamedTuple):
    """The rows of a task with one model, ready to print.

    Attributes:
        title: the task and the model.
        note: metric, direction, decoding, controls, and what is absent and why.
        cells: text, one list a row, in the order of COLUMNS.
    """

    title: str
    note: str
    cells: list[list[str]]


def task_tables(rows: Sequence[Row]) -> list[TaskTable]:
    """Split a board by task and model."""
    places = dict.fromkeys((row["task"], row["model"]) for row in rows)
    tables = []
    for task, model in places:
        own = [row for row in rows if (row["task"], row["model"]) == (task, model)]
        tables.append(TaskTable(f"{task} ({model})", _note(own), [_cells(row) for row in own]))
    return tables


def _note(rows: Sequence[Row]) -> str:
    row = next((row for row in rows if row["metric"]), None)
    if row is None:
        return "; ".join(dict.fromkeys(reason for row in rows for reason in row["reasons"]))
    decoding = "greedy decoding" if row["decoding"] == "greedy" else "sampled"
    parts = [
        f"{row['metric']} ({row['unit']}), {row['direction']} is better; {decoding}; failure probed: {row['failure']}"
    ]
    controls = [f"{name} {_number(row[name])}" for name in ("floor", "ceiling") if row[name] is not None]
    parts += [", ".join(controls)] if controls else []
    parts += [f"gold prefix absent: {row['gold_prefix_reason']}"] if row["gold_prefix_reason"] else []
    return ". ".join(parts)


def _cells(row: Row) -> list[str]:
    return [
        row["baseline"],
        _interval(row, "free_running"),
        _interval(row, "gold_prefix"),
        _interval(row, "gap"),
        _horizon(row),
        _count(row["evaluations"]),
        "-" if row["training_cpu_seconds"] is None else f"{row['training_cpu_seconds']:.1f}",
        _count(row["training_tokens_per_cpu_second"]),
        str(row["seeds"]),
        ", ".join(f"{count} {status}" for status, count in row["status"].items()),
    ]


def _horizon(row: Row) -> str:
    """A length, or the bound where it lies beyond the longest or within the shortest that was tested."""
    if row["horizon_50_beyond"] is not None:
        return f"> {row['horizon_50_beyond']}"
    if row["horizon_50"] is None:
        return "-"
    return f"{'<= ' if row['horizon_50'] == row['by_length'][0]['high'] else ''}{row['horizon_50']:.0f}"


def _interval(row: Row, name: str) -> str:
    mean, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if mean is None:
        return "-"
    return _number(mean) if low is None else f"{_number(mean)} [{_number(low)}, {_number(high)}]"


def _number(value: float) -> str:
    """Three decimals, more where the number is small."""
    return f"{value:.3f}" if value == 0 or abs(value) >= 0.05 else f"{value:.4f}"


def _count(value: float | None) -> str:
    if value is None:
        return "-"
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f}"


def to_markdown(rows: Sequence[Row]) -> str:
    """Write the board as Markdown, a table for each task and model."""
    parts = ["# Leaderboard", ""]
    for table in task_tables(rows):
        parts += [f"## {table.title}", "", table.note, ""]
        parts += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
        parts += ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in table.cells]
        parts.append("")
    parts += [
        _FOOTNOTE,
        "",
    ]
    return "\n".join(parts)


def to_json(rows: Sequence[Row]) -> str:
    """Write the board as JSON: `{"rows": [...]}`."""
    return json.dumps({"rows": list(rows)}, allow_nan=False, indent=1) + "\n"


def write_board(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Write leaderboard.md, .csv and .json into a folder."""
    import pandas as pd

    flat = [
        {name: value for name, value in row.items() if name not in ("by_length", "status", "reasons", "trained")}
        | {"status": ", ".join(f"{count} {status}" for status, count in row["status"].items())}
        for row in rows
    ]
    paths = [folder / f"leaderboard.{kind}" for kind in ("md", "csv", "json")]
    paths[0].write_text(to_markdown(rows), encoding="utf-8")
    pd.DataFrame(flat).to_csv(paths[1], index=False)
    paths[2].write_text(to_json(rows), encoding="utf-8")
    return paths
