"""`ebb list`: what there is, and what cannot be used and why."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from benchmark.cli.console import wide_console

Category = Literal["tasks", "baselines", "models", "suites"]
_CATEGORIES: tuple[Category, ...] = ("tasks", "baselines", "models", "suites")


def list_plugins(
    category: Category | None = None,
    *,
    plugin: list[Path] | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """List tasks, baselines, models and suites; a plugin that does not import is listed with its error.

    Args:
        category: one kind only.
        plugin: a plugin file to list as well; may be given more than once.
        as_json: print `[{"kind", "name", "version", "summary", "available", "reason"}]`.
    """
    wanted = (category,) if category else _CATEGORIES
    items = [item for kind in wanted for item in _items(kind, plugin or [])]
    if as_json:
        print(json.dumps(items, indent=1))
    else:
        _print(items)
    return 0


def _items(kind: Category, plugins: list[Path]) -> Iterator[dict[str, Any]]:
    if kind == "suites":
        from benchmark.running.suites import load_suites

        for name, suite in load_suites().items():
            yield _item(kind, name, "", suite.summary, "")
        return
    from benchmark.contracts.registry import Registry

    for entry in Registry(plugins).of(kind):
        yield _item(kind, entry.name, entry.version, entry.summary, entry.reason)


def _item(kind: str, name: str, version: str, summary: str, reason: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "version": version,
        "summary": summary,
        "available": not reason,
        "reason": reason,
    }


def _print(items: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in ("kind", "name", "version", "summary"):
        table.add_column(column, no_wrap=column == "name")
    for item in items:
        about = Text(item["summary"])
        if item["reason"]:
            about = Text(f"not available: {item['reason']}", style="red")
        table.add_row(item["kind"], item["name"], item["version"], about)
    wide_console().print(table)
