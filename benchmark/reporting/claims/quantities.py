"""Numbers of one record that claims are about. Each returns None where the record does not have it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.reporting.aggregates import normalise
from benchmark.running.record import Record
from benchmark.values import Point


@dataclass(frozen=True)
class Quantity:
    """A number of one record.

    Attributes:
        name: what it is, as a table says it.
        of: from a record that is ok to the number, None where there is none.
    """

    name: str
    of: Callable[[Record], float | None]


def measured(name: str) -> Quantity:
    """A measure by its name, in its own unit."""
    return Quantity(name, lambda record: _measure(record, name))


def quality(name: str = "free_running") -> Quantity:
    """A measure in the task's main metric, from the floor of the task (0) to its ceiling (1)."""

    def of(record: Record) -> float | None:
        return _normalised(record, _measure(record, name))

    return Quantity(f"{name}, 0 floor to 1 ceiling", of)


def fall(curve: str = "free_running", least: int = 100) -> Quantity:
    """Normalised quality in the first bucket of a curve less the last; None if it ends before `least` tokens."""

    def of(record: Record) -> float | None:
        points = _points(record, curve)
        if not points or points[-1].high < least:
            return None
        first, last = (_normalised(record, point.value) for point in (points[0], points[-1]))
        return None if first is None or last is None else first - last

    return Quantity(f"fall of {curve} from the first to the last lengths, 0 floor to 1 ceiling", of)


def growth(curve: str) -> Quantity:
    """The last value of a curve less its first, in its own unit."""

    def of(record: Record) -> float | None:
        points = _points(record, curve)
        return points[-1].value - points[0].value if len(points) > 1 else None  # type: ignore[operator]

    return Quantity(f"{curve}, last lengths less first", of)


def cost_exponent(curve: str = "free_running") -> Quantity:
    """Exponent a of cumulative cost ~ length^a, where the metric is a cost per token; by least squares of logarithms.

    1 where every token costs the same, 2 where cost per token grows with the length (Ross & Bagnell 2010).
    """

    def of(record: Record) -> float | None:
        points = _points(record, curve)
        costs = np.cumsum([(point.high - point.low + 1) * (point.value or 0.0) for point in points])
        if len(points) < 3 or not costs[0] > 0:
            return None
        return float(np.polyfit(np.log([point.high for point in points]), np.log(costs), 1)[0])

    return Quantity(f"exponent of cumulative {curve} by length", of)


def to_reach(percent: int = 90, of_what: str = "evaluations") -> Quantity:
    """Model evaluations, or updates, until that share of the way from floor to ceiling; if never, minus all spent."""

    def of(record: Record) -> float | None:
        measure, all_spent = record.measures.get(f"{of_what}_to_{percent}_percent"), record.spent.get(of_what)
        if measure is None or all_spent is None:
            return None
        return -all_spent if measure.value is None else measure.value

    return Quantity(f"{of_what} to {percent} % of the way from floor to ceiling", of)


def gain_since_half() -> Quantity:
    """Normalised free-running quality on validation data at the end of training less that at half of it."""

    def of(record: Record) -> float | None:
        updates = record.spent.get("updates", 0)
        reached = {point.high: point.value for point in _points(record, "learning")}
        at_half, at_end = (_normalised(record, reached.get(round(updates * share))) for share in (0.5, 1))
        return None if at_half is None or at_end is None else at_end - at_half

    return Quantity("gain from half of training to its end, 0 floor to 1 ceiling", of)


def beyond_control(measure: str, control: str) -> Quantity:
    """A measure less what a frozen control of the task says that it should be."""

    def of(record: Record) -> float | None:
        value = _measure(record, measure)
        expected = record.facts.controls.get(control) if record.facts else None
        return None if value is None or expected is None else value - expected

    return Quantity(f"{measure} less the closed form", of)


def spent(name: str) -> Quantity:
    """What a cell cost."""
    return Quantity(name, lambda record: record.spent.get(name))


def _measure(record: Record, name: str) -> float | None:
    found = record.measures.get(name)
    return None if found is None or found.value is None or not math.isfinite(found.value) else found.value


def _normalised(record: Record, value: float | None) -> float | None:
    facts = record.facts
    if value is None or facts is None or facts.floor is None or facts.ceiling is None:
        return None
    return float(normalise(value, facts.floor, facts.ceiling))


def _points(record: Record, curve: str) -> Sequence[Point]:
    return [point for point in record.curves.get(curve, ()) if point.value is not None]
