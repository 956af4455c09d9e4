"""Everything that a paper cites, from a folder of records: boards, figures, numbers and the hash of each file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.reporting.claims.writing import write_claims
from benchmark.reporting.figures.catalogue import FIGURES
from benchmark.reporting.figures.sheet import sheet_of
from benchmark.reporting.figures.style import KINDS
from benchmark.reporting.figures.writing import Stamp, write_figures
from benchmark.reporting.latex import to_latex, to_macros
from benchmark.reporting.results import Results
from benchmark.reporting.site import About, write_site
from benchmark.reporting.tables import write_board
from benchmark.running.manifest import list_files
from benchmark.running.record import Record
from benchmark.running.store import Store, write_whole


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        paths: every file but the manifest.
        figures: ids of those that were drawn.
        skipped: why a figure was not drawn, by id.
        manifest: its path.
    """

    paths: list[Path]
    figures: list[str]
    skipped: dict[str, str]
    manifest: Path


def stamp_of(results: Results, venue: str = "") -> Stamp:
    """Say where a report comes from: the command names the folder alone, so that it may lie anywhere."""
    options = f" --venue {venue}" if venue else ""
    return Stamp(results.run, results.commits, f"ebb report {results.name}{options}")


def write_report(
    records: Sequence[Record],
    folder: Path,
    out: Path,
    venue: str = "",
    about: About | None = None,
    kinds: Sequence[str] = KINDS,
) -> Report:
    """Write boards, figures, numbers.tex, the site and the manifest of a folder's records.

    Args:
        folder: where the records are; its name is that of the suite.
        out: where the report goes; may be the same.
        venue: whose sizes figures have, "" for one column of 3.3 inches.
        about: what is known of tasks and methods beyond the records, for the site.
        kinds: of file, in which figures are drawn.

    Raises:
        UsageError: for an unknown venue.
    """
    results = Results.of(records, folder)
    sheet, stamp = sheet_of(venue, results.methods), stamp_of(results, venue)
    rows, summary = results.rows, results.overall
    boards = out / "boards"
    boards.mkdir(parents=True, exist_ok=True)
    paths = write_board(rows, boards, summary, name=results.name)
    for path, text in (
        (boards / f"{results.name}.tex", to_latex(rows, summary, stamp)),
        (out / "numbers.tex", to_macros(rows, summary, FIGURES, stamp)),
    ):
        write_whole(path, text)
        paths.append(path)
    if any(one.verdict != "NOT JUDGED" for one in results.claims):
        paths += write_claims(results.claims, out)
    drawn = write_figures(results, out / "figures", FIGURES, stamp, sheet, kinds)
    paths += [path for files in drawn.paths.values() for path in files]
    paths.append(write_site(results, out / "index.html", stamp.command, about))
    return Report(paths, list(drawn.paths), drawn.skipped, list_files(Store(folder), out, paths))
