"""`ebb report`: everything that a paper cites, from a folder of records."""

import sys
from pathlib import Path

from benchmark.cli.board import stored_records
from benchmark.errors import UsageError


def report(folder: Path, *, out: Path | None = None, venue: str = "") -> int:
    """Write boards, figures, numbers and a manifest of a folder of records; the same records give the same bytes.

    Args:
        folder: where `ebb run` put its records, and `ebb throughput` its throughput.json if it is to be shown.
        out: where the report goes; the folder itself if not given.
        venue: whose column, page and text sizes figures have, such as icml2024 (the extra `paper`); one column of 3.3
            inches if not given.
    """
    from benchmark.reporting.report import write_report
    from benchmark.running.store import make_writable

    records, out = stored_records(folder), out or folder
    make_writable(out)
    try:
        written = write_report(records, folder, out, venue)
    except OSError as error:
        raise UsageError(f"cannot write the report to {out}: {error.strerror or error}") from None
    for name, reason in written.skipped.items():
        print(f"figure {name} skipped: {reason}", file=sys.stderr)
    print(f"written to {out}: {len(written.paths)} files, listed with their hashes in {written.manifest.name}")
    print("boards (.md .tex .csv .json); numbers.tex; figures (.pdf .svg .png .csv .json):")
    print("  " + " ".join(written.figures))
    return 0
