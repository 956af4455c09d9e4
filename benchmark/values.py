"""What a measurement is on paper: a value with its unit and direction, and a curve of them. Free of torch."""

from typing import Literal

from benchmark.settings import Frozen

Direction = Literal["higher", "lower", "none"]


class Measure(Frozen):
    """One figure.

    Attributes:
        value: None where there is none; then `reason` says why.
        unit: e.g. "nats per token".
        direction: which is better; "none" where neither is.
    """

    value: float | None
    unit: str
    direction: Direction
    reason: str = ""


class Point(Frozen):
    """One value of a curve, over the inclusive range low to high of positions or lengths (counted from 1)."""

    low: int
    high: int
    value: float | None


class TaskFacts(Frozen):
    """What a reader of records needs to know about a task without importing it."""

    metric: str
    unit: str
    direction: Literal["higher", "lower"]
    axis: Literal["position", "turn", "length"]
    axis_unit: str
    trained: tuple[int, int]
    decoding: Literal["greedy", "sample"]
    floor: float | None
    ceiling: float | None
    controls: dict[str, float] = {}
    failure: str
    source: str
