"""The throughput table, and how its ratios stand to what the suite aims at."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

Row = dict[str, Any]

TITLES = {
    "teacher_forcing": "teacher forcing, one parallel pass",
    "scheduled_sampling_two_phase": "scheduled sampling, roll-in then one pass",
    "scheduled_sampling_passes": "scheduled sampling, two parallel passes then one",
    "scheduled_sampling_stepwise": "scheduled sampling, step by step with gradient",
    "reinforce": "REINFORCE, leave-one-out",
    "generation": "free-running generation",
    "torch_training": "peer: GPT in plain torch, training step",
    "transformers_training": "peer: Hugging Face GPT-2, training step",
    "transformers_generation": "peer: Hugging Face `generate`",
    "x_transformers_training": "peer: x-transformers, training step",
    "x_transformers_generation": "peer: x-transformers `generate`",
    "trl_reinforce": "peer: TRL's RLOO trainer",
}


KINDS: tuple[str, ...] = ("matrix products", "attention", "copies", "element-wise and other")
"""Of work, on which an update spends its time."""


class Aim(NamedTuple):
    """A ratio of two paths at one length and batch, and the bound that the suite aims at.

    Attributes:
        above: whether the ratio of speeds `path / other` is to be at least the bound; else the ratio of costs, that of
            `path` over that of `other`, is to be at most the bound.
    """

    what: str
    model: str
    path: str
    other: str
    bound: float
    above: bool


AIMS = (
    Aim("teacher-forced training step over a GPT in plain torch", "transformer", "teacher_forcing", "torch_training",
        1.35, above=True),
    Aim("free-running generation over Hugging Face `generate`", "transformer", "generation", "transformers_generation",
        1.7, above=True),
    Aim("REINFORCE, leave-one-out, over TRL's RLOO trainer", "transformer", "reinforce", "trl_reinforce", 2.2,
        above=True),
    Aim("cost of scheduled sampling over teacher forcing, transformer", "transformer", "scheduled_sampling_two_phase",
        "teacher_forcing", 2.0, above=False),
    Aim("cost of scheduled sampling over teacher forcing, LSTM", "lstm", "scheduled_sampling_two_phase",
        "teacher_forcing", 1.3, above=False),
)  # fmt: skip
AIMED_AT = {"length": 128, "batch": 64}


def aims(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each aim whose paths were timed at the length and batch it is for: the ratio, the bound, and whether it holds."""
    found = []
    for aim in AIMS:
        speeds = [_speed(rows, aim.model, path) for path in (aim.path, aim.other)]
        if None not in speeds:
            one, other = speeds
            ratio = one / other if aim.above else other / one
            holds = ratio >= aim.bound if aim.above else ratio <= aim.bound
            found.append({"what": aim.what, "ratio": ratio, "bound": aim.bound, "at_least": aim.above, "holds": holds})
    return found


def _speed(rows: Sequence[Row], model: str, path: str) -> Any:
    wanted = {"model": model, "path": path} | AIMED_AT
    suited = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return next((row["tokens_per_cpu_second"] for row in suited), None)


def print_throughput(rows: Sequence[Row]) -> None:
    """Print the rows as a table, the limits that they are compared with, and the aims."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Tokens per CPU-second, one thread", title_justify="left")
    for column in (
        "model",
        "length",
        "batch",
        "path",
        "tokens / CPU s",
        "least to greatest",
        "cost over teacher forcing",
        "GFLOP/s",
        "of GEMM peak",
        "of memory bandwidth",
        "peak MiB",
    ):
        table.add_column(column, justify="left" if column in ("model", "path") else "right")
    for row in rows:
        table.add_row(
            row["model"], str(row["length"]), str(row["batch"]), TITLES.get(row["path"], row["path"]), *_figures(row)
        )
    Console(width=190).print(table)
    _print_shares(rows)
    if rows:
        _print_limits(next(row for row in rows if not row["reason"]))
    for aim in aims(rows):
        sign, verdict = ("≥" if aim["at_least"] else "≤"), ("holds" if aim["holds"] else "missed")
        print(f"{aim['what']}: {aim['ratio']:.2f} (aim {sign} {aim['bound']:g}: {verdict})")


def _figures(row: Row) -> tuple[str, ...]:
    if row["tokens_per_cpu_second"] is None:
        return ("-", row["reason"], "-", "-", "-", "-", "-")
    spread = f"{row['tokens_per_cpu_second_least']:,.0f} to {row['tokens_per_cpu_second_greatest']:,.0f}"
    speed, cost = f"{row['tokens_per_cpu_second']:,.0f}", f"{row['cost_over_teacher_forcing']:.2f}"
    if "flop_per_cpu_second" not in row:
        return (speed, spread, cost, "-", "-", "-", "-")
    return (
        speed,
        spread,
        cost,
        f"{row['flop_per_cpu_second'] / 1e9:.0f}",
        f"{row['share_of_gemm_peak']:.0%}",
        f"{row['share_of_memory_bandwidth']:.0%}",
        f"{row['peak_memory_bytes'] / 2**20:,.0f}",
    )


def _print_shares(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "length", "batch", "path", title="Where the time of an update goes", title_justify="left")
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for row in rows:
        if share_of(KINDS[0]) in row:
            shares = [f"{row[share_of(kind)]:.0%}" for kind in KINDS]
            table.add_row(row["model"], str(row["length"]), str(row["batch"]), TITLES[row["path"]], *shares)
    Console(width=190).print(table)


def share_of(kind: str) -> str:
    """Name the column that holds what share of its time an update spends on a kind of work."""
    return f"share_of_{kind.replace(' ', '_')}"


def _print_limits(row: Row) -> None:
    print(
        f"In this run: products of large matrices {row['gemm_peak'] / 1e9:.0f} GFLOP/s, a copy in memory "
        f"{row['memory_bandwidth'] / 1e9:.0f} GB/s and in cache {row['cache_bandwidth'] / 1e9:.0f} GB/s, a dot product "
        f"beyond the caches reads {row['read_bandwidth'] / 1e9:.0f} GB/s. The suite's "
        f"linear layers are computed by {row['linear']} and its steps attend by {row['attention']}, those of peers by "
        "torch."
    )


def write_throughput(rows: Sequence[Row], folder: Path, command: str) -> list[Path]:
    """Write throughput.json and the figures that the rows suffice for, and return the figures' paths."""
    from benchmark.reporting.figures.throughput import THROUGHPUT_FIGURES
    from benchmark.reporting.figures.writing import Stamp, write_figures
    from benchmark.reporting.results import Results
    from benchmark.running.provenance import commit

    text = json.dumps({"rows": list(rows), "aims": aims(rows)}, indent=1, allow_nan=False)
    (folder / "throughput.json").write_text(text + "\n", encoding="utf-8")
    results = Results(folder.resolve().name, (), rows)
    written = write_figures(results, folder / "figures", THROUGHPUT_FIGURES, Stamp(results.name, commit(), command))
    return [path for paths in written.paths.values() for path in paths]
