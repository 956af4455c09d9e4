"""`ebb calibrate`: every instrument against an answer that is known."""

import json
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter


def calibrate(*, as_json: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Hold the instruments against closed forms and simulations; exit code 1 if any of them is off.

    Args:
        as_json: print `[{"instrument", "truth", "measured", "error", "tolerance", "verdict"}]`.
    """
    from benchmark.checking.calibration import GROUPS

    checks = [check for group in GROUPS for check in group()]
    if as_json:
        print(json.dumps([asdict(check) | {"verdict": check.verdict} for check in checks], indent=1))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("instrument", "truth", "measured", "error", "tolerance", "verdict", box=None, pad_edge=False)
        for check in checks:
            tolerance = "-" if check.tolerance is None else f"{check.tolerance:.1e}"
            style = {"off": "bold red", "shown": "dim"}.get(check.verdict, "")
            numbers = (f"{check.truth:.4f}", f"{check.measured:.4f}", f"{check.error:.1e}", tolerance)
            table.add_row(check.instrument, *numbers, check.verdict, style=style)
        console = Console(width=140)
        console.print(table)
        off = sum(check.verdict == "off" for check in checks)
        judged = sum(check.verdict != "shown" for check in checks)
        console.print(
            f"\n{judged - off} of {judged} checks hold; {len(checks) - judged} figures are shown without a bound"
        )
    return int(any(check.verdict == "off" for check in checks))
