"""A task on paper: what it declares and three examples as text; lengths and a sample as a figure."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.reporting.figures.style import drawing, save, series_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.text import Text

_NAME = 13
_RUNS_APART = 4  # fewer runs of given and own tokens than this stand apart
_MOST_BINS = 40
_TAIL = 8  # a longest sequence of so many times the median calls for a logarithmic axis


def task_lines(shown: Mapping[str, Any]) -> "Iterator[Text]":
    """Yield lines of text: what a task declares, then its examples, given tokens dim and own ones bold."""
    from rich.text import Text

    task = shown["declared"]
    yield Text.assemble((task["name"], "bold"), f"  version {task['version']}")
    yield Text(task["summary"])
    yield Text("")
    for name, value in _facts(task):
        yield Text.assemble((f"{name:<{_NAME}}", "dim"), value)
    yield Text("")
    for number, runs in enumerate(shown["examples"], 1):
        apart = " " if len(runs) < _RUNS_APART else ""
        parts = ((run["text"] + apart, "dim" if run["given"] else "bold green") for run in runs)
        yield Text.assemble(f"example {number}  ", *parts)
    yield Text.assemble("given by the environment: ", ("dim", "dim"), "; the model's own: ", ("green", "bold green"))
    yield Text("")
    yield Text(task["citation"], "dim")


def _facts(task: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    curve = task["curve"]
    yield "probes", task["coordinates"]["failure"]
    yield (
        "coordinates",
        ", ".join(f"{key} {_plain(value)}" for key, value in task["coordinates"].items() if key != "failure"),
    )
    yield "space", task["space"]
    yield "metric", f"{task['metric']}; {task['decoding']} decoding"
    if task["further_metrics"]:
        yield "and", "; ".join(task["further_metrics"])
    grid = ", ".join(str(high) if low == high else f"{low}-{high}" for low, high in curve["buckets"])
    trained = "-".join(map(str, dict.fromkeys(curve["trained"])))
    yield "curve", f"by {curve['axis']}, in {curve['unit']}: {grid}; trained on {trained}"
    yield "floor", _number(task["floor"])
    yield "ceiling", _number(task["ceiling"])
    for name, value in task["controls"].items():
        yield "control", f"{_number(value)}  {name}"
    yield "knows", ", ".join(task["knows"]) or "nothing beside the score"
    if task["lyapunov"]:
        yield "chaos", f"largest Lyapunov exponent {task['lyapunov']:.3g} a step"
    yield "licence", task["licence"]


def _plain(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def draw_task(shown: Mapping[str, Any], folder: Path, command: str) -> list[Path]:
    """Draw how long the sequences of a task are, by split, and a few of them."""
    task = shown["declared"]
    with drawing(2) as (figure, axes):
        figure.set_size_inches(8.6, 2.9)
        figure.suptitle(task["name"])
        _draw_lengths(axes[0], task["curve"], shown["lengths"], shown["unit"])
        if shown["continuous"]:
            _draw_series(axes[1], shown["values"][0], shown["given"][0])
        else:
            _draw_symbols(axes[1], shown["values"], shown["given"])
        return save(figure, folder / f"task_{task['name']}", command)


def _draw_lengths(axis: "Axes", curve: Mapping[str, Any], lengths: Mapping[str, Sequence[int]], unit: str) -> None:
    every = np.concatenate([np.array(values) for values in lengths.values()])
    shortest, longest = int(every.min()), int(every.max())
    if longest > _TAIL * np.median(every):
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:,.0f}")
        edges = np.unique(np.geomspace(shortest, longest + 1, _MOST_BINS).round()) - 0.5
    else:
        width = -(-(longest - shortest + 1) // _MOST_BINS)
        edges = np.arange(shortest, longest + width + 1, width) - 0.5
    for index, (split, values) in enumerate(lengths.items()):
        shares = 100 * np.histogram(values, edges)[0] / len(values)
        colour = series_style(index)["color"]
        axis.stairs(shares, edges, color=colour, fill=True, alpha=0.35)
        axis.stairs(shares, edges, color=colour, linewidth=1.2, label=f"{split} ({len(values):,})")
    if unit == curve["unit"] and curve["axis"] == "length":
        low, high = curve["trained"]
        axis.axvspan(low - 0.5, high + 0.5, color="0.92", zorder=0, linewidth=0, label="training lengths")
        axis.axvline(curve["buckets"][-1][1] + 0.5, color="black", linestyle=":", linewidth=0.9, label="tested up to")
    axis.set(title="length of a sequence", xlabel=unit, ylabel="share of sequences (%)")
    _legend_below(axis)


def _legend_below(axis: "Axes") -> None:
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4, columnspacing=1.2, handlelength=1.4)


def _draw_symbols(axis: "Axes", values: Sequence[Sequence[int]], given: Sequence[Sequence[bool]]) -> None:
    """Each sequence a row of cells, a colour a symbol; what is given is pale."""
    import matplotlib
    from matplotlib.ticker import MaxNLocator

    occurring = sorted({symbol for line in values for symbol in line})
    colours = matplotlib.colormaps["turbo"](np.linspace(0.03, 0.97, len(occurring)))[:, :3]
    picture = np.ones((len(values), max(map(len, values)), 3))
    for row, (line, supplied) in enumerate(zip(values, given, strict=True)):
        shade = np.where(supplied, 0.3, 1.0)[:, None]
        picture[row, : len(line)] = shade * colours[np.searchsorted(occurring, line)] + (1 - shade)
    extent = (0.5, picture.shape[1] + 0.5, len(values) + 0.5, 0.5)
    axis.imshow(picture, aspect="auto", interpolation="nearest", extent=extent)
    axis.grid(visible=False)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(title="sequences: a colour a symbol, given ones pale", xlabel="column", ylabel="example")


def _draw_series(axis: "Axes", values: Sequence[Sequence[float]], given: Sequence[bool]) -> None:
    """One sequence, a line a dimension; what is given is shaded."""
    series = np.array(values)  # [T, D]
    for dimension in range(series.shape[1]):
        colour = series_style(dimension)["color"]
        axis.plot(range(1, len(series) + 1), series[:, dimension], color=colour, label=f"dimension {dimension + 1}")
    axis.axvspan(0.5, sum(given) + 0.5, color="0.92", zorder=0, linewidth=0, label="given")
    axis.set(title="a sequence", xlabel="step", ylabel="value (standard deviations)")
    _legend_below(axis)
