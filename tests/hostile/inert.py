"""Whether what was rendered from records does nothing but show text."""

import contextlib
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from benchmark.cli.board import print_board
from benchmark.reporting.board import make_board
from benchmark.reporting.escapes import html, latex, plain, script
from benchmark.reporting.grouping import group_records
from benchmark.reporting.overall import overall
from benchmark.reporting.site import write_site
from benchmark.reporting.tables import to_json, to_markdown, write_board
from benchmark.running.record import Record
from tests.factories import results_of

_LATEX_COMMANDS = r"\\(textbackslash|text(ascii(circum|tilde|grave)|less|greater|bar|quotedbl))\{\}|\\[{}$&#%_]|\{-\}"


def render_everywhere(records: Sequence[Record], folder: Path) -> dict[str, str]:
    """Render a board of records in every format that there is, and all text of the records by the escapes."""
    rows, summary = make_board(records), overall(group_records(records))
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        print_board(rows, summary)
    write_board(rows, folder, summary)
    texts = [text for record in records for text in strings(record.model_dump(mode="json"))]
    return {
        "terminal": shown.getvalue() + "\n".join(map(plain, texts)),
        "markdown": to_markdown(rows, summary),
        "csv": (folder / "leaderboard.csv").read_text(encoding="utf-8"),
        "json": to_json(rows, summary),
        "html": "\n".join(map(html, texts)),
        "latex": "\n".join(map(latex, texts)),
        "script": "\n".join(map(script, texts)),
        "page": write_site(results_of(records), folder / "index.html", "ebb report").read_text(encoding="utf-8"),
    }


def strings(value: Any) -> Iterator[str]:
    """Yield every text in JSON, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def assert_inert(rendered: dict[str, str]) -> None:
    """Fail where anything rendered could act: run, link, move the cursor, or be read as something else."""
    for name, text in rendered.items():
        assert all(sign.isprintable() or sign == "\n" for sign in text), f"{name}: a character that acts"
    bare = re.sub(r"\\.", "", rendered["markdown"])  # without what is escaped
    assert not re.search(r"[<>`*&$~]|\]\(|\]\[|\]:|://", bare), "markdown: markup"
    for line in csv.reader(io.StringIO(rendered["csv"])):
        for cell in line:
            assert not cell.startswith(("=", "+", "@")), f"csv: a formula {cell!r}"
            assert not cell.startswith("-") or is_number(cell), f"csv: a formula {cell!r}"
    json.loads(rendered["json"], parse_constant=lambda name: pytest_fail(f"json: {name}"))
    assert not re.search(r"[<>\"']", rendered["html"]), "html: markup"
    assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", rendered["html"]), "html: an entity"
    assert not re.search(r"[\\{}$&#%_^~<>|\"`]", re.sub(_LATEX_COMMANDS, "", rendered["latex"])), "latex: a command"
    assert not re.search(r"[<>&]", rendered["script"]), "script: an end of the element"
    assert_page_is_inert(rendered["page"])


class _Elements(HTMLParser):
    """The elements of a page, and the attributes that load or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.acting: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            leads_away = name == "href" and not (value or "").startswith(("#", "data:,"))
            if leads_away or name in ("src", "srcset", "action", "style") or name.startswith("on"):
                self.acting.append(f"{tag} {name}={value}")


def assert_page_is_inert(text: str) -> None:
    """Fail where a page has an element or an attribute that only its records can have brought."""
    elements = _Elements(text)
    assert not elements.acting, f"page: {elements.acting}"
    own = {"script": 2, "style": 1, "link": 1, "meta": 4, "title": 1, "html": 1, "head": 1, "body": 1, "form": 1}
    assert {tag: elements.tags[tag] for tag in own} == own, "page: an element"
    strange = {"img", "iframe", "object", "embed", "base", "input", "audio", "video", "foreignobject", "animate", "set"}
    assert not strange & set(elements.tags), "page: an element"


def is_number(text: str) -> bool:
    """Whether a spreadsheet reads it as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def pytest_fail(message: str) -> None:
    raise AssertionError(message)
