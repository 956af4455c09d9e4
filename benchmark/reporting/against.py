"""Each method against teacher forcing, paired by seed, in the same place: task, model, budget and all else equal."""

import json
from collections.abc import Mapping, Sequence

from benchmark.reporting.contrasts import Contrast, adjust, paired_contrast
from benchmark.running.record import Record

REFERENCE = "teacher_forcing"


def gains(groups: Sequence[Sequence[Record]]) -> list[Contrast | None]:
    """Contrast the free-running quality of each group of seeds with that of teacher forcing.

    A gain is positive where the method is better, whatever the metric's direction. None for teacher forcing itself and
    where it was not run in the same place. The p values are adjusted over all groups; the A/A row, whose arms are not
    paired, is not tested and does not count.
    """
    pairs = zip(groups, references(groups), strict=True)
    found = [None if reference is None else _gain(group, reference) for group, reference in pairs]
    adjusted = iter(adjust([contrast for contrast in found if contrast is not None]))
    return [None if contrast is None else next(adjusted) for contrast in found]


def references(groups: Sequence[Sequence[Record]]) -> list[Sequence[Record] | None]:
    """Find teacher forcing in the place of each group; None where it was not run, and for itself."""
    found = {_place(group[0]): group for group in groups if is_reference(group[0]) and not group[0].cell.replicate}
    beside = [found.get(_place(group[0])) for group in groups]
    return [None if other is group else other for group, other in zip(groups, beside, strict=True)]


def is_reference(record: Record) -> bool:
    """Whether a record is of teacher forcing."""
    return record.cell.baseline.name == REFERENCE


def _place(record: Record) -> str:
    return json.dumps(record.cell.model_dump(mode="json", exclude={"baseline", "seed", "replicate"}), sort_keys=True)


def _gain(group: Sequence[Record], reference: Sequence[Record]) -> Contrast:
    own, other = _by_seed(group), _by_seed(reference)
    shared = sorted(own.keys() & other.keys())
    sign = -1.0 if any(r.facts and r.facts.direction == "lower" for r in group) else 1.0
    contrast = paired_contrast([sign * own[seed] for seed in shared], [sign * other[seed] for seed in shared])
    return (
        contrast.untested("A/A: other weights and data, unpaired: the noise floor")
        if group[0].cell.replicate
        else contrast
    )


def _by_seed(group: Sequence[Record]) -> Mapping[int, float]:
    """Free-running quality of the cells that are ok, by seed."""
    measured = {record.cell.seed: record.measures["free_running"].value for record in group if record.status == "ok"}
    return {seed: value for seed, value in measured.items() if value is not None}
