"""Figures of throughput, each for one question.

`throughput`: how many tokens a second does each path train on? `cost_over_teacher_forcing`: what does a path cost over
the parallel one? `roofline`: is a path bound by arithmetic or by memory? `generation_growth`: does generation cost what
its reads of the prefix predict? `batch_sweep`: how much do larger batches gain?
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.reporting.figures import (
    drawing,
    logarithmic_lengths,
    logarithmic_values,
    save,
    series_style,
    shared_legend,
)
from benchmark.reporting.throughput import TITLES, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write(rows: Sequence[Row], folder: Path, command: str) -> list[Path]:
    """Write the figures that the rows suffice for; return their paths."""
    timed = [row for row in rows if row["tokens_per_cpu_second"] is not None]
    first = _first_batches(timed)
    paths = _lines(first, folder / "throughput", command, "tokens_per_cpu_second", "tokens per CPU-second", "length")
    own = [row for row in first if row["path"] not in ("teacher_forcing", "generation") and "flop_per_byte" in row]
    cost = "cost_over_teacher_forcing"
    paths += _lines(own, folder / cost, command, cost, "cost of an update over\nteacher forcing", "length")
    if len({row["batch"] for row in timed if row["length"] == timed[0]["length"]}) > 1:
        shortest = [row for row in timed if row["length"] == timed[0]["length"]]
        paths += _lines(
            shortest, folder / "batch_sweep", command, "tokens_per_cpu_second", "tokens per CPU-second", "batch"
        )
    paths += _roofline([row for row in timed if "flop_per_byte" in row], folder / "roofline", command)
    return paths + _growth(timed, folder / "generation_growth", command)


def _first_batches(rows: Sequence[Row]) -> list[Row]:
    """Of each model and length the rows of the batch that was timed first."""
    first: dict[tuple[str, int], int] = {}
    for row in rows:
        first.setdefault((row["model"], row["length"]), row["batch"])
    return [row for row in rows if row["batch"] == first[row["model"], row["length"]]]


def _panels(rows: Sequence[Row], stem: Path, command: str, draw: Callable[["Axes", list[Row]], None]) -> list[Path]:
    models = list(dict.fromkeys(row["model"] for row in rows))
    if not models:
        return []
    with drawing(len(models), same_values=True) as (figure, axes):
        for axis, model in zip(axes, models, strict=True):
            draw(axis, [row for row in rows if row["model"] == model])
            axis.set_title(model)
        shared_legend(figure, axes, columns=len(models))
        return save(figure, stem, command)


def _lines(rows: Sequence[Row], stem: Path, command: str, value: str, label: str, axis_of: str) -> list[Path]:
    """One line a path against length or batch, both axes logarithmic."""
    ticks = sorted({row[axis_of] for row in rows})
    paths = [path for path in TITLES if any(row["path"] == path for row in rows)]

    def draw(axis: "Axes", own: list[Row]) -> None:
        for path in paths:
            points = sorted((row[axis_of], row[value]) for row in own if row["path"] == path)
            if points:
                axis.plot(*zip(*points, strict=True), label=TITLES[path], **_style(path))
        logarithmic_lengths(axis, ticks)
        logarithmic_values(axis)
        axis.set(xlabel={"length": "sequence length (tokens)", "batch": "sequences in a batch"}[axis_of], ylabel=label)
        axis.label_outer()

    return _panels(rows, stem, command, draw)


def _style(path: str) -> dict[str, Any]:
    """The same for a path in every figure; peers are dashed."""
    return series_style(list(TITLES).index(path)) | {"linestyle": "--" if TITLES[path].startswith("peer") else "-"}


def _roofline(rows: Sequence[Row], stem: Path, command: str) -> list[Path]:
    """Arithmetic against intensity of each path at the longest length, under the roofs of the machine."""
    if not rows:
        return []
    limits = rows[0]
    low = min(row["flop_per_byte"] for row in rows) / 2
    high = 4 * max(limits["gemm_peak"] / limits["memory_bandwidth"], *(row["flop_per_byte"] for row in rows))

    def draw(axis: "Axes", own: list[Row]) -> None:
        for name, label, style in (
            ("memory_bandwidth", "bound of memory and arithmetic", "-"),
            ("cache_bandwidth", "bound of cache and arithmetic", ":"),
        ):
            corner = limits["gemm_peak"] / limits[name]
            heights = [low * limits[name] / 1e9, limits["gemm_peak"] / 1e9, limits["gemm_peak"] / 1e9]
            axis.plot([low, corner, high], heights, color="black", linestyle=style, linewidth=1.0, label=label)
        for row in own:
            if row["length"] == max(r["length"] for r in own if r["path"] == row["path"]):
                style: Any = _style(row["path"]) | {"linestyle": "none", "markersize": 6}
                axis.plot(
                    [row["flop_per_byte"]], [row["flop_per_cpu_second"] / 1e9], label=TITLES[row["path"]], **style
                )
        axis.set(xscale="log", xlabel="model FLOP per byte that operations move", ylabel="model GFLOP per CPU-second")
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        logarithmic_values(axis)
        axis.label_outer()

    return _panels(rows, stem, command, draw)


def _growth(rows: Sequence[Row], stem: Path, command: str) -> list[Path]:
    """Seconds of generation against length at one batch, and what the two shortest lengths and the reads predict."""
    generated = [row for row in rows if row["path"] == "generation"]
    batches = [row["batch"] for row in generated]
    common = max(set(batches), key=batches.count, default=0)
    generated = [row for row in generated if row["batch"] == common]
    if len({row["length"] for row in generated}) < 3:
        return []
    ticks = sorted({row["length"] for row in generated})

    def draw(axis: "Axes", own: list[Row]) -> None:
        own = sorted(own, key=lambda row: row["length"])
        lengths = [row["length"] for row in own]
        style: Any = _style("generation") | {"linestyle": "none"}
        axis.plot(lengths, [row["cpu_milliseconds"] / 1e3 for row in own], label="measured", **style)
        axis.plot(
            lengths, [predicted_seconds(own[0], n) for n in lengths], color="black", linewidth=1, label="predicted"
        )
        logarithmic_lengths(axis, ticks)
        logarithmic_values(axis)
        axis.set(xlabel="generated length (tokens)", ylabel=f"CPU-seconds, {common} sequences")
        axis.label_outer()

    return _panels(generated, stem, command, draw)


def predicted_seconds(shortest: Row, length: int) -> float:
    """CPU-seconds of generating a length, from a run of a short one and the bandwidth of memory.

    A step costs what it costs without a prefix, and reading the keys and values of the prefix: w T + c T (T + 1) / 2
    in all, c being the bytes of a column over the bandwidth. A recurrent model reads no prefix, so c = 0.
    """
    column = shortest["bytes_read_per_column"] / shortest["memory_bandwidth"]
    first = shortest["length"]
    step = (shortest["cpu_milliseconds"] / 1e3 - column * first * (first + 1) / 2) / first
    return step * length + column * length * (length + 1) / 2
