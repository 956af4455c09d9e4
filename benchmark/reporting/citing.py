"""What to cite: BibTeX of the suite and of papers, with a caption and the command that makes the result."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmark.reporting.escapes import plain

_HERE = Path(__file__).parents[1]


class Captioned(Protocol):
    """A figure, as far as a citation needs to know it."""

    @property
    def id(self) -> str:
        """Its stable name."""
        ...

    @property
    def question(self) -> str:
        """What it answers."""
        ...

    @property
    def caption(self) -> str:
        """How to read it."""
        ...


@dataclass(frozen=True)
class Citation:
    """What `ebb cite` prints.

    Attributes:
        kind: "suite", "task", "baseline" or "figure".
        caption: one paragraph, to stand under a figure or a table.
        command: makes the result.
        entries: BibTeX, each paper once, the suite last.
    """

    kind: str
    name: str
    caption: str
    command: str
    entries: tuple[str, ...]


def to_bibtex(citations: Sequence[Citation]) -> str:
    """Write a BibTeX file: each entry once, below comments that hold captions and commands."""
    about = [
        line
        for found in citations
        for line in (f"{found.kind} {found.name}", f"caption: {found.caption}", f"made by: {found.command}")
    ]
    comments = [f"% {plain(line).replace('@', '(at)')}" for line in about]  # BibTeX reads an @ even here
    papers = dict.fromkeys(entry for found in citations for entry in found.entries)
    return "\n".join([*comments, "", *papers]) + "\n"


def suite_entry() -> str:
    """BibTeX of the suite, from CITATION.cff."""
    found = _citation_file()
    return (
        f"@misc{{ebb,\n  title = {{{found['title']}}},\n  author = {{{{{found['name']}}}}},\n"
        f"  howpublished = {{Software, version {found['version']}}}, year = {{{found['date-released'][:4]}}},\n"
        f"  url = {{{found['repository-code']}}}\n}}"
    )


def suite_citation() -> Citation:
    """How to cite the suite itself."""
    return Citation("suite", "ebb", _citation_file()["abstract"], "ebb run full", (suite_entry(),))


def cite_figure(figure: Captioned, folder: Path, papers: Iterable[str]) -> Citation:
    """How to cite a figure of a folder of results, with the papers of the tasks and methods that it shows."""
    caption = f"{figure.question} {figure.caption}"
    return Citation("figure", figure.id, caption, f"ebb report {folder}", with_suite(papers))


def with_suite(papers: Iterable[str]) -> tuple[str, ...]:
    """BibTeX of papers, each once, and of the suite; a method or task that cites nothing adds nothing."""
    entries = (entry for text in papers for entry in split(text))
    return (*dict.fromkeys(entries), suite_entry())


def split(bibtex: str) -> Sequence[str]:
    """Split BibTeX into its entries."""
    return [entry.strip() for entry in re.split(r"^(?=@)", bibtex, flags=re.MULTILINE) if entry.strip()]


def _citation_file() -> dict[str, str]:
    """The one-line values of CITATION.cff, and those that are folded below `>-`; a list's item as if it were none."""
    places = (_HERE / "CITATION.cff", _HERE.parent / "CITATION.cff")  # in a wheel, in a checkout
    text = next(place for place in places if place.exists()).read_text(encoding="utf-8")
    text = re.sub(r">-\n((?:  .*\n)+)", lambda match: " ".join(match[1].split()) + "\n", text)
    return {
        name: value.strip().strip('"') for name, value in re.findall(r"^(?:  - )?([\w-]+):(.+)$", text, re.MULTILINE)
    }
