"""`ebb agreement`: do two folders of results rank methods alike?"""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from benchmark.cli.board import stored_records
from benchmark.cli.console import inert, wide_console


def agreement(folder: Path, other: Path, *, as_json: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Say how far two folders agree in the order of methods: Kendall's tau for each task, and its mean.

    For a cheap tier against the reference, or for results of two machines. Methods are those that both have, at equal
    updates; 1 is the same order, -1 the reverse.

    Examples:

        ebb agreement results/runs/quick results/reference

    Args:
        folder: of results.
        other: of results.
        as_json: print `{"rows": [{"task", "model", "first", "second", "tau", "cells_in_both"}], "mean_tau"}`.
    """
    from benchmark.reporting.agreement import agreement as agree
    from benchmark.reporting.agreement import mean_tau
    from benchmark.reporting.board import AsNeeded
    from benchmark.reporting.columns import number

    rows = agree(stored_records(folder, AsNeeded()), stored_records(other, AsNeeded()))
    whole = mean_tau(rows)
    if as_json:
        print(json.dumps({"rows": rows, "mean_tau": whole}, indent=1))
        return 0
    from rich.table import Table

    table = Table(title=inert(f"{folder} against {other}"), title_justify="left")
    for title in ("task", "model", "best first in the first", "best first in the second", "cells in both", "tau"):
        table.add_column(title, justify="right" if title in ("tau", "cells in both") else "left")
    for row in rows:
        orders = [", ".join(row[name]) for name in ("first", "second")]
        tau = "tied" if row["tau"] is None else number(row["tau"])
        table.add_row(*map(inert, (row["task"], row["model"], *orders, str(row["cells_in_both"]), tau)))
    wide_console().print(table)
    print(f"mean of Kendall's tau over {len(rows)} tasks: {'none' if whole is None else number(whole)}")
    return 0
