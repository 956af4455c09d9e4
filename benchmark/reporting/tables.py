"""A board on paper: Markdown, CSV, JSON and tables for the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark.reporting import columns
from benchmark.reporting.board import Row
from benchmark.reporting.columns import Column
from benchmark.reporting.escapes import csv, markdown
from benchmark.writing import json_lines


class Table(NamedTuple):
    """A table of text.

    Attributes:
        caption: what it answers, in one line.
        columns: their titles.
        cells: one list a row.
    """

    caption: str
    columns: tuple[str, ...]
    cells: list[list[str]]


class Section(NamedTuple):
    """A task with one model: the leaderboard, the contrasts with teacher forcing, and what the oracles see.

    Attributes:
        track: ends its titles, "" for equal updates.
    """

    title: str
    tables: list[Table]
    track: str = ""


def sections(rows: Sequence[Row]) -> list[Section]:
    """Split a board by task, model and track: equal updates, or equal model evaluations."""
    places: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        places.setdefault((row["task"], row["model"], row["track"]), []).append(row)
    return [_section(*place, beside) for place, beside in places.items()]


def _section(task: str, model: str, track: str, rows: Sequence[Row]) -> Section:
    ending = ", equal model evaluations" if track == "evaluations" else ""
    return Section(f"{task} ({model}){ending}", _tables(rows), ending)


def _tables(rows: Sequence[Row]) -> list[Table]:
    tables = [_table(_note(rows), _LEADERBOARD, rows)]
    if all("origin" in row for row in rows):
        tables.append(_table("Where the records of each row come from, and which versions made them", _ORIGIN, rows))
    compared = [row for row in rows if row["gain"] is not None]
    if compared:
        tables.append(_table(_AGAINST_NOTE, _AGAINST, compared))
    for note, titled, first in ((_GRID_NOTE, _GRID, "regret"), (_ERRORS_NOTE, _ERRORS, "error_rate_after_good")):
        judged = [row for row in rows if row[first] is not None or row[f"{first}_reason"]]
        if judged:
            tables.append(_table(note, titled, judged))
    return tables


def _table(caption: str, columns: Mapping[str, Column], rows: Sequence[Row]) -> Table:
    return Table(caption, tuple(columns), [[column(row) for column in columns.values()] for row in rows])


def _note(rows: Sequence[Row]) -> str:
    row = next((row for row in rows if row["metric"]), None)
    if row is None:
        return "; ".join(dict.fromkeys(reason for row in rows for reason in row["reasons"]))
    decoding = "greedy decoding" if row["decoding"] == "greedy" else "sampled"
    parts = [
        f"{row['metric']} ({row['unit']}), {row['direction']} is better; {decoding}; failure probed: {row['failure']}"
    ]
    controls = [f"{name} {columns.number(row[name])}" for name in ("floor", "ceiling") if row[name] is not None]
    controls += [f"{name} {columns.number(value)}" for name, value in (row["controls"] or {}).items()]
    parts += [", ".join(controls)] if controls else []
    parts += [f"gold prefix absent: {row['gold_prefix_reason']}"] if row["gold_prefix_reason"] else []
    return ". ".join(parts)


_LEADERBOARD: Mapping[str, Column] = {
    "baseline": lambda row: row["baseline"],
    "free running": columns.interval("free_running"),
    "gold prefix": columns.interval("gold_prefix"),
    "gap": columns.interval("gap"),
    "H50": columns.horizon,
    "distinct": columns.mean("distinct_prefixes_at_temperature_1"),
    "evaluations": columns.count("evaluations"),
    "CPU s": lambda row: "-" if row["training_cpu_seconds"] is None else f"{row['training_cpu_seconds']:.1f}",
    "tokens / CPU s": columns.count("training_tokens_per_cpu_second"),
    "seeds": lambda row: str(row["seeds"]),
    "status": columns.status,
}
_ORIGIN: Mapping[str, Column] = {
    "baseline": lambda row: row["baseline"],
    "origin": lambda row: row["origin"],
    "version": lambda row: row["version"],
}
_AGAINST: Mapping[str, Column] = {
    "baseline": lambda row: row["baseline"],
    "gain": columns.interval("gain"),
    "pairs": lambda row: str(row["gain_seeds"]),
    "p": columns.probability("gain_p"),
    "p adjusted": columns.probability("gain_p_adjusted"),
    "detectable": columns.mean("gain_detectable"),
    "verdict": columns.verdict,
}
COMPARISON: Mapping[str, Column] = {
    "task": lambda row: row["task"],
    "model": lambda row: row["model"],
    "baseline": columns.mean("baseline"),
    "against": columns.mean("against"),
    "difference": lambda row: columns.interval("difference")(
        row | {"difference_low": row["low"], "difference_high": row["high"]}
    ),
    "pairs": lambda row: str(row["seeds"]),
    "p": columns.probability("p"),
    "p adjusted": columns.probability("p_adjusted"),
    "detectable": columns.mean("detectable"),
    "verdict": lambda row: "; ".join(filter(None, (row["verdict"] or row["note"], row["warning"]))),
}
CHANGES: Mapping[str, Column] = {
    "task": lambda row: row["task"],
    "model": lambda row: row["model"],
    "baseline": lambda row: row["baseline"],
    "rank": lambda row: f"{row['rank_before'] or 'new'} -> {row['rank_after']}",
    "seeds": lambda row: "" if row["seeds_after"] is None else f"{row['seeds_before'] or 0} -> {row['seeds_after']}",
    "free running": lambda row: (
        ""
        if row["seeds_after"] is None
        else f"{columns.mean('free_running_before')(row)} -> {columns.mean('free_running_after')(row)}"
    ),
}
_AGAINST_NOTE = "Free running against teacher forcing, paired by seed; a gain is positive where the method is better"
_GRID: Mapping[str, Column] = {
    "baseline": lambda row: row["baseline"],
    "KL on gold prefixes": columns.interval("per_step_error"),
    "regret": columns.interval("regret"),
    "ExAccErr %": columns.interval("excess_accumulated_error"),
    "held-out %": columns.mean("excess_accumulated_error_held_out"),
    "EB-C": columns.mean("exposure_ratio"),
    "EB-M": columns.mean("exposure_marginal_ratio"),
    "KL(Q||P)": columns.mean("sequence_kl_reverse"),
    "dominated at": lambda row: ", ".join(row["dominated_at"]) or "-",
}
_GRID_NOTE = (
    "The exposure grid, by the process: KL per step on gold prefixes and its sum on own ones (regret), in nats; their "
    "ratio as ExAccErr (Arora et al. 2022; gold prefixes from the process, and from held-out data) and EB-C (He et al. "
    "2021, total variation); EB-M compares marginals; KL(Q||P) of whole sequences is infinite where the process has "
    "zeros. Read a ratio beside the absolute figures. The grid is blind to delusion, where the model is right on every "
    "history. Dominated at: temperatures at which teacher forcing has both a lower process NLL of samples and a lower "
    "NLL of data"
)
_ERRORS: Mapping[str, Column] = {
    "baseline": lambda row: row["baseline"],
    "wrong after good": columns.interval("error_rate_after_good"),
    "wrong after bad": columns.interval("error_rate_after_bad"),
    "contagion": columns.mean("contagion"),
    "half-life": columns.mean("recovery_half_life"),
    "own prefix": columns.mean("effect_of_own_prefix"),
    "random slip": columns.interval("effect_of_random_slip"),
    "second-best slip": columns.mean("effect_of_second_best_slip"),
    "healed": columns.mean("effect_of_healed"),
}
_ERRORS_NOTE = (
    "Errors in time, by the task's judge of right and wrong given what was said: this sees delusion too. Wrong after "
    "good and after bad histories, their ratio, and the lag at which half of the recovery is made; then the effect on "
    "the share right at lag 1 of an own prefix in place of gold, of one wrong token at its end, drawn at random or the "
    "model's likeliest, and of an own prefix whose last token is set right"
)
_OVERALL: Mapping[str, Column] = {
    "baseline": lambda row: row["baseline"],
    "mean rank": columns.mean("mean_rank"),
    "complete tasks only": columns.mean("mean_rank_complete"),
    "interquartile mean": columns.interval("interquartile_mean"),
    "optimality gap": columns.mean("optimality_gap"),
    "win rate": columns.mean("win_rate"),
    "P(better than teacher forcing)": columns.mean("improvement"),
    "sign-flips": lambda row: (
        "not run" if row["sign_flips_note"].startswith("no test") else columns.probability("sign_flips_p")(row)
    ),
    "every cell ok": lambda row: "yes" if row["complete"] else "no",
}
FOOTNOTE = (
    "Means over seeds with 95 % t intervals in brackets. Gap: gold prefix against free running, positive where free "
    "running is worse. Distinct: share of samples at temperature 1 with a beginning of their own, which falls when a "
    "method buys quality with diversity. H50: length at which quality has fallen half-way from ceiling to floor. "
    "Evaluations: tokens through the model in training, 1 forward and 3 with gradient, roll-outs counted. p: paired t "
    "test, adjusted over the board by Benjamini and Hochberg. Detectable: least true gain that the test would find at "
    "80 % power. A/A: teacher forcing again with other weights and data order."
)


def overall_section(summary: Sequence[Row]) -> Section:
    """The methods over all tasks, a table for each track."""
    tracks: dict[str, list[Row]] = {}
    for row in summary:
        tracks.setdefault(row["track"], []).append(row)
    tables = [_table(_overall_note(rows), _OVERALL, rows) for rows in tracks.values()]
    return Section("Over all tasks", tables)


def _overall_note(rows: Sequence[Row]) -> str:
    equal = "model evaluations, roll-outs counted" if rows[0]["track"] == "evaluations" else "updates"
    tasks, with_controls = rows[0]["tasks"], rows[0]["tasks_with_controls"]
    note = f"Over {tasks} tasks like these at equal {equal}, {rows[0]['seeds']} seeds each"
    if tasks < with_controls:
        note += f"; of {with_controls} they are those to which all these methods apply"
    note += "; quality normalised from floor (0) to ceiling (1)"
    if rows[0]["interquartile_mean_low"] is None:
        note += "; descriptive, too few tasks for an interval or a test"
    if rows[0]["rankings_disagree"]:
        note += ". The ranking changes if tasks with a failed cell are left out"
    return note


def to_markdown(rows: Sequence[Row], summary: Sequence[Row] = ()) -> str:
    """Write the board as Markdown, a section for each task and model and one over all."""
    parts = ["# Leaderboard", ""]
    for section in [*sections(rows), *([overall_section(summary)] if summary else [])]:
        parts += [f"## {markdown(section.title)}", ""]
        for table in section.tables:
            parts += [f"{markdown(table.caption)}.", ""]
            parts += ["| " + " | ".join(table.columns) + " |", "|" + " --- |" * len(table.columns)]
            parts += ["| " + " | ".join(map(markdown, cells)) + " |" for cells in table.cells]
            parts.append("")
    return "\n".join([*parts, FOOTNOTE, ""])


def to_json(rows: Sequence[Row], summary: Sequence[Row] = ()) -> str:
    """Write the board as JSON: `{"rows": [...], "overall": [...]}`."""
    return json_lines({"rows": list(rows), "overall": list(summary)})


def write_board(
    rows: Sequence[Row], folder: Path, summary: Sequence[Row] = (), name: str = "leaderboard"
) -> list[Path]:
    """Write a board as .md, .csv and .json into a folder."""
    import pandas as pd

    nested = ("by_length", "status", "reasons", "trained", "controls", "dominated_at")
    flat = [
        {name: csv(value) if isinstance(value, str) else value for name, value in row.items() if name not in nested}
        | {"status": columns.status(row)}
        for row in rows
    ]
    paths = [folder / f"{name}.{kind}" for kind in ("md", "csv", "json")]
    paths[0].write_text(to_markdown(rows, summary), encoding="utf-8")
    pd.DataFrame(flat).to_csv(paths[1], index=False)
    paths[2].write_text(to_json(rows, summary), encoding="utf-8")
    return paths
