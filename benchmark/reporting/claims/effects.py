"""Effects: what arms of a comparison come to, one number a seed, paired."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.reporting.claims.quantities import Quantity, measured
from benchmark.reporting.dominance import TEMPERATURES
from benchmark.running.cell import Track
from benchmark.running.record import Record


@dataclass(frozen=True)
class Arm:
    """One method at one place, and the number that is read from its records.

    Attributes:
        method: as the board calls it, `name` or `name:knob=value`, for example `scheduled_sampling:coin=sequence`.
        task: its name.
        quantity: the number of each record.
        model: its name; may be left out where the task has one model.
        track: what was the same for all methods.
    """

    method: str
    task: str
    quantity: Quantity
    model: str = ""
    track: Track = "updates"


def two_arms(
    first: str, second: str, task: str, quantity: Quantity, model: str = "", track: Track = "updates"
) -> tuple[Arm, Arm]:
    """Two methods at the same place, and the same number of each."""
    return Arm(first, task, quantity, model, track), Arm(second, task, quantity, model, track)


@dataclass(frozen=True)
class Effect:
    """One number a seed, from one or more arms.

    Attributes:
        arms: what it is made of.
        combine: from the numbers of the arms at one seed to the effect's; None where it has none.
        name: how it is made, for a table.
        ratio: whether it is a ratio, which is averaged and tested by its logarithm.
    """

    arms: tuple[Arm, ...]
    combine: Callable[[Sequence[float]], float | None]
    name: str
    ratio: bool = False

    def by_seed(self, records: Mapping[Arm, Sequence[Record]]) -> list[float]:
        """The effect at each seed at which every arm ended well and has its number, in the order of seeds."""
        columns = [_by_seed(records[arm], arm.quantity) for arm in self.arms]
        shared = sorted(set.intersection(*(set(column) for column in columns)))
        values = [self.combine([column[seed] for column in columns]) for seed in shared]
        return [value for value in values if value is not None]


def _by_seed(records: Sequence[Record], quantity: Quantity) -> dict[int, float]:
    found = {record.cell.seed: quantity.of(record) for record in records if record.status == "ok"}
    return {seed: value for seed, value in found.items() if value is not None}


def value(arm: Arm) -> Effect:
    """The number itself."""
    return Effect((arm,), lambda numbers: numbers[0], f"{arm.quantity.name}: {arm.method}")


def difference(first: Arm, second: Arm) -> Effect:
    """The first less the second."""
    return Effect(
        (first, second),
        lambda numbers: numbers[0] - numbers[1],
        f"{first.quantity.name}: {first.method} less {second.method}",
    )


def ratio(first: Arm, second: Arm) -> Effect:
    """The first over the second; none where one of them is not positive."""
    return Effect(
        (first, second),
        lambda numbers: numbers[0] / numbers[1] if min(numbers) > 0 else None,
        f"{first.quantity.name}: {first.method} over {second.method}",
        ratio=True,
    )


def ratio_to_reach(first: Arm, second: Arm) -> Effect:
    """The ratio of two costs of reaching a level, each negative where it was never reached; none where neither did.

    An arm that never gets there would need more than it spent, so the ratio is then nearer 1 than the true one.
    """
    return Effect(
        (first, second),
        lambda numbers: None if max(numbers) < 0 else abs(numbers[0] / numbers[1]),
        f"{first.quantity.name}: {first.method} over {second.method}",
        ratio=True,
    )


def share_dominated(task: str, methods: Sequence[str], reference: str = "teacher_forcing") -> Effect:
    """Share of methods, each at temperature 1, that the reference at one of five temperatures dominates.

    Dominated: not better in quality nor in the share of distinct 4-grams, and worse in one (Caccia et al. 2020).
    Quality is read as a cost, lower is better.
    """
    names = [f"{axis}_at_temperature_{temperature}" for temperature in TEMPERATURES for axis in ("quality", "distinct")]
    at_one = ("quality_at_temperature_1", "distinct_at_temperature_1")
    arms = [Arm(reference, task, measured(name)) for name in names]
    arms += [Arm(method, task, measured(name)) for method in methods for name in at_one]

    def combine(numbers: Sequence[float]) -> float:
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        sweep, others = points[: len(TEMPERATURES)], points[len(TEMPERATURES) :]
        return sum(any(_dominates(point, other) for point in sweep) for other in others) / len(others)

    return Effect(tuple(arms), combine, f"share of {len(methods)} methods that {reference} dominates")


def _dominates(point: tuple[float, float], other: tuple[float, float]) -> bool:
    return point[0] <= other[0] and point[1] >= other[1] and point != other


def margin_of_ratios(first: tuple[Arm, Arm], second: tuple[Arm, Arm]) -> Effect:
    """By how much the first ratio is further from 1 than the second, as a quotient of the two, each taken above 1."""

    def combine(numbers: Sequence[float]) -> float | None:
        if min(numbers) <= 0:
            return None
        one, other = (abs(math.log(numbers[at] / numbers[at + 1])) for at in (0, 2))
        return math.exp(one - other)

    name = f"{first[0].quantity.name}: ratio of {first[0].method} to {first[1].method}, over that of {second[1].method}"
    return Effect((*first, *second), combine, name, ratio=True)
