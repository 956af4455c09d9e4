"""`ebb run`: run the cells of a suite that are missing, then print the board."""

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from benchmark.cli.board import print_board, report_damaged, write_reports, written
from benchmark.cli.selection import Positive, Selection
from benchmark.errors import UsageError
from benchmark.settings import Device

if TYPE_CHECKING:
    from benchmark.running.runner import Sweep

Retried = Literal["diverged", "timeout", "oom", "error", "killed"]


def run(
    suite: str = "quick",
    *,
    selection: Selection | None = None,
    jobs: Annotated[int | None, Positive] = None,
    timeout: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    memory: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    checkpoint: Annotated[float, Parameter(validator=Number(gte=0))] = 60,
    engine: Literal["local", "ray", "slurm"] = "local",
    address: str | None = None,
    gpus: Annotated[float | None, Parameter(validator=Number(gte=0))] = None,
    ranks: Annotated[int, Positive] = 1,
    out: Path | None = None,
    retry: list[Retried] | None = None,
    force: bool = False,
    track: list[str] | None = None,
) -> int:
    """Run the cells of a suite that are not stored yet; write and print the leaderboard.

    Examples:

        ebb run
        ebb run smoke --jobs 1
        ebb run --tasks copycat_tagging --models gru --seeds 5 --updates 800
        ebb run --baselines scheduled_sampling:schedule=linear,end=0.25 --baselines teacher_forcing

    Exit code: 0 all cells ok or not applicable, 1 some cell failed (listed at the end), 2 usage, 130 interrupted,
    143 terminated. Ctrl-C lets running cells finish; a second one stops at once.

    Args:
        suite: smoke, quick or full.
        selection: which cells.
        jobs: cells at a time, each with one thread; one per core of this machine if not given.
        timeout: seconds a cell may take.
        memory: GB that a cell may allocate, about 0.3 of it for the program itself; no limit if not given.
        checkpoint: seconds between two savings of a cell's training, from which it goes on after it was stopped.
        engine: local processes, ray (the extra `ray`) or a job array of slurm (the extra `slurm`).
        address: of a running Ray cluster, "auto" for that of this machine; without it Ray is started here.
        ranks: processes that share the training of each cell; its numbers are then those of one process to rounding.
        gpus: of a cell, by ray or slurm; with ray a fraction shares one; with --device cuda one a rank if not given.
        out: folder for records, board and figure; results/runs/SUITE if not given.
        retry: run cells again that ended with this status.
        force: run all cells again, whatever is stored.
        track: a tracker for the figures of training, beside the JSON lines in OUT/logs: tensorboard, wandb (extras of
            these names), or one that a package announces; may be given more than once.
    """
    from benchmark.running.engines.choice import make_engine
    from benchmark.running.engines.engine import Terms
    from benchmark.running.lock import locked
    from benchmark.running.manifest import write_manifest
    from benchmark.running.runner import Sweep, run_jobs, sort_out
    from benchmark.running.sources import source_hashes
    from benchmark.running.store import Store
    from benchmark.running.suites import find_suite
    from benchmark.running.trackers.tracking import find_tracker

    chosen, selection = find_suite(suite), selection or Selection()
    folder = out or Path("results/runs") / suite
    for name in track or ():
        find_tracker(name)  # before anything is computed
    devices = local_devices(selection.device) if engine == "local" else ()
    if gpus is None:
        gpus = ranks if selection.device == "cuda" and engine != "local" else 0
    planned = selection.jobs(suite)
    store = Store(folder)
    store.prepare()
    terms = Terms(
        timeout or chosen.timeout,
        plugin_files(selection.plugin),
        memory=memory,
        checkpoints=str(store.checkpoints.resolve()),
        interval=checkpoint,
        logs=str(store.logs.resolve()),
        track=tuple(track or ()),
        gpus=gpus,
        ranks=ranks,
    )
    with locked(folder):
        sweep, to_do = (Sweep(), planned) if force else sort_out(planned, store, frozenset(retry or ()))
        report_damaged(sweep.damaged)
        _announce(len(planned), len(to_do), folder)
        if to_do:
            from benchmark.cli.progress import reporter

            made = make_engine(engine, terms, jobs or cores(), folder, address, devices if ranks == 1 else ())
            with reporter() as report:
                run_jobs(to_do, store, sweep, made, report)
        cells = [job.cell for job in planned]
        write_manifest(store, cells, source_hashes(selection.registry(), cells))
        if sweep.records:
            print_board(*write_reports(folder))
    return _close(sweep, folder)


def local_devices(device: Device) -> tuple[str, ...]:
    """Number the GPUs of this machine, none for the CPU.

    Raises:
        UsageError: where there is none of the kind asked for.
    """
    if device == "cpu":
        return ()
    import torch

    if not torch.cuda.is_available():
        raise UsageError("torch finds no CUDA device here, so --device cuda cannot be used; leave it out for the CPU")
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return tuple(seen.split(",")) if seen else tuple(map(str, range(torch.cuda.device_count())))


def plugin_files(files: list[Path] | None) -> tuple[str, ...]:
    """Name plugin files so that they are found from anywhere."""
    return tuple(str(file.resolve()) for file in files or ())


def cores() -> int:
    """Physical cores, or fewer where this process may not use them all."""
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(psutil.cpu_count(logical=False) or allowed, allowed)


def _announce(planned: int, to_do: int, folder: Path) -> None:
    stored = planned - to_do
    kept = f", {stored} stored already" if stored else ""
    print(f"{planned} cells{kept}; records in {folder}/records", file=sys.stderr)


def _close(sweep: "Sweep", folder: Path) -> int:
    """List what failed and return the exit code."""
    failed = [record for record in sweep.records if record.status not in ("ok", "not_applicable")]
    for record in failed:
        print(f"failed: {record.cell.id}: {record.status}: {record.reason}", file=sys.stderr)
    absent = {
        f"{record.cell.task.name}: {record.reason}" for record in sweep.records if record.status == "not_applicable"
    }
    for line in sorted(absent):
        print(f"not applicable: {line}", file=sys.stderr)
    if sweep.stopped:
        print(
            f"stopped by {signal.Signals(sweep.stopped).name}: {len(sweep.made)} cells were finished and are stored; "
            "the same command goes on from here",
            file=sys.stderr,
        )
        return 128 + sweep.stopped
    if failed:
        print(
            f"{len(failed)} of {len(sweep.records)} cells failed; tracebacks are in the records, and "
            f"`--retry {failed[0].status}` runs such cells again",
            file=sys.stderr,
        )
        return 1
    print(written(folder), file=sys.stderr)
    if sweep.overhead is not None:
        print(f"{sweep.overhead:.1%} of CPU time went into neither updates nor evaluation", file=sys.stderr)
    return 0
