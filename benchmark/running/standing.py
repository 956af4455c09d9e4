"""How the cells of a plan stand in a store: done, failed, missing or stale, and why. Free of torch."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.running.cell import Cell
from benchmark.running.record import FAILED, Record
from benchmark.running.store import Store

State = Literal["done", "failed", "not_applicable", "stale", "missing"]
STATES: tuple[State, ...] = ("done", "failed", "not_applicable", "stale", "missing")


@dataclass(frozen=True)
class Difference:
    """A setting in which a stored cell is not the one that is asked for; None where a cell has no such setting."""

    setting: str
    wanted: Any
    stored: Any


@dataclass(frozen=True)
class Standing:
    """How one cell stands.

    Attributes:
        state: "done"; "failed", with a record that says why; "not_applicable" here; "stale" where only cells that
            differ have this readable id, for example of an older version; "missing" where nothing has it.
        reason: why it failed or is not applicable, "" otherwise.
    """

    cell: Cell
    state: State
    reason: str = ""


class Standings:
    """Cells against the records of a store.

    Attributes:
        cells: one for each cell that was asked for.
        unasked: stored cells that were not asked for.
        damaged: files that are no records.
    """

    def __init__(self, cells: Iterable[Cell], store: Store) -> None:
        records, self.damaged = store.load_all(_without_results)
        self.stored = {record.cell.key: record for record in records}
        by_id = Counter(record.cell.id for record in records)
        self.cells = [self._standing(cell, by_id) for cell in cells]
        asked = {standing.cell.key for standing in self.cells}
        self.unasked = [record.cell for key, record in self.stored.items() if key not in asked]

    def _standing(self, cell: Cell, by_id: Counter[str]) -> Standing:
        record = self.stored.get(cell.key)
        if record is None:
            return Standing(cell, "stale" if by_id[cell.id] else "missing")
        if record.status in FAILED:
            return Standing(cell, "failed", f"{record.status}: {record.reason}")
        return Standing(cell, "not_applicable" if record.status == "not_applicable" else "done", record.reason)

    def counts(self) -> dict[State, int]:
        """How many cells stand how."""
        found = Counter(standing.state for standing in self.cells)
        return {state: found[state] for state in STATES}

    def by_place(self) -> dict[tuple[str, str], Counter[State]]:
        """The same for each task and model."""
        places: dict[tuple[str, str], Counter[State]] = defaultdict(Counter)
        for standing in self.cells:
            places[standing.cell.task.name, standing.cell.model.name][standing.state] += 1
        return dict(sorted(places.items()))

    def find(self, name: str) -> list[Standing]:
        """Return the cells asked for that have this readable id, or a key that begins so."""
        return [s for s in self.cells if s.cell.id == name or (len(name) >= 6 and s.cell.key.startswith(name))]

    def nearest(self, cell: Cell) -> tuple[Cell, list[Difference]] | None:
        """Return the stored cell that differs in the fewest settings, one of the same id first, and in which."""
        stored = [record.cell for record in self.stored.values()]
        beside = [other for other in stored if other.id == cell.id] or stored
        if not beside:
            return None
        compared = [(differences(cell, other), other) for other in beside]
        found, other = min(compared, key=lambda pair: (len(pair[0]), pair[1].key))
        return other, found


def differences(wanted: Cell, stored: Cell) -> list[Difference]:
    """List the settings in which two cells differ, by name."""
    one, other = _named(wanted), _named(stored)
    names = sorted(one.keys() | other.keys())
    return [Difference(name, one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)]


def _named(cell: Cell) -> dict[str, Any]:
    names = {f"{part}.name": getattr(cell, part).name for part in ("task", "model", "baseline")}
    knobs = cell.baseline.knobs
    settings = {f"baseline.knobs.{name}" if name in knobs else name: value for name, value in cell.settings.items()}
    return settings | names | {"seed": cell.seed}


def _without_results(record: Record) -> Record:
    return Record.model_construct(cell=record.cell, status=record.status, reason=record.reason)
