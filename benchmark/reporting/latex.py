"""The board for papers: LaTeX tables with booktabs, and one macro a headline number."""

import re
from collections.abc import Iterator, Mapping, Sequence

from benchmark.reporting.board import Row
from benchmark.reporting.escapes import latex
from benchmark.reporting.figures.declaration import ReportFigure
from benchmark.reporting.figures.writing import Stamp
from benchmark.reporting.tables import FOOTNOTE, Table, overall_section, sections

_PREAMBLE = (
    "% Needs \\usepackage[T1]{fontenc} and \\usepackage{booktabs,graphicx}. Each table is a float; one that is too\n"
    "% wide is scaled to the line. Take what you need.\n"
)
_FIT = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
_MINUS = re.compile(r"(?<![A-Za-z0-9_.)])-(?=[.\d])")
_DIGITS = dict(
    zip("0123456789", ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"], strict=True)
)

HEADLINES: Mapping[str, str] = {
    "free_running": "FreeRunning",
    "gold_prefix": "GoldPrefix",
    "gap": "Gap",
    "gain": "Gain",
    "horizon_50": "HorizonFifty",
    "floor": "Floor",
    "ceiling": "Ceiling",
}
"""Columns of the board that have macros, with what these end in; `Low` and `High` are the ends of the interval."""

_OVERALL: Mapping[str, str] = {
    "mean_rank": "MeanRank",
    "interquartile_mean": "InterquartileMean",
    "optimality_gap": "OptimalityGap",
    "win_rate": "WinRate",
}


def to_latex(rows: Sequence[Row], summary: Sequence[Row], stamp: Stamp) -> str:
    """Write the board as LaTeX, the same tables as in Markdown."""
    parts = [f"% {_comment(str(stamp))}", _PREAMBLE]
    for section in [*sections(rows), *([overall_section(summary)] if summary else [])]:
        parts += [_float(section.title, table) for table in section.tables]
    return "\n".join([*parts, f"% {_comment(FOOTNOTE)}", ""])


def _float(title: str, table: Table) -> str:
    columns = "l" + "r" * (len(table.columns) - 1)
    lines = [" & ".join(map(_text, cells)) + r" \\" for cells in (table.columns, *table.cells)]
    body = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    caption = rf"\caption{{{_text(f'{title}. {table.caption}.')}}}"
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering\footnotesize",
            caption,
            _FIT,
            *body,
            r"\end{tabular}}",
            r"\end{table}",
            "",
        ]
    )


def _text(text: str) -> str:
    """Escape text; a minus before a number is one."""
    return r"\ensuremath{-}".join(latex(part) for part in _MINUS.split(text))


def _comment(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def to_macros(rows: Sequence[Row], summary: Sequence[Row], figures: Sequence[ReportFigure], stamp: Stamp) -> str:
    r"""Write a macro for each headline number, such as `\ebbCopycatTaggingGruTeacherForcingFreeRunning`.

    A name is `ebb`, task, model, baseline as on the board, and the number; digits are written out, all else that is no
    letter is left out. Captions of the figures are `\ebbCaption` and the figure's id.

    Raises:
        ValueError: if two numbers would have the same name.
    """
    lines = [f"% {_comment(str(stamp))}", "% Needs \\usepackage[T1]{fontenc}."]
    seen: set[str] = set()
    for name, value in _macros(rows, summary, figures, stamp):
        if name in seen:
            raise ValueError(f"two numbers would be called \\{name}; rename one of the methods")
        seen.add(name)
        lines.append(rf"\newcommand{{\{name}}}{{{_text(value)}}}")
    return "\n".join([*lines, ""])


def _macros(
    rows: Sequence[Row], summary: Sequence[Row], figures: Sequence[ReportFigure], stamp: Stamp
) -> Iterator[tuple[str, str]]:
    yield "ebbRun", stamp.run
    yield "ebbCommit", stamp.commit
    yield "ebbCells", str(sum(sum(row["status"].values()) for row in rows))
    yield "ebbCellsOk", str(sum(row["seeds"] for row in rows))
    for row in rows:
        place = macro_name(row["task"], row["model"], row["baseline"])
        yield f"{place}Seeds", str(row["seeds"])
        for column, ending in HEADLINES.items():
            yield from _number(row, column, place + ending)
    for row in summary:
        for column, ending in _OVERALL.items():
            yield from _number(row, column, macro_name("overall", row["baseline"]) + ending)
    for figure in figures:
        yield macro_name("caption", figure.id), f"{figure.question} {figure.caption}"


def _number(row: Row, column: str, name: str) -> Iterator[tuple[str, str]]:
    for end, ending in (("", ""), ("_low", "Low"), ("_high", "High")):
        value = row.get(f"{column}{end}")
        if value is not None:
            yield name + ending, _rounded(value)


def _rounded(value: float) -> str:
    """Three decimals, more where the number is small, none where it is large."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if value == 0 or abs(value) >= 0.05 else f"{value:.4f}"


def macro_name(*parts: str) -> str:
    """Return a name of letters alone, which is all that a macro of LaTeX may have."""
    words = re.findall(r"[A-Za-z]+|\d", " ".join(parts))
    return "ebb" + "".join(_DIGITS.get(word) or word[0].upper() + word[1:] for word in words)
