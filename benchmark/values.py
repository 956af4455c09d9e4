"""What a measurement is on paper: a value with its unit and direction, and a curve of them. Free of torch."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from benchmark.fields import LARGEST, Count, Label, Number
from benchmark.settings import Frozen

Direction = Literal["higher", "lower", "none"]

# A record holds hundreds of these and a board reads many records: dataclasses with slots take a fifth of the memory.
# They have no defaults, so that a file names every field of every one and the keys of a record can be counted.
_AS_FROZEN = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True, config=_AS_FROZEN)
class Measure:
    """One figure.

    Attributes:
        value: None where there is none; then `reason` says why.
        unit: e.g. "nats per token".
        direction: which is better; "none" where neither is.
    """

    value: Number | None
    unit: str  # a label, and so is the reason; a record checks those of all its measures at once
    direction: Direction
    reason: str


@dataclass(frozen=True, slots=True, config=_AS_FROZEN)
class Point:
    """One value of a curve, over the inclusive range low to high of positions or lengths (counted from 1)."""

    low: Count
    high: Count
    value: Number | None


class TaskFacts(Frozen):
    """What a reader of records needs to know about a task without importing it."""

    metric: Label
    unit: Label
    direction: Literal["higher", "lower"]
    axis: Literal["position", "turn", "length"]
    axis_unit: Label
    trained: tuple[Annotated[Count, Field(ge=1)], Annotated[Count, Field(ge=1)]]
    decoding: Literal["greedy", "sample"]
    floor: Number | None
    ceiling: Number | None
    controls: dict[Label, Number] = {}
    failure: Label
    source: Label

    @model_validator(mode="after")
    def _floor_and_ceiling_differ(self) -> Self:
        if self.floor is not None and self.ceiling is not None and not abs(self.floor - self.ceiling) > 1 / LARGEST:
            raise ValueError(f"floor and ceiling must differ, got {self.floor} and {self.ceiling}")
        return self
