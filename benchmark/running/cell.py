"""A cell: one training run, declared completely. Free of torch."""

import hashlib
import json
from typing import Any, Literal

from pydantic import Field

from benchmark.settings import Budget, Device, Evaluation, Frozen, Optimisation

HARNESS = 5
"""Version of everything between a plugin and its measures; bump when the same cell gives other numbers."""

KnobValues = dict[str, bool | int | float | str]


class Part(Frozen):
    """A plugin as it enters a cell.

    Attributes:
        version: a number for a built-in plugin, `sha256:...` of the source file for one from outside.
        knobs: the values of all knobs, the defaults included.
    """

    name: str
    version: str
    knobs: KnobValues = {}


class Cell(Frozen):
    """What changes the number: the parts, the budget, how it is optimised and evaluated, and the seed.

    Attributes:
        ruleset: "defaults" for the knobs and learning rate of the suite, "tuned" where `ebb tune` chose them.
        replicate: 0 for all methods, so that they share initial weights and data order at a seed; 1 draws these anew,
            for the A/A control: the same method twice.
        device: where the model is; tasks and measures are computed on the CPU.
    """

    task: Part
    model: Part
    baseline: Part
    budget: Budget
    optimisation: Optimisation
    evaluation: Evaluation
    seed: int = Field(ge=0)
    ruleset: Literal["defaults", "tuned"] = "defaults"
    replicate: int = Field(default=0, ge=0)
    device: Device = "cpu"
    harness: int = HARNESS

    @property
    def id(self) -> str:
        """Name for people, e.g. `copycat_tagging/gru/scheduled_sampling/s3`; cells that differ otherwise share it."""
        again = "-tuned" if self.ruleset == "tuned" else f"-again{self.replicate}" if self.replicate else ""
        return f"{self.task.name}/{self.model.name}/{self.baseline.name}{again}/s{self.seed}"

    @property  # not cached: `model_copy` would hand what is cached on to a cell that differs
    def key(self) -> str:
        """Name for machines: sha256 of the canonical JSON of the cell."""
        return hashlib.sha256(_canonical(self.model_dump(mode="json")).encode()).hexdigest()

    @property
    def group(self) -> str:
        """What the seeds of one row of a board share."""
        return _canonical(self.model_dump(mode="json", exclude={"seed"}))


def _canonical(content: dict[str, Any]) -> str:
    """JSON with sorted keys: a cell that went through a file and back is the same cell."""
    return json.dumps(content, sort_keys=True, allow_nan=False)
