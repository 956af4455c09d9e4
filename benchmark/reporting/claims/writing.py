"""Claims on paper: Markdown, LaTeX and JSON, and tables for the terminal."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmark.reporting import columns
from benchmark.reporting.claims.judging import VERDICTS, Judged, JudgedPart
from benchmark.reporting.escapes import markdown
from benchmark.reporting.tables import Table
from benchmark.running.store import write_whole

NOTE = (
    "An effect is one number a seed, paired; its interval is a 95 % t interval, of logarithms for a ratio. A part is "
    "decided where its test against the threshold, adjusted over all parts of all claims by Benjamini and Hochberg, "
    "finds the effect on one side; otherwise, or with fewer than five seeds, it is underpowered. A claim is supported "
    "where all its parts hold (or, where it says most, more than half of them), refuted where as many fail, and mixed "
    "where parts disagree. Detectable: the least distance from the threshold that the test would find at 80 % power; a "
    "factor for a ratio. Thresholds and directions were written before the run."
)


def verdict_table(judged: Sequence[Judged]) -> Table:
    """One row a claim, with its headline's effect."""
    cells = [
        [one.claim.id, one.claim.statement, one.claim.source, one.verdict, *_numbers(one.headline)] for one in judged
    ]
    counts = {verdict: sum(one.verdict == verdict for one in judged) for verdict in VERDICTS}
    caption = "Verdicts: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return Table(caption, ("id", "claim", "source", "verdict", *_NUMBERS), cells)


def short_table(judged: Sequence[Judged]) -> Table:
    """The same in few words, for a narrow page."""
    whole = verdict_table(judged)
    cells = [[one.claim.id, one.claim.title, one.verdict, *_numbers(one.headline)] for one in judged]
    return Table(whole.caption, ("id", "claim", "verdict", *_NUMBERS), cells)


def part_table(one: Judged) -> Table:
    """One row a part of a claim."""
    claim = one.claim
    caption = (
        f"{claim.statement} {claim.source}. Expected before the run: {claim.expected}. {claim.rule} parts must hold"
    )
    cells = [[part.part.text, _verdict(part), *_numbers(part)] for part in one.parts]
    return Table(caption, ("part", "verdict", *_NUMBERS), cells)


_NUMBERS = ("effect", "claimed", "detectable", "p adjusted", "seeds")


def _numbers(part: JudgedPart) -> list[str]:
    found = part.contrast
    return [
        columns.interval("effect")({"effect": part.effect, "effect_low": part.low, "effect_high": part.high}),
        f"{'>' if part.part.claimed == 'above' else '<'} {part.part.threshold:g}",
        columns.mean("found")({"found": part.detectable}),
        columns.probability("p")({"p": found.adjusted}),
        str(found.seeds),
    ]


def _verdict(part: JudgedPart) -> str:
    return "; ".join(filter(None, (part.verdict, part.contrast.note, part.contrast.warning)))


def to_markdown(judged: Sequence[Judged]) -> str:
    """Write all verdicts, then the parts of each claim."""
    parts = ["# Published claims, judged", "", *_lines(verdict_table(judged)), NOTE, ""]
    for one in judged:
        parts += [f"## {one.claim.id}: {one.verdict}", "", *_lines(part_table(one))]
    return "\n".join(parts)


def _lines(table: Table) -> list[str]:
    return [
        f"{markdown(table.caption)}.",
        "",
        "| " + " | ".join(table.columns) + " |",
        "|" + " --- |" * len(table.columns),
        *("| " + " | ".join(map(markdown, cells)) + " |" for cells in table.cells),
        "",
    ]


def to_json(judged: Sequence[Judged]) -> str:
    """Write `[{"id", "statement", "source", "verdict", "effect", "low", "high", ..., "parts"}]`."""
    return json.dumps([one.row() for one in judged], allow_nan=False, indent=1) + "\n"


def write_claims(judged: Sequence[Judged], folder: Path) -> list[Path]:
    """Write claims.md and claims.json into a folder, and return their paths.

    Raises:
        OSError: if the folder cannot be written to.
    """
    paths = []
    for name, text in (("claims.md", to_markdown(judged)), ("claims.json", to_json(judged))):
        write_whole(folder / name, text)
        paths.append(folder / name)
    return paths
