"""Do stored results hold? Hashes, schema, completeness; and cells computed again. Free of torch."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.contracts.registry import Kind, Registry
from benchmark.errors import UsageError
from benchmark.running.cell import HARNESS, Cell
from benchmark.running.manifest import Manifest, hash_files, hash_records
from benchmark.running.record import Record
from benchmark.running.store import Damaged, Store

TOLERANCE = 0.05
"""Where torch's build or the processor differ: the main measure and its curve may differ by this share of the way from
floor to ceiling (or of the larger value, where a task has not both). Measured on 18 cells of the quick suite (copycat
tagging and the HMM language, all methods) with AVX-512 and without vector instructions: 17 differ by less than 2e-7,
and one of REINFORCE, which turns a last bit into another sample, by 0.0044."""

DECIDES_BITS = ("torch", "torch_build", "cpu_capability", "machine", "processor", "linear", "attention", "threads")
"""Parts of the provenance which, where they agree, let the same cell give the same bits."""

BEFORE = {"attention": "torch"}
"""What parts were before records said them."""

_PARTS: tuple[tuple[str, Kind], ...] = (("task", "tasks"), ("model", "models"), ("baseline", "baselines"))


@dataclass(frozen=True)
class Fault:
    """What does not hold: of which check, where and what."""

    check: Literal["manifest", "hash", "schema", "completeness"]
    where: str
    what: str


def find_faults(store: Store, damaged: Sequence[Damaged], manifest: Manifest | str) -> list[Fault]:
    """Hold the files of a store against its manifest and the schema."""
    faults = [Fault("schema", str(file.path), file.reason) for file in damaged]
    if isinstance(manifest, str):
        return [*faults, Fault("manifest", str(store.root), manifest)]
    found = hash_records(store)
    for place in sorted(manifest.records.keys() | found.keys()):
        if place not in found:
            faults.append(Fault("hash", place, "the manifest lists it, and it cannot be read or is not there"))
        elif place not in manifest.records:
            faults.append(Fault("hash", place, "the manifest does not list it: it came after the run had ended"))
        elif found[place] != manifest.records[place]:
            faults.append(Fault("hash", place, "it is not what the run wrote: the hash differs"))
    made = hash_files(store.root, manifest.files)
    for place, digest in sorted(manifest.files.items()):
        if made.get(place) != digest:
            faults.append(Fault("hash", place, "it is not what `ebb report` wrote; report again"))
    for key, name in sorted(manifest.planned.items(), key=lambda item: item[1]):
        if f"{name}-{key[:12]}.json" not in found:
            faults.append(Fault("completeness", name, "it was planned and has no record"))
    return faults


def not_repeatable(cell: Cell, registry: Registry) -> str:
    """Why a cell cannot be computed again here, else ""."""
    if cell.harness != HARNESS:
        return f"it was made by version {cell.harness} of the harness, and this is {HARNESS}"
    for part, kind in _PARTS:
        declared = getattr(cell, part)
        try:
            version = registry.entry(kind, declared.name).version
        except UsageError as error:
            return str(error)
        if version != declared.version:
            return f"{declared.name} was at version {declared.version}, and is at {version}"
    return ""


def choose(records: Sequence[Record], registry: Registry, count: int, seed: int) -> tuple[list[Record], dict[str, str]]:
    """Draw cells that ended ok and can be computed again; and say of the others why they cannot."""
    ok = sorted((record for record in records if record.status == "ok"), key=lambda record: record.cell.key)
    reasons = {record.cell.key: not_repeatable(record.cell, registry) for record in ok}
    able = [record for record in ok if not reasons[record.cell.key]]
    drawn = random.Random(seed).sample(able, min(count, len(able)))
    return drawn, {record.cell.id: reason for record in ok if (reason := reasons[record.cell.key])}


@dataclass(frozen=True)
class Comparison:
    """A stored record against the same cell computed again.

    Attributes:
        exact: whether every bit had to agree, because what decides bits does.
        because: what differs in the provenance where not.
        differences: by name, the stored value and the new one, for what is judged and does not agree.
        deviation: the largest, in the unit of `TOLERANCE`; None where bits are compared.
    """

    cell: Cell
    exact: bool
    because: tuple[str, ...]
    differences: dict[str, tuple[Any, Any]]
    deviation: float | None

    @property
    def same(self) -> bool:
        """Whether the record holds."""
        return not self.differences


def compare(stored: Record, again: Record) -> Comparison:
    """Compare bit for bit where torch's build and the processor agree, else within `TOLERANCE`.

    With the same capability, AVX-512, the libraries of products still choose by the maker of the processor.
    """
    one, other = BEFORE | stored.provenance, BEFORE | again.provenance
    because = tuple(
        f"{name}: {one.get(name, 'not recorded')} stored, {other.get(name, 'not recorded')} here"
        for name in DECIDES_BITS
        if name not in one or one[name] != other.get(name)
    )
    if again.status != stored.status:
        differences = {"status": (stored.status, f"{again.status}: {again.reason}")}
        return Comparison(stored.cell, not because, because, differences, None)
    if not because:
        return Comparison(stored.cell, True, because, _unequal(stored, again), None)
    deviations = _deviations(stored, again)
    differences = {name: (a, b) for name, (a, b, apart) in deviations.items() if apart > TOLERANCE}
    return Comparison(stored.cell, False, because, differences, max(apart for _, _, apart in deviations.values()))


def _unequal(stored: Record, again: Record) -> dict[str, tuple[Any, Any]]:
    one, other = _results(stored), _results(again)
    return {name: (one.get(name), other.get(name)) for name in sorted(one | other) if one.get(name) != other.get(name)}


def _results(record: Record) -> dict[str, Any]:
    """Everything that is the same whenever the cell is."""
    return (
        {f"measures.{name}": (found.value, found.reason) for name, found in record.measures.items()}
        | {f"curves.{name}": [point.value for point in curve] for name, curve in record.curves.items()}
        | {f"training_log.{number}": line for number, line in enumerate(record.training_log)}
    )


def _deviations(stored: Record, again: Record) -> dict[str, tuple[float | None, float | None, float]]:
    """Stored and new values of what is judged elsewhere, and how far apart they are as a share of floor to ceiling."""
    main = stored.measures["free_running"].value, again.measures["free_running"].value
    pairs = {"measures.free_running": main}
    one, other = ({point.high: point.value for point in record.curves["free_running"]} for record in (stored, again))
    pairs |= {f"curves.free_running.{end}": (one.get(end), other.get(end)) for end in sorted(one | other)}
    facts = stored.facts
    whole = 0.0
    if facts and facts.ceiling is not None and facts.floor is not None:
        whole = abs(facts.ceiling - facts.floor)
    return {name: (a, b, _deviation(a, b, whole)) for name, (a, b) in pairs.items()}


def _deviation(one: float | None, other: float | None, whole: float) -> float:
    if one is None or other is None:
        return 0.0 if one is other else math.inf
    return abs(one - other) / (whole or max(abs(one), abs(other)) or 1.0)
