"""Verdicts: each part's effect against its threshold, and what the parts of a claim come to together."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.reporting.claims.declaration import Claim, Part, Rule
from benchmark.reporting.claims.effects import Arm
from benchmark.reporting.contrasts import LEVEL, Contrast, adjust, paired_contrast
from benchmark.reporting.grouping import COMPUTE, group_records
from benchmark.running.record import Record

Verdict = Literal["SUPPORTED", "REFUTED", "MIXED", "UNDERPOWERED", "NOT JUDGED"]
VERDICTS: tuple[Verdict, ...] = ("SUPPORTED", "REFUTED", "MIXED", "UNDERPOWERED", "NOT JUDGED")
_FURTHEST = 1e6  # half-widths, where all seeds agree to the last bit

DECIDED: tuple[Verdict, ...] = ("SUPPORTED", "REFUTED", "MIXED")


@dataclass(frozen=True)
class JudgedPart:
    """A part with its effect, all in the effect's unit (a ratio as a ratio).

    Attributes:
        contrast: of the seeds' effects (logarithms for a ratio) with the threshold.
    """

    part: Part
    contrast: Contrast

    @property
    def effect(self) -> float | None:
        """Mean over seeds, geometric for a ratio."""
        return self._back(self.contrast.difference)

    @property
    def low(self) -> float | None:
        """Lower end of the 95 % t interval."""
        return self._back(self.contrast.low)

    @property
    def high(self) -> float | None:
        """Upper end of the 95 % t interval."""
        return self._back(self.contrast.high)

    @property
    def detectable(self) -> float | None:
        """Least distance from the threshold that the test would find at 80 % power; for a ratio, a factor."""
        found = self.contrast.detectable
        return found if found is None or not self.part.effect.ratio else _exp(found)

    @property
    def distance(self) -> float | None:
        """Of the effect from the threshold, positive as claimed, in half-widths of its interval: decided beyond 1."""
        found = self.contrast
        if found.difference is None or found.low is None or found.high is None:
            return None
        half, sign = (found.high - found.low) / 2, 1.0 if self.part.claimed == "above" else -1.0
        furthest = math.copysign(_FURTHEST, sign * found.difference)
        return furthest if half < abs(found.difference) / _FURTHEST else sign * found.difference / half

    @property
    def verdict(self) -> Verdict:
        """Decided where the test, adjusted over all parts of all claims, finds the effect on one side."""
        found = self.contrast
        if not found.seeds:
            return "NOT JUDGED"
        if found.adjusted is None or found.note or found.adjusted > LEVEL or found.difference is None:
            return "UNDERPOWERED"
        return "SUPPORTED" if (found.difference > 0) == (self.part.claimed == "above") else "REFUTED"

    def _back(self, shifted: float | None) -> float | None:
        if shifted is None:
            return None
        return _exp(shifted) * self.part.threshold if self.part.effect.ratio else shifted + self.part.threshold


@dataclass(frozen=True)
class Judged:
    """A claim with its judged parts."""

    claim: Claim
    parts: tuple[JudgedPart, ...]

    @property
    def verdict(self) -> Verdict:
        """What the parts come to under the claim's rule."""
        return verdict_of([part.verdict for part in self.parts], self.claim.rule)

    @property
    def headline(self) -> JudgedPart:
        """The first part that was judged, else the first."""
        return next((part for part in self.parts if part.contrast.seeds), self.parts[0])

    def row(self) -> dict[str, Any]:
        """The claim as JSON has it: its headline's effect, and each part."""
        return {
            "id": self.claim.id,
            "statement": self.claim.statement,
            "source": self.claim.source,
            "expected": self.claim.expected,
            "rule": self.claim.rule,
            "verdict": self.verdict,
            **_figures(self.headline),
            "parts": [{"text": part.part.text, "verdict": part.verdict, **_figures(part)} for part in self.parts],
        }


def verdict_of(parts: Sequence[Verdict], rule: Rule) -> Verdict:
    """Decide by rule: all parts hold or none does, or more than half of the judged; MIXED where parts disagree."""
    judged = [verdict for verdict in parts if verdict != "NOT JUDGED"]
    if not judged or (rule == "all" and len(judged) < len(parts)):
        return "NOT JUDGED"
    enough = len(judged) if rule == "all" else len(judged) // 2 + 1
    holding, failing = judged.count("SUPPORTED"), judged.count("REFUTED")
    if holding >= enough:
        return "SUPPORTED"
    if failing >= enough:
        return "REFUTED"
    return "MIXED" if holding and failing else "UNDERPOWERED"


def judge(records: Iterable[Record], claims: Sequence[Claim]) -> list[Judged]:
    """Judge claims by the records of a folder; p values are adjusted over the parts of all of them.

    A part for which no seed has every arm is not judged, and one with fewer than five seeds is underpowered.
    """
    methods = _Methods(records)
    parts = [part for claim in claims for part in claim.parts]
    contrasts = iter(adjust([_contrast(part, methods) for part in parts]))
    return [Judged(claim, tuple(JudgedPart(part, next(contrasts)) for part in claim.parts)) for claim in claims]


def _contrast(part: Part, methods: "_Methods") -> Contrast:
    values = part.effect.by_seed({arm: methods.find(arm) for arm in part.effect.arms})
    threshold = part.threshold
    if part.effect.ratio:
        values, threshold = [math.log(value) for value in values], math.log(threshold)
    return paired_contrast(values, [threshold] * len(values))


class _Methods:
    """Records by task, model, track and method, as the board calls it."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._groups: dict[tuple, dict[str, Sequence[Record]]] = {}
        for label, group in group_records(records):
            cell = group[0].cell
            if not cell.replicate and cell.ruleset == "defaults":
                key = cell.task.name, cell.track, parse_method(label.replace(COMPUTE, ""))
                self._groups.setdefault(key, {})[cell.model.name] = group

    def find(self, arm: Arm) -> Sequence[Record]:
        """The records of an arm, none where it was not run.

        Raises:
            ValueError: where it was run with several models and the arm names none.
        """
        found: Mapping[str, Sequence[Record]] = self._groups.get((arm.task, arm.track, parse_method(arm.method)), {})
        if arm.model:
            return found.get(arm.model, ())
        if len(found) > 1:
            raise ValueError(f"{arm.method} was run on {arm.task} with {', '.join(sorted(found))}: name one")
        return next(iter(found.values()), ())


def parse_method(label: str) -> tuple[str, frozenset[tuple[str, str | float]]]:
    """Read `name:knob=value,knob=value` so that 0 and 0.0 are the same and the order of knobs does not count."""
    name, _, settings = label.partition(":")
    pairs = (setting.partition("=") for setting in filter(None, settings.split(",")))
    return name, frozenset((knob, _number(text)) for knob, _, text in pairs)


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _exp(logarithm: float) -> float:
    return math.exp(min(logarithm, 700.0))


def _figures(part: JudgedPart) -> dict[str, Any]:
    return {
        "effect": part.effect,
        "low": part.low,
        "high": part.high,
        "measured": part.part.effect.name,
        "claimed": f"{part.part.claimed} {part.part.threshold:g}",
        "detectable": part.detectable,
        "p_adjusted": part.contrast.adjusted,
        "seeds": part.contrast.seeds,
        "note": part.contrast.note,
        "warning": part.contrast.warning,
    }
