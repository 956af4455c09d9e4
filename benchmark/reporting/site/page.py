"""The page itself: the template filled from records, with every text escaped on its way in."""

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import benchmark
from benchmark.reporting.board import Row
from benchmark.reporting.escapes import html, script
from benchmark.reporting.figures.style import series_style
from benchmark.reporting.grouping import main_track
from benchmark.reporting.results import Results
from benchmark.reporting.site import parts
from benchmark.reporting.site.about import About
from benchmark.reporting.site.colours import shape_of, style_of_series
from benchmark.reporting.site.curves import chart_data, methods_of
from benchmark.reporting.site.leaderboard import COLUMNS, FILTERS, leaderboard
from benchmark.reporting.tables import FOOTNOTE, overall_section

MOST_BYTES = 3_000_000
_FEWEST_FOR_A_VERDICT = 5
_SCRIPTS = ("table.js", "scales.js", "panels.js", "figures.js", "controls.js")
_HERE = Path(__file__).parent


def write_site(results: Results, out: Path, command: str, about: About | None = None) -> Path:
    """Write all results as one HTML file that needs no network, and return its path.

    Args:
        results: of whole records; of a record without its curves there is a row and no curve.
        out: the file.
        command: that makes the page, as it is shown on it.
        about: what is known of tasks and methods beyond the records; without it the page lacks summaries, training
            paths, examples and citations.

    Raises:
        OSError: if the file cannot be written.
    """
    out.write_text(_render(results, command, about or About()), encoding="utf-8")
    return out


def _render(results: Results, command: str, about: About) -> str:
    """Return the page; curves that would make it larger than `MOST_BYTES` are left out, and the page says so."""
    groups, records = results.groups, results.records
    rows, summary = leaderboard(results.rows, groups, about.methods), results.overall
    methods = methods_of(groups)
    series = [series_style(number) for number in range(len(methods))]
    style = _file("style.css") + style_of_series(series)
    code = '"use strict";\n(() => {\n' + "\n".join(map(_file, _SCRIPTS)) + "})();\n"  # one scope of their own
    context: dict[str, Any] = {
        "version": benchmark.__version__,
        "style": _raw(style),
        "script": _raw(code),
        "style_hash": _digest(style),
        "script_hash": _digest(code),
        "markers": [shape_of(one["marker"]) for one in series],
        "numbers": {label: number for number, label in enumerate(methods)},
        "columns": COLUMNS,
        "rows": rows,
        "filters": {name: (label, _options(rows, name)) for name, label in FILTERS.items()},
        "facts": parts.facts_of_all(records, rows),
        "few_seeds": all(row["seeds"] < _FEWEST_FOR_A_VERDICT for row in rows),
        "overall": overall_section(summary).tables if summary else [],
        **parts.claims(results.claims),
        "tasks": parts.tasks(rows, groups, about),
        "methods": parts.methods(rows, groups, about),
        "cells": f"{len(records):,}",
        "command": command,
        "made": parts.provenance(records),
        "footnote": FOOTNOTE,
        "citation": about.citation,
    }
    template = _template()
    bare = template.render(context | {"data": "", "left_out": "all curves but the main ones"})
    data = chart_data(main_track(groups), MOST_BYTES - len(bare.encode()) - 1_000)
    return template.render(context | {"data": _raw(script(data)), "left_out": data["left_out"]})


def _options(rows: Sequence[Row], name: str) -> list[str]:
    return sorted({row[name] for row in rows if row[name]})


def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """What a content security policy calls an inline element by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _raw(text: str) -> Any:
    """Text of our own that the template takes as it is."""
    from markupsafe import Markup

    return Markup(text)


@cache
def _template() -> Any:
    """The template, in which every expression passes the suite's one escape for HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def escaped(value: object) -> Markup:
        return value if isinstance(value, Markup) else Markup(html(str(value)))

    def lines(text: str) -> Markup:
        return Markup("\n".join(map(html, text.split("\n"))))

    def breakable(text: str) -> Markup:
        return Markup(html(text).replace("_", "_<wbr>").replace(":", ":<wbr>").replace(",", ",<wbr>"))

    def key(value: float | str | None) -> str:
        return "" if value is None else json.dumps(value)

    def percent(p: float | None) -> str:
        return "" if p is None else f"{100 * p:.0f}"

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        finalize=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"lines": lines, "breakable": breakable, "key": key, "percent": percent}
    return environment.get_template("page.html")
