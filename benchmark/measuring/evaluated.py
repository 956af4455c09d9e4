"""Where measures are entered."""

import math
from dataclasses import dataclass, field

from benchmark.fields import LARGEST
from benchmark.values import Direction, Measure, Point


@dataclass
class Evaluated:
    """Measures and curves by name."""

    measures: dict[str, Measure] = field(default_factory=dict)
    curves: dict[str, list[Point]] = field(default_factory=dict)

    def put(self, name: str, value: float, unit: str, direction: Direction, reason: str = "") -> None:
        """Enter a measure; one that is not finite, or as good as infinite, is entered as absent, with the reason."""
        if abs(value) <= LARGEST:  # false for NaN too
            self.measures[name] = Measure(value=value, unit=unit, direction=direction, reason="")
            return
        why = reason or "not a number" if math.isnan(value) else "infinite"
        self.measures[name] = Measure(value=None, unit=unit, direction=direction, reason=why)
