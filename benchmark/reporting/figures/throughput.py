"""Figures of throughput, each for one question, from the rows of `ebb throughput`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.reporting.figures.declaration import Missing, ReportFigure, Row
from benchmark.reporting.figures.sheet import Sheet, shown
from benchmark.reporting.figures.style import logarithmic_lengths, logarithmic_values, series_style
from benchmark.reporting.results import Results
from benchmark.reporting.throughput import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_AXES = {"length": "sequence length (tokens)", "batch": "sequences in a batch"}


def _timed(results: Results) -> list[Row]:
    if not results.throughput:
        raise Missing("there is no throughput.json in the folder; `ebb throughput --out DIR` writes it")
    return [row for row in results.throughput if row["tokens_per_cpu_second"] is not None]


def _enough(rows: list[Row], reason: str) -> list[Row]:
    if not rows:
        raise Missing(reason)
    return rows


def _first_batches(results: Results) -> list[Row]:
    """Of each model and length the rows of the batch that was timed first."""
    rows = _timed(results)
    first: dict[tuple[str, int], int] = {}
    for row in rows:
        first.setdefault((row["model"], row["length"]), row["batch"])
    return _enough([row for row in rows if row["batch"] == first[row["model"], row["length"]]], "nothing was timed")


def _costs(results: Results) -> list[Row]:
    own = [row for row in _first_batches(results) if row["path"] not in ("teacher_forcing", "generation")]
    return _enough([row for row in own if "flop_per_byte" in row], "only teacher forcing and generation were timed")


def _batches(results: Results) -> list[Row]:
    rows = _timed(results)
    shortest = [row for row in rows if row["length"] == rows[0]["length"]]
    several = len({row["batch"] for row in shortest}) > 1
    return _enough(shortest if several else [], "only one batch was timed")


def _counted(results: Results) -> list[Row]:
    return _enough([row for row in _first_batches(results) if "flop_per_byte" in row], "no operations were counted")


def _generated(results: Results) -> list[Row]:
    rows = [row for row in _timed(results) if row["path"] == "generation" and "bytes_read_per_column" in row]
    batches = [row["batch"] for row in rows]
    common = max(sorted(set(batches)), key=batches.count, default=0)
    rows = [row for row in rows if row["batch"] == common]
    return _enough(rows if len({row["length"] for row in rows}) >= 3 else [], "generation needs three lengths")


def _panels(rows: Sequence[Row], sheet: Sheet, draw: "Callable[[Axes, list[Row]], None]") -> "Figure":
    models = list(dict.fromkeys(row["model"] for row in rows))
    figure, axes = sheet.panels(len(models), height=1.6, same_values=True)
    for axis, model in zip(axes, models, strict=True):
        draw(axis, [row for row in rows if row["model"] == model])
        axis.set_title(shown(model))
    sheet.legend(figure, axes)
    return figure


def _lines(value: str, label: str, axis_of: str) -> Callable[[Sequence[Row], Sheet], "Figure"]:
    """One line a path against length or batch, both axes logarithmic."""

    def draw(rows: Sequence[Row], sheet: Sheet) -> "Figure":
        ticks = sorted({row[axis_of] for row in rows})

        def panel(axis: "Axes", own: list[Row]) -> None:
            for path in TITLES:
                points = sorted((row[axis_of], row[value]) for row in own if row["path"] == path)
                if points:
                    axis.plot(*zip(*points, strict=True), label=TITLES[path], **_style(path))
            logarithmic_lengths(axis, ticks)
            logarithmic_values(axis)
            axis.set(xlabel=_AXES[axis_of], ylabel=label)

        return _panels(rows, sheet, panel)

    return draw


def _style(path: str) -> dict[str, Any]:
    """The same for a path in every figure; peers are dashed."""
    return series_style(list(TITLES).index(path)) | {"linestyle": "--" if TITLES[path].startswith("peer") else "-"}


def _roofline(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    """Arithmetic against intensity of each path at the longest length, under the roofs of the machine."""
    limits = rows[0]
    low = min(row["flop_per_byte"] for row in rows) / 2
    high = 4 * max(limits["gemm_peak"] / limits["memory_bandwidth"], *(row["flop_per_byte"] for row in rows))

    def panel(axis: "Axes", own: list[Row]) -> None:
        for name, label, style in (
            ("memory_bandwidth", "bound of memory and arithmetic", "-"),
            ("cache_bandwidth", "bound of cache and arithmetic", ":"),
        ):
            corner = limits["gemm_peak"] / limits[name]
            heights = [low * limits[name] / 1e9, limits["gemm_peak"] / 1e9, limits["gemm_peak"] / 1e9]
            axis.plot([low, corner, high], heights, color="black", linestyle=style, linewidth=1.0, label=label)
        for row in own:
            if row["length"] == max(r["length"] for r in own if r["path"] == row["path"]):
                style: Any = _style(row["path"]) | {"linestyle": "none", "markersize": 4.5}
                at = [row["flop_per_byte"]], [row["flop_per_cpu_second"] / 1e9]
                axis.plot(*at, label=TITLES[row["path"]], **style)
        axis.set(xscale="log", xlabel="model FLOP per byte moved", ylabel="model GFLOP per CPU-second")
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        logarithmic_values(axis)

    return _panels(rows, sheet, panel)


def _growth(rows: Sequence[Row], sheet: Sheet) -> "Figure":
    """Seconds of generation against length at one batch, and what the shortest length and the reads predict."""
    ticks = sorted({row["length"] for row in rows})

    def panel(axis: "Axes", own: list[Row]) -> None:
        own = sorted(own, key=lambda row: row["length"])
        lengths = [row["length"] for row in own]
        style: Any = _style("generation") | {"linestyle": "none"}
        axis.plot(lengths, [row["cpu_milliseconds"] / 1e3 for row in own], label="measured", **style)
        predicted = [predicted_seconds(own[0], n) for n in lengths]
        axis.plot(lengths, predicted, color="black", linewidth=1, label="predicted")
        logarithmic_lengths(axis, ticks)
        logarithmic_values(axis)
        axis.set(xlabel="generated length (tokens)", ylabel=f"CPU-seconds, {own[0]['batch']} sequences")

    return _panels(rows, sheet, panel)


def predicted_seconds(shortest: Row, length: int) -> float:
    """CPU-seconds of generating a length, from a run of a short one and the bandwidth of reading from memory.

    A step costs what it costs without a prefix, and reading the keys and values of the prefix: w T + c T (T + 1) / 2
    in all, c being the bytes of a column over the bandwidth. A recurrent model reads no prefix, so c = 0.
    """
    column = shortest["bytes_read_per_column"] / shortest["read_bandwidth"]
    first = shortest["length"]
    step = (shortest["cpu_milliseconds"] / 1e3 - column * first * (first + 1) / 2) / first
    return step * length + column * length * (length + 1) / 2


_ON_ONE_THREAD = "One panel a model; one thread, medians of process-CPU time, an update of the same number of tokens."

THROUGHPUT_FIGURES = (
    ReportFigure(
        id="throughput",
        question="How many tokens a second does each training path train on, in parallel and step by step?",
        caption=_ON_ONE_THREAD,
        rows=_first_batches,
        draw=_lines("tokens_per_cpu_second", "tokens per CPU-second ↑", "length"),
    ),
    ReportFigure(
        id="cost_over_teacher_forcing",
        question="What does an update of each training path cost over one of teacher forcing?",
        caption=f"Ratio of times at the same length and batch, 1 for teacher forcing. {_ON_ONE_THREAD}",
        rows=_costs,
        draw=_lines("cost_over_teacher_forcing", "cost of an update over\nteacher forcing (ratio) ↓", "length"),
    ),
    ReportFigure(
        id="batch_sweep",
        question="How much do larger batches gain on each path?",
        caption=f"At the first length that was timed. {_ON_ONE_THREAD}",
        rows=_batches,
        draw=_lines("tokens_per_cpu_second", "tokens per CPU-second ↑", "batch"),
    ),
    ReportFigure(
        id="roofline",
        question="Is a path bound by arithmetic or by memory?",
        caption=(
            "Arithmetic done per CPU-second against arithmetic per byte that operations move, at the longest length of "
            "each path; lines: what memory, cache and matrix products of this machine allow."
        ),
        rows=_counted,
        draw=_roofline,
    ),
    ReportFigure(
        id="generation_growth",
        question="Does generation cost what its reads of the prefix predict?",
        caption=(
            "CPU-seconds of generation by length at one batch, and the prediction from the shortest length: a constant "
            "cost a step, and the reads of keys and values of the prefix at the bandwidth at which a dot product reads "
            "two arrays of 256 MiB on the same core."
        ),
        rows=_generated,
        draw=_growth,
    ),
)
