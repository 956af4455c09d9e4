"""Traces beside the records: single examples followed from input to result, for the page of results to show."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from benchmark.fields import Name, Text
from benchmark.reading import Refused, parse_json, read_bounded
from benchmark.running.cell import Cell
from benchmark.running.record import MOST_POINTS
from benchmark.running.store import Damaged, Store, write_whole
from benchmark.settings import Frozen

_FOLDER = "traces"
_MOST_BYTES = 2**20

Symbol = Annotated[str, StringConstraints(max_length=100)]
Symbols = Annotated[tuple[Symbol, ...], Field(max_length=MOST_POINTS)]
Probabilities = Annotated[tuple[Annotated[float, Field(ge=0, le=1)] | None, ...], Field(max_length=MOST_POINTS)]


class Trace(Frozen):
    """One example of one cell.

    Attributes:
        task: name of the cell's.
        title: of the cell and the example.
        command: that makes it.
        given: symbols that the environment supplied.
        gold, own: symbols by step; "" where one has ended.
        wrong: whether the own symbol is wrong.
        on_own, on_gold: probability of the gold symbol after the model's own prefix and after gold; None for none.
    """

    task: Name
    title: Text
    command: Text
    given: Symbols
    gold: Symbols
    own: Symbols
    wrong: Annotated[tuple[bool, ...], Field(max_length=MOST_POINTS)]
    on_own: Probabilities
    on_gold: Probabilities

    @model_validator(mode="after")
    def _steps_are_the_same(self) -> Self:
        lengths = {len(steps) for steps in (self.gold, self.own, self.wrong, self.on_own, self.on_gold)}
        if len(lengths) > 1:
            raise ValueError(f"gold, own, wrong, on_own and on_gold must be as long as each other, got {lengths}")
        return self


def trace_of(cell: Cell, example: int, low: int, high: int, command: str, followed: Mapping[str, Any]) -> Trace:
    """Make the trace of a cell's test example of a length from low to high."""
    length = str(high) if low == high else f"{low} to {high}"
    steps = {name: followed[name] for name in ("given", "gold", "own", "wrong", "on_own", "on_gold")}
    return Trace(
        task=cell.task.name, title=f"{cell.id}, example {example} of length {length}", command=command, **steps
    )


def save_trace(store: Store, name: str, trace: Trace) -> Path:
    """Write a trace beside the records of a store, whole or not at all, and return its file."""
    path = store.root / _FOLDER / f"{name}.json"
    write_whole(path, trace.model_dump_json(indent=1) + "\n")
    return path


def load_traces(store: Store) -> tuple[list[Trace], list[Damaged]]:
    """Read the traces of a store by name, and name files that are none."""
    traces, damaged = [], []
    folder = store.root / _FOLDER
    for path in sorted(folder.glob("*.json")) if not folder.is_symlink() else ():
        try:
            content = read_bounded(path, _MOST_BYTES)
            parse_json(content)
            traces.append(Trace.model_validate_json(content, strict=True))
        except ValidationError as error:
            damaged.append(Damaged(path, str(error.errors(include_url=False, include_input=False)[0]["msg"])))
        except (Refused, OSError) as error:
            damaged.append(Damaged(path, str(error)))
    return traces, damaged
