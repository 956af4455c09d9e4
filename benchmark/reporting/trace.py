"""A trace on paper: coloured text and a figure."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.reporting.figures.style import drawing, save

if TYPE_CHECKING:
    from rich.text import Text

_PER_LINE = 24
_WIDTH = 4


def trace_lines(trace: Mapping[str, Any]) -> "Iterator[Text]":
    """Yield lines of text: input, then gold, own output and the probability of gold, a few positions a line."""
    from rich.text import Text

    yield Text.assemble(("given  ", "bold"), " ".join(trace["given"]))
    for begin in range(0, len(trace["gold"]), _PER_LINE):
        part = slice(begin, begin + _PER_LINE)
        yield Text("")
        yield _line("from", [str(begin + 1)])
        yield _line("gold", trace["gold"][part])
        wrong = trace["wrong"][part]
        yield _line("own", trace["own"][part], ["bold red" if bad else "green" for bad in wrong])
        yield _line("p own", [_percent(p) for p in trace["on_own"][part]], [_shade(p) for p in trace["on_own"][part]])
        yield _line(
            "p gold", [_percent(p) for p in trace["on_gold"][part]], [_shade(p) for p in trace["on_gold"][part]]
        )
    first, recoveries = trace["first_error"], trace["recoveries"]
    yield Text("")
    yield Text("no error" if first is None else f"first error at {first}; {sum(trace['wrong'])} of {len(trace['own'])} "
               f"wrong; recovered {len(recoveries)} times{_listed(recoveries)}")  # fmt: skip
    yield Text(
        "p: probability of the gold symbol in per cent, after the model's own prefix and after the gold one", "dim"
    )


def _listed(positions: list[int]) -> str:
    shown = ", ".join(map(str, positions[:12]))
    return f" (at {shown}{', ...' if len(positions) > 12 else ''})" if positions else ""


def _line(name: str, cells: list[str], styles: list[str] | None = None) -> "Text":
    from rich.text import Text

    styles = styles or [""] * len(cells)
    return Text.assemble(
        (f"{name:<7}", "bold"), *((f"{cell:<{_WIDTH}}", style) for cell, style in zip(cells, styles, strict=True))
    )


def _percent(p: float | None) -> str:
    return "" if p is None else f"{100 * p:.0f}"


def _shade(p: float | None) -> str:
    return "" if p is None else "red" if p < 0.1 else "yellow" if p < 0.5 else "dim"


def draw_trace(trace: Mapping[str, Any], title: str, folder: Path, command: str) -> list[Path]:
    """Draw the probability of the gold symbol on own and on gold prefixes by position, with errors marked."""
    from matplotlib.ticker import MaxNLocator

    positions = range(1, len(trace["gold"]) + 1)
    nan = float("nan")
    with drawing(1) as (figure, axes):
        figure.set_size_inches(6.2, 2.6)
        axis = axes[0]
        for name, key, style in (("own prefix", "on_own", "-"), ("gold prefix", "on_gold", ":")):
            axis.plot(
                positions,
                [nan if p is None else p for p in trace[key]],
                style,
                linewidth=1.2,
                label=f"after the {name}",
            )
        errors = [position for position, wrong in zip(positions, trace["wrong"], strict=True) if wrong]
        axis.plot(errors, [-0.06] * len(errors), "|", color="tab:red", markersize=7, label="wrong own symbol")
        axis.set(title=title, xlabel="output position", ylabel="probability of the gold symbol", ylim=(-0.12, 1.05))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside lower center", ncols=3)
        return save(figure, folder / "trace", command)
