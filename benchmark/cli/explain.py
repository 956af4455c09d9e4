"""`ebb explain`: every step from the raw record of a cell to its rank."""

import hashlib
import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from benchmark.cli.board import stored_records
from benchmark.cli.console import inert, wide_console
from benchmark.errors import UsageError


def explain(
    cell: str,
    *,
    results: Path = Path("results/runs/quick"),
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Show how a cell's record becomes its row on the board: every number that goes in, and every formula.

    Record, measures, mean and interval over seeds, contrast with teacher forcing, p adjusted over the board, rank on
    the task, figures over all tasks, and the row as `ebb board` prints it.

    Examples:

        ebb explain copycat_tagging/gru/reinforce/s0
        ebb explain copycat_tagging/gru/reinforce/s0 --results results/runs/smoke

    Args:
        cell: its readable id, the beginning of its key, or the file of its record.
        results: folder of the records; where CELL is a file, the folder that the file is in.
        as_json: print `{"file", "sha256", "steps": [{"name", "title", "figures", "lines"}]}`.
    """
    from benchmark.reporting.explanation import explain as follow
    from benchmark.reporting.explanation import find_record
    from benchmark.running.store import Store

    file = Path(cell)
    if file.is_file():
        results, name = _named_by(file)
    else:
        name = cell
    records = stored_records(results)
    record = find_record(records, name)
    path = Store(results).file_of(record)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    steps = follow(records, record)
    if as_json:
        content = {"file": str(path), "sha256": digest, "steps": [step._asdict() for step in steps]}
        print(json.dumps(content, allow_nan=False, indent=1))
        return 0
    console = wide_console()
    console.print(inert(f"file {path}"))
    console.print(inert(f"sha256 {digest}"))
    for number, step in enumerate(steps, 1):
        console.print()
        console.print(inert(f"{number}. {step.title}", "bold"))
        for line in step.lines:
            console.print(inert(f"   {line}"))
    return 0


def _named_by(file: Path) -> tuple[Path, str]:
    """The results folder that a record's file stands in, and the key of its cell.

    Raises:
        UsageError: if the file is no record, or in no folder `records`.
    """
    from benchmark.running.record import Record
    from benchmark.running.store import read_record

    found = read_record(file)
    if not isinstance(found, Record):
        raise UsageError(f"{file} is not a record: {found.reason}")
    folder = next((parent.parent for parent in file.resolve().parents if parent.name == "records"), None)
    if folder is None:
        raise UsageError(f"{file} is not below a folder `records`, so it has no board; name the cell and --results")
    return folder, found.cell.key
