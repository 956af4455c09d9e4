"""Functions of the interpreter's own standard library: does a language model of their characters write what parses?

Every function of the library as `ast.unparse` writes it, without decorators and docstring and indented by tabs; its
first line is given. Not read are what other distributors of Python leave out (tests, tkinter, distutils and the like),
the generated tables of `encodings`, and files that do not parse. What there is depends on the interpreter, so that its
version is the task's edition.

Split 80/10/10 by the hash of the module's path. Each function is there once, in the first of test, validation and
training that has it.

Axes: B batch, T time (columns), V vocabulary.
"""

import ast
import contextlib
import gc
import os
import platform
import re
import sysconfig
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.contracts import (
    Batch,
    Coordinates,
    CorpusTask,
    Curve,
    Discrete,
    Metric,
    Output,
    Score,
    Split,
    split_by_hash,
)

_END = "¶"
_SYMBOLS = ("\t", "\n", *map(chr, range(32, 127)), _END)
_INDEX = {symbol: place for place, symbol in enumerate(_SYMBOLS)}
_LONGEST = 384  # own characters
_LONGEST_PROMPT = 64
_MOST_LINES = 32  # to write what has more would take time for nothing
_LEFT_OUT = frozenset(
    ("site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "distutils",
     "ensurepip", "pydoc_data", "encodings")
)  # fmt: skip
_AROUND = (  # what makes a line parse, wherever in a function it may stand
    "{}",
    "{}\n\tpass",
    "if x:\n\tpass\n{}\n\tpass",
    "try:\n\tpass\n{}\n\tpass",
    "{}\n\tpass\nfinally:\n\tpass",
    "{}\n\tcase x:\n\t\tpass",
    "match x:\n\t{}\n\t\tpass",
    "{}\ndef f():\n\tpass",
)
_WHOLE = "it is of several choices, which on gold prefixes would not be made after one another"


class Function(NamedTuple):
    """A function: its first line, which is given, and the rest with its end."""

    first: str
    rest: str


def functions_in(source: bytes) -> Iterator[Function]:
    """Yield every short function of a module that is written in ASCII; none if the source does not parse."""
    try:
        nodes: list[ast.AST] = [ast.parse(source)]
    except (SyntaxError, ValueError):
        return
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    while nodes:  # all statements; `ast.walk` takes three times as long, because it visits expressions too
        node = nodes.pop()
        for part in ("finalbody", "orelse", "handlers", "body"):
            inside = getattr(node, part, ())
            nodes += reversed(inside) if isinstance(inside, list) else ()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.append(node)
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.copy_location(ast.Pass(), node)]
    for node in functions:  # one inside another comes later: its decorators are still there when the other is written
        node.decorator_list = []
        if (node.end_lineno or 0) - node.body[0].lineno < _MOST_LINES:
            yield from _written(ast.unparse(node))


def _written(text: str) -> Iterator[Function]:
    if "\t" not in text and _INDEX.keys() >= set(text):
        first, _, rest = re.sub(r"^(?: {4})+", _tabs, text, flags=re.MULTILINE).partition("\n")
        if len(first) < _LONGEST_PROMPT and len(rest) < _LONGEST:
            yield Function(f"{first}\n", f"{rest}{_END}")


def _tabs(spaces: re.Match[str]) -> str:
    return "\t" * (len(spaces[0]) // 4)


def _modules(library: Path) -> Iterator[tuple[str, bytes]]:
    """Path and source of every module that can be read, in the order of the paths."""
    for folder, folders, files in os.walk(library):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("config-"))
        for file in sorted(name for name in files if name.endswith(".py")):
            path = Path(folder, file)
            with contextlib.suppress(OSError):
                yield path.relative_to(library).as_posix(), path.read_bytes()


@cache
def _corpus() -> dict[Split, list[Function]]:
    """The library's functions by split, in the order of the modules' paths."""
    found: dict[Split, list[Function]] = {"train": [], "validation": [], "test": []}
    collecting = gc.isenabled()
    gc.disable()  # syntax trees have no cycles; to look for some in so many objects takes a third of the time
    try:
        for module, source in _modules(Path(sysconfig.get_paths()["stdlib"])):
            found[split_by_hash(module, held_out=0.1)] += functions_in(source)
    finally:
        if collecting:
            gc.enable()
    seen: set[Function] = set()
    for split in reversed(found):
        found[split] = [function for function in dict.fromkeys(found[split]) if function not in seen]
        seen.update(found[split])
    return found


def parses(text: str) -> bool:
    """Whether it is a Python program."""
    with warnings.catch_warnings(action="ignore"):
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


@lru_cache(maxsize=1 << 14)
def line_parses(line: str) -> bool:
    """Whether there are lines around it with which it is a Python program."""
    return any(parses(frame.format(line.lstrip("\t"))) for frame in _AROUND)


