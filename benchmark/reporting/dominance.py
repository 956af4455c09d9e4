"""Is a method no better than teacher forcing at another temperature (Caccia et al. 2020, arXiv 1811.02549)?"""

from collections.abc import Sequence

from benchmark.reporting.statistics import t_interval
from benchmark.running.record import Record

TEMPERATURES = ("0.5", "0.7", "0.85", "1", "1.2")

_AXES = ("oracle_nll", "data_nll")
NLL_MEASURES = tuple(f"{name}_at_temperature_{temperature}" for name in _AXES for temperature in TEMPERATURES)

Point = tuple[float | None, float | None]


def nll_point(group: Sequence[Record], temperature: str) -> Point:
    """Mean over seeds of the process's NLL of samples and the model's NLL of data; lower is better in both."""
    ok = [record for record in group if record.status == "ok"]
    found = []
    for name in _AXES:
        measures = [record.measures.get(f"{name}_at_temperature_{temperature}") for record in ok]
        found.append(t_interval([None if measure is None else measure.value for measure in measures]).mean)
    return found[0], found[1]


def dominated_at(group: Sequence[Record], reference: Sequence[Record]) -> list[str]:
    """Temperatures at which the reference is at least as good as the group at 1 in both, and better in one."""
    own = nll_point(group, "1")
    return [temperature for temperature in TEMPERATURES if _dominates(nll_point(reference, temperature), own)]


def _dominates(first: Point, second: Point) -> bool:
    if None in first or None in second:
        return False
    pairs = [(one, other) for one, other in zip(first, second, strict=True) if one is not None and other is not None]
    return all(one <= other for one, other in pairs) and any(one < other for one, other in pairs)
