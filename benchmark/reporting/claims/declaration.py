"""What a claim is: a statement with its source, and the parts by which it is judged, declared before the run."""

from dataclasses import dataclass
from typing import Literal

from benchmark.reporting.claims.effects import Effect

Rule = Literal["all", "most"]
Side = Literal["above", "below"]


@dataclass(frozen=True)
class Part:
    """One effect against one threshold.

    Attributes:
        text: what the claim says here, with the task.
        effect: one number a seed.
        claimed: on which side of the threshold the claim puts the effect.
        threshold: in the effect's unit; for a ratio 1 is no difference.
    """

    text: str
    effect: Effect
    claimed: Side
    threshold: float


@dataclass(frozen=True)
class Claim:
    """A published claim, or common wisdom.

    Attributes:
        id: its name in tables; never changed once published.
        title: the claim in a few words, for figures.
        statement: what is claimed, in a sentence.
        source: who says so.
        expected: what the suite's authors expected before the run, for the record.
        parts: how it is tested; the first is its headline.
        rule: "all" parts must hold, or "most": more than half of those that could be judged.
    """

    id: str
    title: str
    statement: str
    source: str
    expected: str
    parts: tuple[Part, ...]
    rule: Rule = "all"
