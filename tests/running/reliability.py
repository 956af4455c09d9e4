"""Make the tables of docs/reliability.md from runs: `python -m tests.running.reliability --tries 3`.

What befalls the machine takes root, the extras `ray` and `slurm`, and the packages that `one_node_slurm.sh` names.
"""

import argparse
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from benchmark.contracts.registry import Registry
from benchmark.running.record import Record
from benchmark.running.worker import run_cell
from tests.running import machine_faults
from tests.running.command import Run, still_there, sweep_of
from tests.running.faults import FAULTS, healthy, misbehaving, numbers, orphans, sweep_among_healthy

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
GOOD = 10
KILLS = 60


def cell_faults(tries: int, alone: dict[str, tuple]) -> Iterator[list[str]]:
    """A row for each fault of a cell among ten healthy ones."""
    for name, fault in FAULTS.items():
        kept, lost, left, seconds, statuses = 0, 0, 0, [], set()
        for _ in range(tries):
            with tempfile.TemporaryDirectory() as folder:
                store, sweep = sweep_among_healthy(Path(folder), [name], GOOD)
                stored = {cell.key: store.load(cell) for cell in [*healthy(GOOD), misbehaving(name)]}
            whole = {key: record for key, record in stored.items() if isinstance(record, Record)}
            kept += sum(key in whole and numbers(whole[key]) == figures for key, figures in alone.items())
            lost += GOOD + 1 - len(whole)
            left += len(orphans())
            bad = next(record for record in sweep.made if record.cell.key == misbehaving(name).key)
            seconds.append(bad.spent["cell_wall_seconds"])
            statuses.add(bad.status)
        row = [fault.what, str(tries), " ".join(statuses), f"{kept} of {GOOD * tries}", str(lost), str(left)]
        yield [*row, f"{statistics.median(seconds):.1f}"]


def run_faults(tries: int) -> Iterator[list[str]]:
    """A row for each way to end a run of ten cells at random moments, before it is let to its end."""
    ways: dict[str, Callable[[Run], None]] = {
        "SIGKILL": lambda run: run.process.kill(),
        "SIGTERM": lambda run: run.process.terminate(),
        "Ctrl-C": lambda run: run.process.send_signal(signal.SIGINT),
        "Ctrl-C twice": interrupt_twice,
    }
    for name, end in ways.items():
        yield [f"run ended by {name}", *_ended_at_random(end, tries)]


def interrupt_twice(run: Run) -> None:
    """Press Ctrl-C, and again when nothing seems to happen."""
    for _ in range(2):
        run.process.send_signal(signal.SIGINT)
        time.sleep(0.2)


def _ended_at_random(end: Callable[[Run], None], tries: int) -> list[str]:
    moments, lost, again, left, seconds = random.Random(1), 0, 0, 0, []
    finished, before = 0, 0
    for _ in range(tries):
        with tempfile.TemporaryDirectory() as folder:
            run = sweep_of(healthy(GOOD), Path(folder))
            records = moments.randrange(GOOD)
            run.wait_until(lambda run=run, records=records: len(run.records()) >= records)
            time.sleep(moments.uniform(0, 0.5))
            started, began = (run.descendants() if run.process.poll() is None else []), time.monotonic()
            end(run)
            run.errors()
            left += len(still_there(started))
            seconds.append(time.monotonic() - began)
            made = run.records()
            lost += len(made) - sum(isinstance(run.store.load(cell), Record) for cell in healthy(GOOD))
            sweep_of(healthy(GOOD), Path(folder)).errors()
            again += sum(run.records()[path] != content for path, content in made.items())
            before, finished = before + len(made), finished + len(run.records())
    row = [str(tries), str(before), f"{finished} of {GOOD * tries}", str(lost), str(again), str(left)]
    return [*row, f"{statistics.median(seconds):.1f}"]


def killed_again_and_again(kills: int) -> Iterator[list[str]]:
    """A row: a run is killed so many times, each on the folder that the last one left, or a new one if that is done."""
    moments, outcomes, left, seconds, done = random.Random(7), list[machine_faults.Outcome](), 0, list[float](), 0
    with tempfile.TemporaryDirectory() as name:
        for _ in range(kills):
            run = sweep_of(healthy(GOOD), Path(name, str(done)))
            former, more = run.records(), moments.randrange(4)
            while len(run.records()) < len(former) + more and run.process.poll() is None:
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 1 if more else 6))
            made = run.records() | former
            started, began = (run.descendants() if run.process.poll() is None else []), time.monotonic()
            run.process.kill()
            run.errors()
            left += len(still_there(started))
            seconds.append(time.monotonic() - began)
            outcomes.append(machine_faults.count(run.store, made, GOOD, 0, 0))
            done += outcomes[-1].finished == GOOD
        last = sweep_of(healthy(GOOD), Path(name, str(done)))
        last.errors()
        finished = f"{GOOD * done + len(last.records())} of {GOOD * (done + 1)}"
    before, lost, again = (sum(getattr(one, part) for one in outcomes) for part in ("before", "lost", "again"))
    row = ["run killed again and again at random moments", str(kills), str(before), finished, str(lost), str(again)]
    yield [*row, str(left), f"{statistics.median(seconds):.1f}"]


def table(head: Sequence[str], rows: Iterator[list[str]]) -> str:
    """Lay out rows in Markdown, and show each as it is made."""
    lines = [head, ["---"] * len(head)]
    for row in rows:
        print(*row, sep=" | ", flush=True)
        lines.append(row)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def put(page: Path, name: str, text: str) -> None:
    """Replace a marked part of a page."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    page.write_text(before + begin + text + end + rest.partition(end)[2], encoding="utf-8")


def of_cells(tries: int) -> None:
    alone = {cell.key: numbers(run_cell(cell, Registry())) for cell in healthy(GOOD)}
    head = ["the cell", "tries", "status", "healthy cells kept", "records lost", "processes left", "seconds to status"]
    put(PAGE, "faults of a cell", table(head, cell_faults(tries, alone)))


def of_runs(tries: int) -> None:
    head = ["fault", "tries", "records at that moment", "records in the end", "lost", "made twice", "processes left"]
    put(PAGE, "faults of a run", table([*head, "seconds to the end"], run_faults(tries)))


def of_machines(tries: int) -> None:
    head = ["fault", "tries", "records at that moment", "records in the end", "lost", "made twice", "processes left"]
    rows = chain(machine_faults.rows(tries), killed_again_and_again(KILLS))
    put(PAGE, "faults of a machine", table([*head, "seconds to the end"], rows))


_TABLES = {"cell": of_cells, "run": of_runs, "machine": of_machines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--only", choices=tuple(_TABLES))
    arguments = parser.parse_args()
    for name in [arguments.only] if arguments.only else _TABLES:
        _TABLES[name](arguments.tries)


if __name__ == "__main__":
    main()
