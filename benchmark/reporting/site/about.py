"""What the page says beyond the records: plain data that whoever knows the plugins hands in. Nothing is required."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.running.traces import Trace


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
class About:
    """All that is known beyond the records, by the names of tasks and methods.

    Attributes:
        citation: BibTeX of the suite.
        traces: shown in the sections of their tasks.
    """

    citation: str = ""
    tasks: Mapping[str, TaskAbout] = field(default_factory=dict)
    methods: Mapping[str, MethodAbout] = field(default_factory=dict)
    traces: tuple[Trace, ...] = ()
