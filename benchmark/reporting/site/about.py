"""What the page says beyond the records: plain data that whoever knows the plugins hands in. Nothing is required."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Run:
    """Tokens in a row that the environment supplies, or that are the model's own, as text."""

    given: bool
    text: str


@dataclass(frozen=True)
class TaskAbout:
    """A task.

    Attributes:
        summary: what it is, in a line.
        citation: BibTeX, "" for none.
        licence: of its data.
        examples: test sequences, each as runs.
    """

    summary: str
    citation: str = ""
    licence: str = ""
    examples: tuple[tuple[Run, ...], ...] = ()


@dataclass(frozen=True)
class MethodAbout:
    """A method.

    Attributes:
        summary: what it does, in a line.
        path: how training passes through the model: "parallel", "k passes" or "step-wise".
        citation: BibTeX, "" for none.
        defaults: the values of its knobs where none is set.
    """

    summary: str
    path: str
    citation: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trace:
    """One example of one cell, followed from input to result, as `ebb trace` writes it.

    Attributes:
        task: whose section it stands in.
        title: of the cell and the example.
        command: that makes it.
        given: symbols that the environment supplied.
        gold, own: symbols by step; "" where one has ended.
        wrong: whether the own symbol is wrong.
        on_own, on_gold: probability of the gold symbol after the model's own prefix and after gold; None for none.
    """

    task: str
    title: str
    command: str
    given: tuple[str, ...]
    gold: tuple[str, ...]
    own: tuple[str, ...]
    wrong: tuple[bool, ...]
    on_own: tuple[float | None, ...]
    on_gold: tuple[float | None, ...]


@dataclass(frozen=True)
class About:
    """All that is known beyond the records, by the names of tasks and methods.

    Attributes:
        citation: BibTeX of the suite.
    """

    citation: str = ""
    tasks: Mapping[str, TaskAbout] = field(default_factory=dict)
    methods: Mapping[str, MethodAbout] = field(default_factory=dict)
    traces: tuple[Trace, ...] = ()
