"""A record: what became of a cell. The only thing that passes from running to reporting. Free of torch."""

import json
from collections.abc import Sequence
from dataclasses import fields
from itertools import chain
from operator import attrgetter
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from benchmark.fields import Number, Text, check_keys, check_label, check_labels
from benchmark.running.cell import Cell
from benchmark.settings import Frozen
from benchmark.values import Measure, Point, TaskFacts
from benchmark.writing import json_lines

SCHEMA = 1

MOST_POINTS = 1_000
"""Of a curve, or lines of a training log; a figure with more could not be drawn."""

Status = Literal["ok", "diverged", "timeout", "oom", "error", "killed", "not_applicable"]
FAILED: tuple[Status, ...] = ("diverged", "timeout", "oom", "error", "killed")
_LABELS = attrgetter("unit", "reason")


class Record(Frozen):
    """What became of a cell.

    Attributes:
        schema_version: of this layout.
        status: how it ended; anything but "ok" has a reason.
        traceback: of an error, else "".
        facts: about the task, None where it could not be loaded.
        measures, curves: by name; equal, byte for byte, whenever the same cell runs on the same machine.
        training_log: figures of about 50 updates.
        spent: updates, evaluations and tokens of training; seconds of training, evaluation and the cell as a whole;
            tokens per CPU-second of the method's own training path. Seconds differ from run to run.
        provenance: software, hardware and time; recorded, not part of the cell.
    """

    model_config = ConfigDict(ser_json_inf_nan="strings")  # for `to_json` to stumble over

    schema_version: Literal[1] = SCHEMA
    cell: Cell
    status: Status
    reason: Text = ""
    traceback: Text = ""
    facts: TaskFacts | None = None
    measures: dict[str, Measure] = {}
    curves: dict[str, Annotated[list[Point], Field(max_length=MOST_POINTS)]] = {}
    training_log: Annotated[list[dict[str, float | None]], Field(max_length=MOST_POINTS)] = []
    spent: dict[str, Number] = {}
    provenance: dict[str, str] = {}

    @model_validator(mode="after")
    def _fields_go_together(self) -> Self:
        self.check_keys()
        check_labels(self.labels)
        self.check_result()
        return self

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """The unit and the reason of each measure; those of many records are the same."""
        return tuple(map(_LABELS, self.measures.values()))

    def check_keys(self) -> None:
        """Check names of large objects, together because one by one that takes longer than all the rest.

        Raises:
            ValueError: for a name, or a line of provenance, that a record may not hold.
        """
        lines = dict.fromkeys(map(tuple, self.training_log))  # most have the same keys
        objects = (self.measures, self.curves, self.spent, self.provenance, *lines)
        check_keys(tuple(chain.from_iterable(objects)))
        for value in self.provenance.values():
            check_label(value)

    def check_result(self) -> None:
        """Check that whoever reads a record that is ok may rely on the facts, the main measure and its curve.

        Raises:
            ValueError: if not.
        """
        if self.status != "ok":
            return
        lacking = [
            name
            for name, found in (
                ("facts", self.facts),
                ("measures.free_running", self.measures.get("free_running")),
                ("curves.free_running", self.curves.get("free_running")),
            )
            if not found
        ]
        if lacking:
            raise ValueError(f"the status is ok, yet there is no {', no '.join(lacking)}")
        ends = [end for point in self.curves["free_running"] for end in (point.low, point.high)]
        if ends[0] < 1 or ends != sorted(ends) or len(set(ends[1::2])) < len(ends) // 2:
            raise ValueError(f"the ranges of curves.free_running must begin at 1 or later and rise, got {ends[:20]}")

    def to_json(self) -> str:
        """Write the record, with the fields in the order of the schema; each measure and each curve is a line.

        Raises:
            ValueError: if what was written could not be read back, for example for a number that is not finite.
        """
        text = json_lines(json.loads(self.model_dump_json()))
        Record.model_validate_json(text, strict=True)
        return text

    def count_keys(self) -> int:
        """Count the keys that the JSON had of which this record was made, each once, however often it stood there."""
        cell, facts = self.cell, self.facts
        models = (self, cell, cell.task, cell.model, cell.baseline, cell.budget, cell.optimisation, cell.evaluation)
        mappings = (cell.task.knobs, cell.model.knobs, cell.baseline.knobs, self.curves, self.spent, self.provenance)
        return (
            sum(len(model.model_fields_set) for model in models)
            + sum(map(len, mappings))
            + (len(facts.model_fields_set) + len(facts.controls) if facts else 0)
            + len(self.measures) * (1 + len(fields(Measure)))
            + sum(map(len, self.curves.values())) * len(fields(Point))
            + sum(map(len, self.training_log))
        )


def values_of(records: Sequence[Record], name: str) -> list[float | None]:
    """A measure of each record; None where it has no value, or was never asked."""
    return [None if (found := record.measures.get(name)) is None else found.value for record in records]
