"""Each method against teacher forcing, paired by seed, in the same place: task, model, budget and all else equal."""

import json
from collections.abc import Mapping, Sequence

from benchmark.reporting.contrasts import Contrast, adjust, paired_contrast
from benchmark.running.record import Record

REFERENCE = "teacher_forcing"


def gains(groups: Sequence[Sequence[Record]], beside: Sequence[Sequence[Record] | None]) -> list[Contrast | None]:
    """Contrast the free-running quality of each group of seeds with that of teacher forcing.

    A gain is positive where the method is better, whatever the metric's direction. None for teacher forcing itself and
    where it was not run in the same place. The p values are adjusted over all groups; the A/A row, whose arms are not
    paired, is not tested and does not count.

    Args:
        beside: the `references` of the groups.
    """
    pairs = zip(groups, beside, strict=True)
    found = [None if reference is None else _gain(group, reference) for group, reference in pairs]
    adjusted = iter(adjust([contrast for contrast in found if contrast is not None]))
    return [None if contrast is None else next(adjusted) for contrast in found]


def references(groups: Sequence[Sequence[Record]]) -> list[Sequence[Record] | None]:
    """Find teacher forcing in the place of each group; None where it was not run, and for itself."""
    found = {place_of(group[0]): group for group in groups if is_reference(group[0]) and not group[0].cell.replicate}
    beside = [found.get(place_of(group[0])) for group in groups]
    return [None if other is group else other for group, other in zip(groups, beside, strict=True)]


def is_reference(record: Record) -> bool:
    """Whether a record is of teacher forcing."""
    return record.cell.baseline.name == REFERENCE


def place_of(record: Record) -> str:
    """Name what two methods must share to be compared: task, model, budget and all else but method and seed."""
    shared = record.cell.model_dump(mode="json", exclude={"baseline", "seed", "replicate"})
    if record.cell.ruleset == "tuned":
        del shared["optimisation"]["learning_rate"]  # every method has its own
    return json.dumps(shared, sort_keys=True)


def contrast_of(group: Sequence[Record], reference: Sequence[Record], measure: str = "free_running") -> Contrast:
    """Contrast a measure of two groups of seeds, positive where the first is better; by value where neither is."""
    pairs, sign = paired_by_seed(group, reference, measure), sign_of(group, measure)
    return paired_contrast([sign * own for own, _ in pairs.values()], [sign * other for _, other in pairs.values()])


def paired_by_seed(
    group: Sequence[Record], reference: Sequence[Record], measure: str = "free_running"
) -> dict[int, tuple[float, float]]:
    """A measure of both arms of every seed that is ok in both, by seed."""
    own, other = _by_seed(group, measure), _by_seed(reference, measure)
    return {seed: (own[seed], other[seed]) for seed in sorted(own.keys() & other.keys())}


def sign_of(group: Sequence[Record], measure: str = "free_running") -> float:
    """-1 where lower is better, so that a difference times this is positive where the first arm is better; else 1."""
    lower = any(r.measures[measure].direction == "lower" for r in group if measure in r.measures)
    return -1.0 if lower else 1.0


def _gain(group: Sequence[Record], reference: Sequence[Record]) -> Contrast:
    contrast = contrast_of(group, reference)
    return (
        contrast.untested("A/A: other weights and data, unpaired: the noise floor")
        if group[0].cell.replicate
        else contrast
    )


def _by_seed(group: Sequence[Record], measure: str) -> Mapping[int, float]:
    """A measure of the cells that are ok, by seed."""
    ok = (record for record in group if record.status == "ok" and measure in record.measures)
    measured = {record.cell.seed: record.measures[measure].value for record in ok}
    return {seed: value for seed, value in measured.items() if value is not None}
