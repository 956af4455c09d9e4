"""A record: what became of a cell. The only thing that passes from running to reporting. Free of torch."""

import json
from typing import Literal

from benchmark.running.cell import Cell
from benchmark.settings import Frozen
from benchmark.values import Measure, Point, TaskFacts

SCHEMA = 1

Status = Literal["ok", "diverged", "timeout", "oom", "error", "killed", "not_applicable"]
FAILED: tuple[Status, ...] = ("diverged", "timeout", "oom", "error", "killed")


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

    schema_version: Literal[1] = SCHEMA
    cell: Cell
    status: Status
    reason: str = ""
    traceback: str = ""
    facts: TaskFacts | None = None
    measures: dict[str, Measure] = {}
    curves: dict[str, list[Point]] = {}
    training_log: list[dict[str, float | None]] = []
    spent: dict[str, float] = {}
    provenance: dict[str, str] = {}

    def to_json(self) -> str:
        """Write the record with sorted keys; a number that is not finite is an error rather than invalid JSON."""
        return json.dumps(self.model_dump(mode="json"), allow_nan=False, indent=1, sort_keys=True) + "\n"