class PythonFunctions(CorpusTask):
    """Write a Python function from its first line, character by character; the standard library, split by module.

    The axis counts the model's own characters: a function is judged at its last one. A function of the library is cut
    after as many characters as are asked for, so that all have the first ones and some the last.
    """

    name = "python_functions"
    edition = f"python{platform.python_version()}"
    space = Discrete(len(_SYMBOLS), end=_INDEX[_END], symbols=_SYMBOLS)
    metric = Metric("functions that parse", "share of functions", "higher", 0.0, 1.0, f"a whole function: {_WHOLE}")
    further_metrics = (Metric("lines that parse", "share of lines", "higher", 0.0, 1.0, f"a whole line: {_WHOLE}"),)
    curve = Curve(
        "position", "characters", ((1, 32), (33, 64), (65, 128), (129, 256), (257, _LONGEST)), trained=(1, 128)
    )
    coordinates = Coordinates(
        failure="open", target="stochastic", recoverable="never", aligned=False, source="real", given="prompt"
    )
    decoding = "sample"
    floor = 0.0  # characters by their frequency alone; in the tests
    ceiling = 1.0  # the library itself
    licence = "the standard library of the interpreter that runs it: Python Software Foundation License"
    citation = """@manual{python,
  title = {The {Python} Standard Library}, author = {{Python Software Foundation}}, year = {2026},
  note = {As installed with the interpreter}
}"""

    @classmethod
    def missing(cls) -> str:
        """Say if the library is not there as source."""
        there = Path(sysconfig.get_paths()["stdlib"], "ast.py").is_file()
        return "" if there else "needs the sources of the interpreter's standard library, which are not installed"

    @classmethod
    def corpus(cls) -> Mapping[Split, Sequence[Function]]:
        """Functions by split, split by module."""
        return _corpus()

    @classmethod
    def length_of(cls, example: Function) -> int:
        """Characters after the first line, the end included."""
        return len(example.rest)

    @classmethod
    @cache
    def within(cls, split: Split, length: tuple[int, int]) -> Sequence[Function]:
        """All functions of a split, the longer ones cut: each has a first character, so that none is too short."""
        return [function._replace(rest=function.rest[: length[1]]) for function in cls.corpus()[split]]

    @classmethod
    def columns_of(cls, example: Function) -> int:
        """By all characters."""
        return len(example.first) + len(example.rest)

    def lay_out(self, examples: Sequence[Function]) -> Batch:
        """The first line is the prompt; the rest, and the end of a function that is not cut, the target."""
        firsts, rests = ([[_INDEX[symbol] for symbol in function[part]] for function in examples] for part in (0, 1))
        return Batch.from_rows(firsts, rests)

    def limit(self, batch: Batch) -> Tensor:
        """The same for all."""
        return torch.full((len(batch),), _LONGEST)

    def score(self, batch: Batch, output: Output) -> Score:
        """Whether a function has come to its end and parses, [B, T], at its last character."""
        parsed = torch.tensor(self._parsed(batch, output), dtype=torch.float64)
        return Score(parsed[:, None].expand(output.own.shape), self._last(output).double())

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """Whether a line parses, given the right lines around it, [B, T], at its end; a line that is cut has none."""
        ends = output.own & ((output.tokens == _INDEX["\n"]) | (output.tokens == _INDEX[_END]))  # [B, T]
        lines = (line for text in _texts(output.tokens, output.own) for line in re.split(f"[\n{_END}]", text)[:-1])
        value = torch.zeros(ends.shape, dtype=torch.float64)
        value[ends] = torch.tensor([line_parses(line) for line in lines], dtype=torch.float64)
        return (Score(value, ends.double()),)

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for a function that has come to its end and parses, [B, T], at its last character."""
        return torch.tensor(self._parsed(batch, output))[:, None] * self._last(output).float()

    @staticmethod
    def _parsed(batch: Batch, output: Output) -> list[bool]:
        """Whether each function has come to its end and parses, [B]."""
        firsts, rests = _texts(batch.tokens, batch.given), _texts(output.tokens, output.own)
        whole = zip(firsts, rests, strict=True)
        return [rest.endswith(_END) and parses(first + rest[:-1]) for first, rest in whole]

    @staticmethod
    def _last(output: Output) -> Tensor:
        """The last own column of each row, [B, T] bool."""
        return output.own & (output.own.cumsum(1) == output.lengths[:, None])


def _texts(tokens: Tensor, there: Tensor) -> list[str]:
    """What the tokens [B, T] that are there [B, T] spell, [B]."""
    rows = zip(tokens, there, strict=True)
    return ["".join(_SYMBOLS[symbol] for symbol in row[kept].tolist()) for row, kept in rows]
