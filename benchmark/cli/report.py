"""`ebb report`: everything that a paper cites, from a folder of records."""

import sys
from pathlib import Path
from typing import Literal

from benchmark.cli.board import stored_records
from benchmark.errors import UsageError


def report(
    folder: Path,
    *,
    out: Path | None = None,
    venue: str = "",
    formats: list[Literal["pdf", "svg", "png"]] | None = None,
    plugin: list[Path] | None = None,
) -> int:
    """Write boards, figures, numbers, a page and a manifest of records; the same records give the same bytes.

    The page, index.html, is one file that needs no network: a leaderboard to sort and filter, every task and method.

    Args:
        folder: where `ebb run` put its records, and `ebb throughput` its throughput.json if it is to be shown.
        out: where the report goes; the folder itself if not given.
        venue: whose column, page and text sizes figures have, such as icml2024 (the extra `paper`); one column of 3.3
            inches if not given.
        formats: kinds of file in which figures are drawn; all three if not given.
        plugin: a file with tasks or methods of the records, of which the page is to tell; may be given more than once.
    """
    from benchmark.cli.about import about
    from benchmark.reporting.figures.style import KINDS
    from benchmark.reporting.report import write_report
    from benchmark.running.store import make_writable

    records, out, kinds = stored_records(folder), out or folder, formats or KINDS
    make_writable(out)
    try:
        written = write_report(records, folder, out, venue, about(folder, records, plugin or ()), kinds)
    except OSError as error:
        raise UsageError(f"cannot write the report to {out}: {error.strerror or error}") from None
    for name, reason in written.skipped.items():
        print(f"figure {name} skipped: {reason}", file=sys.stderr)
    print(f"written to {out}: {len(written.paths)} files, listed with their hashes in {written.manifest.name}")
    ends = " ".join(f".{kind}" for kind in (*kinds, "csv", "json"))
    print(f"index.html; boards (.md .tex .csv .json); numbers.tex; figures ({ends}):")
    print("  " + " ".join(written.figures))
    return 0
