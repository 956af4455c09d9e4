"""A cell: one training run, declared completely. Free of torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from benchmark.fields import Count, Key, Label, Name, Number, Version
from benchmark.settings import Budget, Device, Evaluation, Frozen, Optimisation

HARNESS = 5
"""Version of everything between a plugin and its measures; bump when the same cell gives other numbers."""

Track = Literal["updates", "evaluations"]
"""What is the same for all methods that are compared."""

KnobValues = dict[Key, bool | Annotated[int, Field(ge=-(2**53), le=2**53)] | Number | Label]


class Part(Frozen):
    """A plugin as it enters a cell.

    Attributes:
        version: a number for a built-in plugin, `sha256:...` of the source file for one from outside.
        knobs: the values of all knobs, the defaults included.
    """

    name: Name
    version: Version
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
    seed: Count
    ruleset: Literal["defaults", "tuned"] = "defaults"
    replicate: Count = 0
    device: Device = "cpu"
    harness: Count = HARNESS

    @property
    def id(self) -> str:
        """Name for people, e.g. `copycat_tagging/gru/scheduled_sampling/s3`; cells that differ otherwise share it."""
        again = "-tuned" if self.ruleset == "tuned" else f"-again{self.replicate}" if self.replicate else ""
        return f"{self.task.name}/{self.model.name}/{self.baseline.name}{again}/s{self.seed}"

    @property
    def track(self) -> Track:
        """What is the same for all methods: the number of updates, or of model evaluations with roll-outs counted."""
        return "evaluations" if self.budget.updates is None else "updates"

    @cached_property
    def key(self) -> str:
        """Name for machines: sha256 of the canonical JSON of the cell."""
        before, behind = self._around_seed
        return _digest(f'{before}, "seed": {self.seed}, {behind}')

    @cached_property
    def group(self) -> str:
        """What the seeds of one row of a board share."""
        return ", ".join(self._around_seed)

    @cached_property
    def _around_seed(self) -> tuple[str, str]:
        """The canonical JSON before and behind the seed; it is the same for all seeds, and made once for them."""
        content = self.model_dump(mode="json", exclude={"seed"})
        before, behind = (
            {name: content[name] for name in content if (name < "seed") == first} for first in (True, False)
        )
        return _canonical(before)[:-1], _canonical(behind)[1:]

    @property
    def settings(self) -> dict[str, Any]:
        """All but the seed and the names, flat: knobs of the baseline under their own names, all else prefixed."""
        content = self.model_dump(exclude={"seed"})
        flat = dict(content["baseline"].pop("knobs"))
        for part, inner in content.items():
            for name, value in inner.items() if isinstance(inner, dict) else [("", inner)]:
                nested = value.items() if isinstance(value, dict) else [("", value)]
                flat |= {".".join(filter(None, (part, name, leaf))): leaf_value for leaf, leaf_value in nested}
        return flat

    def with_seed(self, seed: int) -> Self:
        """Return the same cell with another seed; all else is shared."""
        other = self.model_copy(update={"seed": seed})
        vars(other).update(group=self.group, _around_seed=self._around_seed)
        return other

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the cell without what was computed from its former content."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("key", "group", "_around_seed"):
            vars(copied).pop(name, None)
        return copied


@dataclass(frozen=True)
class Job:
    """A cell and what it is expected to cost, in CPU-seconds."""

    cell: Cell
    cpu_seconds: float


def canonical_key(content: dict[str, Any]) -> str:
    """Hash the content of a cell."""
    return _digest(_canonical(content))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(content: dict[str, Any]) -> str:
    """JSON with sorted keys: a cell that went through a file and back is the same cell."""
    return _ENCODER.encode(content)


_ENCODER = json.JSONEncoder(sort_keys=True, allow_nan=False)
