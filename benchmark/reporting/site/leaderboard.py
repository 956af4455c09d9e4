"""The leaderboard of the page: every row of the board with what it is sorted and filtered by."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmark.reporting import columns
from benchmark.reporting.against import place_of
from benchmark.reporting.aggregates import normalise
from benchmark.reporting.board import Row
from benchmark.reporting.grouping import Group, main_track
from benchmark.reporting.site.about import MethodAbout
from benchmark.running.record import Record

UNKNOWN_PATH = "not known here"


class Column(NamedTuple):
    """A column of the leaderboard.

    Attributes:
        title: in the head of the table.
        meaning: a line about it.
        text: of a cell.
        key: what it is sorted by, None for what always stands last; numbers by size, text by letters.
        main: whether it is shown before all columns are asked for.
    """

    title: str
    meaning: str
    text: Callable[[Row], str]
    key: Callable[[Row], Any]
    main: bool = True

    def is_numeric(self, rows: Sequence[Row]) -> bool:
        """Whether it is sorted by size, the greatest first."""
        return not any(isinstance(self.key(row), str) for row in rows)


def _named(title: str, name: str, meaning: str, main: bool = True) -> Column:
    return Column(title, meaning, lambda row: row[name] or "-", lambda row: row[name] or None, main)


def _figure(title: str, name: str, text: columns.Column, meaning: str, main: bool = True) -> Column:
    return Column(title, meaning, text, lambda row: row[name], main)


def _horizon_key(row: Row) -> float | None:
    beyond = row["horizon_50_beyond"]
    return row["horizon_50"] if beyond is None else beyond + 0.5


COLUMNS = (
    _named("method", "baseline", "how it was trained"),
    _named("task", "task", "what was learned"),
    _figure("quality 0-1", "normalised", columns.mean("normalised"),
            "free-running quality from the floor of the task (0) to its ceiling (1), to compare across tasks"),
    _figure("free running", "free_running", columns.interval("free_running"),
            "the task's own metric on the model's own output; mean over seeds and 95 % t interval"),
    _figure("gold prefix", "gold_prefix", columns.interval("gold_prefix"),
            "the same metric where every earlier token is gold", main=False),
    _figure("gap", "gap", columns.interval("gap"), "gold prefix against free running; positive: free running is worse"),
    _figure("gain", "gain", columns.interval("gain"),
            "against teacher forcing, paired by seed; positive: the method is better"),
    _named("model", "model", "what learned it"),
    _named("path", "path", "how training passes through the model: in parallel, in a few passes, or step by step"),
    _named("failure probed", "failure", "the kind of failure that the task brings out", main=False),
    _named("verdict", "verdict", "paired t test, adjusted over the board; none below five seeds", main=False),
    _figure("A/A noise floor", "noise_floor", columns.mean("noise_floor"),
            "size of the difference between teacher forcing and itself with other weights and data order", main=False),
    _figure("detectable", "gain_detectable", columns.mean("gain_detectable"),
            "minimum detectable effect: the least true gain that the test would find at 80 % power", main=False),
    Column("H50", "output length at which quality has fallen half-way from ceiling to floor", columns.horizon,
           _horizon_key, main=False),
    _figure("evaluations", "evaluations", columns.count("evaluations"),
            "tokens through the model in training: 1 forward, 3 with gradient, roll-outs counted", main=False),
    _figure("CPU s", "training_cpu_seconds", columns.mean("training_cpu_seconds"),
            "of training; reported, never ranked", main=False),
    _figure("tokens per CPU s", "training_tokens_per_cpu_second", columns.count("training_tokens_per_cpu_second"),
            "of training on the method's own path; reported, never ranked", main=False),
    _named("budget", "budget", "the track: the same number of updates, or of model evaluations, for all", main=False),
    Column("seeds", "seeds that are ok", lambda row: str(row["seeds"]), lambda row: row["seeds"], main=False),
    Column("status", "how many cells ended how", columns.status, columns.status),
)  # fmt: skip

FILTERS = {
    "failure": "kind of failure",
    "task": "task",
    "path": "method path",
    "model": "model",
    "track": "budget track",
}


def leaderboard(rows: Sequence[Row], groups: Sequence[Group], methods: Mapping[str, MethodAbout]) -> list[Row]:
    """Add to the rows of a board what the page shows beside it.

    Path, budget, normalised quality and noise floor, and whether curves are drawn: those of one track only.
    """
    of_row = {(group[0].cell.task.name, group[0].cell.model.name, label): group for label, group in groups}
    beside = [of_row[row["task"], row["model"], row["baseline"]] for row in rows]
    floors = {
        place_of(group[0]): abs(row["gain"])
        for row, group in zip(rows, beside, strict=True)
        if group[0].cell.replicate and row["gain"] is not None
    }
    drawn = {id(group) for _, group in main_track(groups)}
    failures = {row["task"]: row["failure"] for row in rows if row["failure"]}
    return [
        row | {
            "method": group[0].cell.baseline.name,
            "path": known.path if (known := methods.get(group[0].cell.baseline.name)) else UNKNOWN_PATH,
            "failure": failures.get(row["task"]),
            "normalised": _normalised(row),
            "noise_floor": floors.get(place_of(group[0])),
            "verdict": columns.verdict(row),
            "budget": budget(group),
            "drawn": id(group) in drawn and bool(row["by_length"]),
        }
        for row, group in zip(rows, beside, strict=True)
    ]  # fmt: skip


def budget(group: Sequence[Record]) -> str:
    """Name the track and its size."""
    found = group[0].cell.budget
    kind = "updates" if found.updates else "evaluations"
    return f"{getattr(found, kind):,} {kind}"


def _normalised(row: Row) -> float | None:
    if None in (row["free_running"], row["floor"], row["ceiling"]):
        return None
    return float(normalise(row["free_running"], row["floor"], row["ceiling"]))
