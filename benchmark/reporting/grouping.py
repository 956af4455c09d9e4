"""Records that differ in nothing but the seed, and what their method is called; the two tracks of budgets."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from benchmark.running.cell import Cell
from benchmark.running.record import Record

Group = tuple[str, Sequence[Record]]

COMPUTE = " (equal evaluations)"
"""Ends the label of a method on the compute track, where a folder has both."""


def group_records(records: Iterable[Record]) -> list[Group]:
    """Group records that differ in nothing but the seed, each group with the label of its method."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[record.cell.group].append(record)
    labels = label_methods([group[0].cell for group in groups.values()])
    return list(zip(labels, groups.values(), strict=True))


def by_track(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Split groups by what all methods share: first equal updates, then equal evaluations; either may be absent."""
    for track in ("updates", "evaluations"):
        found = [group for group in groups if group[1][0].cell.track == track]
        if found:
            yield found


def main_track(groups: Sequence[Group]) -> list[Group]:
    """Return the groups with equal updates; where there are none, those with equal model evaluations."""
    return next(by_track(groups), [])


def label_methods(cells: Sequence[Cell]) -> list[str]:
    """Name the method of each cell: its baseline, and the settings that tell it from namesakes at the same place.

    Where most places have a baseline with the same knobs, a row with these bears the bare name, and any other the knobs
    in which it departs from them, so that a label means the same method at every place.
    """
    usual = _usual_knobs(cells)
    both = len({cell.track for cell in cells}) > 1
    namesakes: dict[tuple, list[Cell]] = defaultdict(list)
    for cell in cells:
        namesakes[_name(cell)].append(cell)
    labels = []
    for cell in cells:
        again = " (tuned)" if cell.ruleset == "tuned" else " (A/A)" if cell.replicate else ""
        again += COMPUTE if both and cell.track == "evaluations" else ""
        differing = _differing(cell, namesakes[_name(cell)], usual.get(cell.baseline.name))
        labels.append(f"{cell.baseline.name}{again}" + (f":{differing}" if differing else ""))
    return labels


def _name(cell: Cell) -> tuple:
    return cell.task.name, cell.model.name, cell.baseline.name, cell.replicate, cell.ruleset, cell.track


def _usual_knobs(cells: Sequence[Cell]) -> dict[str, dict]:
    """The knobs that each baseline has at most places; none where no choice is more common than every other."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for cell in cells:
        if cell.ruleset == "defaults":
            counts[cell.baseline.name][tuple(sorted(cell.baseline.knobs.items()))] += 1
    usual = {}
    for name, found in counts.items():
        (most, count), *others = found.most_common(2)
        if not others or others[0][1] < count:
            usual[name] = dict(most)
    return usual


def _differing(cell: Cell, namesakes: Sequence[Cell], usual: dict | None) -> str:
    """Write the settings in which a cell differs from its namesakes; of knobs, those that are not the usual ones."""
    settings = [other.settings for other in namesakes] if len(namesakes) > 1 else []
    knobs = cell.baseline.knobs
    names = [name for name in dict.fromkeys(chain(*settings)) if len({other.get(name) for other in settings}) > 1]
    if usual is not None and cell.ruleset == "defaults":
        unusual = [name for name in knobs if knobs[name] != usual.get(name)]
        names = [*unusual, *(name for name in names if name not in knobs)]
    own = cell.settings if names else {}
    return ",".join(f"{name}={own[name]}" for name in names if name in own)
