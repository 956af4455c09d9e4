"""The throughput table and its figure."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.reporting.figures import (
    drawing,
    logarithmic_lengths,
    logarithmic_values,
    save,
    series_style,
    shared_legend,
)

Row = dict[str, Any]

TITLES = {
    "teacher_forcing": "teacher forcing, one parallel pass",
    "scheduled_sampling_two_phase": "scheduled sampling, roll-in then one pass",
    "scheduled_sampling_passes": "scheduled sampling, two parallel passes then one",
    "scheduled_sampling_stepwise": "scheduled sampling, step by step with gradient",
    "reinforce": "REINFORCE, leave-one-out",
    "generation": "free-running generation",
    "transformers_training": "peer: Hugging Face GPT-2, training step",
    "transformers_generation": "peer: Hugging Face `generate`",
    "x_transformers_training": "peer: x-transformers, training step",
    "x_transformers_generation": "peer: x-transformers `generate`",
}


def print_throughput(rows: Sequence[Row]) -> None:
    """Print the rows as a table."""
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
    ):
        table.add_column(column, justify="left" if column in ("model", "path") else "right")
    for row in rows:
        head = (row["model"], str(row["length"]), str(row["batch"]), TITLES.get(row["path"], row["path"]))
        if row["tokens_per_cpu_second"] is None:
            table.add_row(*head, "-", row["reason"], "-", "-", "-")
            continue
        spread = f"{row['tokens_per_cpu_second_least']:,.0f} to {row['tokens_per_cpu_second_greatest']:,.0f}"
        rate, share = row["flop_per_cpu_second"], row["share_of_gemm_peak"]
        work = ("-", "-") if rate is None else (f"{rate / 1e9:.0f}", f"{share:.0%}")
        cost = f"{row['cost_over_teacher_forcing']:.2f}"
        table.add_row(*head, f"{row['tokens_per_cpu_second']:,.0f}", spread, cost, *work)
    Console(width=170).print(table)
    if rows:
        print(f"GEMM peak {rows[0]['gemm_peak'] / 1e9:.0f} GFLOP/s in this run; linear layers by {rows[0]['linear']}")


def write_throughput(rows: Sequence[Row], folder: Path, command: str) -> None:
    """Write throughput.json and the log-log figure."""
    (folder / "throughput.json").write_text(json.dumps(list(rows), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    models = list(dict.fromkeys(row["model"] for row in rows))
    with drawing(len(models), same_values=True) as (figure, axes):
        for axis, model in zip(axes, models, strict=True):
            timed = {row["path"] for row in rows}
            for index, (path, title) in enumerate((path, TITLES[path]) for path in TITLES if path in timed):
                own = [
                    row for row in rows if (row["model"], row["path"]) == (model, path) and row["tokens_per_cpu_second"]
                ]
                axis.plot(
                    [row["length"] for row in own],
                    [row["tokens_per_cpu_second"] for row in own],
                    label=title,
                    **series_style(index),
                )
            logarithmic_lengths(axis, sorted({row["length"] for row in rows}))
            logarithmic_values(axis)
            axis.set(title=model, xlabel="sequence length (tokens)")
        axes[0].set_ylabel("tokens per CPU-second")
        shared_legend(figure, axes, columns=3)
        save(figure, folder / "figures" / "throughput", command)
