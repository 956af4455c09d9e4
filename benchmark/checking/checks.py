"""What a line of the calibration is: an instrument, the truth, and what was measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One line of the calibration.

    Attributes:
        instrument: what was checked.
        truth: the known answer, or the bound of a rate.
        measured: what the instrument says.
        error: their distance; for a bound, by how much it is broken, 0 if it holds.
        tolerance: the greatest error that is allowed; None for figures that are shown and not judged.
    """

    instrument: str
    truth: float
    measured: float
    error: float
    tolerance: float | None

    @property
    def verdict(self) -> str:
        """ "ok", "off" or "shown"."""
        if self.tolerance is None:
            return "shown"
        return "ok" if self.error <= self.tolerance else "off"  # NaN is off


def near(instrument: str, truth: float, measured: float, tolerance: float) -> Check:
    """Check that a measurement is at a known value."""
    return Check(instrument, truth, measured, abs(measured - truth), tolerance)


def at_most(instrument: str, bound: float, measured: float) -> Check:
    """Check that a rate stays below a bound."""
    return Check(instrument, bound, measured, measured - bound if measured > bound else 0.0 * measured, 0.0)


def at_least(instrument: str, bound: float, measured: float) -> Check:
    """Check that a rate stays above a bound."""
    return Check(instrument, bound, measured, bound - measured if measured < bound else 0.0 * measured, 0.0)
