"""Is a method no better than teacher forcing at another temperature (Caccia et al. 2020, arXiv 1811.02549)?"""

from collections.abc import Sequence

from benchmark.reporting.statistics import t_intervals
from benchmark.running.record import Record, values_of

TEMPERATURES = ("0.5", "0.7", "0.85", "1", "1.2")

_AXES = ("oracle_nll", "data_nll")
NLL_MEASURES = tuple(f"{name}_at_temperature_{temperature}" for name in _AXES for temperature in TEMPERATURES)

Point = tuple[float | None, float | None]


def nll_point(group: Sequence[Record], temperature: str) -> Point:
    """Mean over seeds of the process's NLL of samples and the model's NLL of data; lower is better in both."""
    ok = [record for record in group if record.status == "ok"]
    names = [f"{name}_at_temperature_{temperature}" for name in _AXES]
    first, second = t_intervals([values_of(ok, name) for name in names])
    return first.mean, second.mean


def dominated_at(groups: Sequence[Sequence[Record]], beside: Sequence[Sequence[Record] | None]) -> list[list[str]]:
    """For each group, temperatures at which its reference is at least as good as it is at 1 in both, and better in one.

    Args:
        beside: the reference of each group, None where it has none; many groups share one.
    """
    found, curves = [], {}
    for group, reference in zip(groups, beside, strict=True):
        own = nll_point(group, "1") if reference else (None, None)
        if reference is None or None in own:
            found.append([])
            continue
        if id(reference) not in curves:
            curves[id(reference)] = {temperature: nll_point(reference, temperature) for temperature in TEMPERATURES}
        found.append([name for name, point in curves[id(reference)].items() if _dominates(point, own)])
    return found


def _dominates(first: Point, second: Point) -> bool:
    if None in first or None in second:
        return False
    pairs = [(one, other) for one, other in zip(first, second, strict=True) if one is not None and other is not None]
    return all(one <= other for one, other in pairs) and any(one < other for one, other in pairs)
