"""What a task or a method was when its results were made: the hash of its source, comments and docstrings aside."""

import ast
import hashlib
import inspect
import io
import tokenize
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmark.contracts.registry import Entry, Kind, Registry
from benchmark.running.cell import Cell

_PARTS: tuple[tuple[str, Kind], ...] = (("task", "tasks"), ("baseline", "baselines"))


def source_hashes(registry: Registry, cells: Iterable[Cell]) -> dict[str, str]:
    """Hash the sources of the built-in tasks and methods of cells, by kind, name and version: `tasks addition 1`.

    A plugin from outside is left out: its version is the hash of its source already.
    """
    named: set[tuple[Kind, str]] = {(kind, getattr(cell, part).name) for cell in cells for part, kind in _PARTS}
    entries = sorted((registry.entry(kind, name) for kind, name in named), key=lambda entry: (entry.kind, entry.name))
    return {
        f"{entry.kind} {entry.name} {entry.version}": hash_source(
            Path(inspect.getfile(entry.plugin)).read_text("utf-8")
        )
        for entry in entries
        if entry.builtin and entry.plugin is not None
    }


def changed_sources(registry: Registry, former: Mapping[str, str]) -> list[str]:
    """Name tasks and methods that are not what they were, although their version is the same.

    Args:
        former: hashes by kind, name and version, as a manifest has them.
    """
    now = {f"{entry.kind} {entry.name} {entry.version}": entry for _, kind in _PARTS for entry in registry.of(kind)}
    kept = {name: digest for name, digest in former.items() if name in now}
    return [name for name, digest in kept.items() if _hash(now[name]) != digest]


def _hash(entry: Entry) -> str:
    assert entry.plugin is not None  # one that does not import has no version and is not found by it
    return hash_source(Path(inspect.getfile(entry.plugin)).read_text("utf-8"))


def hash_source(text: str) -> str:
    """Return the sha256 of Python source without its comments, docstrings and blank lines.

    Raises:
        SyntaxError: if it is no Python.
    """
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            for number in range(node.body[0].lineno - 1, node.body[0].end_lineno or node.body[0].lineno):
                lines[number] = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    kept = [line.rstrip() for line in lines]
    return hashlib.sha256("\n".join(filter(None, kept)).encode()).hexdigest()
