"""`ebb claims`: published claims judged by the records of a folder."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from benchmark.cli.board import stored_records
from benchmark.cli.console import print_table, wide_console
from benchmark.errors import UsageError


def claims(
    folder: Path,
    names: list[str] | None = None,
    *,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Judge published claims by the records of a folder: SUPPORTED, REFUTED, MIXED or UNDERPOWERED.

    Each claim is declared with its source, effects, thresholds and directions; what the records do not hold is not
    judged. The table is written to FOLDER/claims.md and .json, the figure to FOLDER/figures/claims.

    Examples:

        ebb claims results/reference
        ebb claims results/reference C7 S1

    Args:
        folder: where `ebb run` put its records.
        names: ids of claims whose parts are shown one by one, such as C7; an overview of all if not given.
        as_json: print the claims as JSON and nothing else.
    """
    from benchmark.reporting.claims.writing import NOTE, part_table, to_json, verdict_table, write_claims
    from benchmark.reporting.figures.claims import CLAIMS_FIGURE
    from benchmark.reporting.figures.writing import write_figures
    from benchmark.reporting.report import stamp_of
    from benchmark.reporting.results import Results

    chosen = find_claims(names or [])
    records = stored_records(folder)
    results = Results.of(records, folder)
    judged = results.claims
    try:
        written = write_claims(judged, folder)
        drawn = write_figures(results, folder / "figures", [CLAIMS_FIGURE], stamp_of(results))
    except OSError as error:
        raise UsageError(f"cannot write the claims to {folder}: {error.strerror or error}") from None
    shown = [one for one in judged if one.claim.id in chosen] or judged
    if as_json:
        print(to_json(shown), end="")
        return 0
    console = wide_console()
    for table in [part_table(one) for one in shown] if chosen else [verdict_table(judged)]:
        print_table(console, table)
    console.print(NOTE, style="dim")
    print("\nwritten: " + " ".join(map(str, written + drawn.paths.get(CLAIMS_FIGURE.id, []))))
    for reason in drawn.skipped.values():
        print(f"figure claims skipped: {reason}", file=sys.stderr)
    return 0


def find_claims(names: list[str]) -> set[str]:
    """Return ids of claims, in whatever case they were written.

    Raises:
        UsageError: for an unknown id.
    """
    from benchmark.errors import unknown_name
    from benchmark.reporting.claims import CLAIMS

    known = {claim.id for claim in CLAIMS}
    for name in names:
        if name.upper() not in known:
            raise unknown_name("claim", name, known)
    return {name.upper() for name in names}
