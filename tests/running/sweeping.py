"""Run cells from a file of JSON lines into a folder, two at a time: `ebb run` without a plan and a board.

Arguments: the file, the folder, and an engine if it is not local processes.
"""

import sys
from pathlib import Path

from benchmark.running.cell import Cell
from benchmark.running.engines.choice import EngineName, make_engine
from benchmark.running.engines.engine import Terms
from benchmark.running.lock import locked
from benchmark.running.planning import Job
from benchmark.running.runner import run_jobs, sort_out
from benchmark.running.store import Store


def main(cells: Path, out: Path, engine: EngineName = "local") -> None:
    store = Store(out)
    store.prepare()
    jobs = [Job(Cell.model_validate_json(line), 1.0) for line in cells.read_text().splitlines()]
    with locked(out):
        sweep, to_do = sort_out(jobs, store)
        terms = Terms(60, checkpoints=str(store.checkpoints), interval=0)
        run_jobs(to_do, store, sweep, make_engine(engine, terms, 2, out))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), "slurm" if "slurm" in sys.argv else "local")
