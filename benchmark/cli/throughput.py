"""`ebb throughput`: tokens per second of the parallel and the step-wise training paths."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from benchmark.cli.selection import Positive

TrainingPath = Literal[
    "scheduled_sampling_two_phase",
    "scheduled_sampling_passes",
    "scheduled_sampling_stepwise",
    "reinforce",
    "generation",
    "torch_training",
    "transformers_training",
    "transformers_generation",
    "x_transformers_training",
    "x_transformers_generation",
    "trl_reinforce",
]


def throughput(
    *,
    models: list[str] | None = None,
    lengths: list[Annotated[int, Positive]] | None = None,
    batches: list[Annotated[int, Positive]] | None = None,
    tokens: Annotated[int, Positive] = 8192,
    paths: list[TrainingPath] | None = None,
    repeats: Annotated[int, Positive] = 3,
    peers: bool = False,
    plugin: list[Path] | None = None,
    out: Path = Path("results/runs/throughput"),
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Time one update of each training path, and generation, against sequence length; on one thread.

    Candidates are interleaved and medians of process-CPU time reported, so that ratios within one run can be quoted.

    Args:
        models: these models only; may be given more than once.
        lengths: sequence lengths; 32, 128, 512 and 1024 if not given.
        batches: sequences per update; may be given more than once.
        tokens: tokens per update where no batch is given: as many sequences as make them up.
        paths: these paths only; may be given more than once. Teacher forcing, the reference, is timed always.
        repeats: timed updates of each path, after one that is not counted.
        peers: time other implementations of the same size beside the suite's transformer: a GPT in plain torch, and
            Hugging Face transformers, x-transformers and TRL where they are installed (extra `peers`).
        plugin: a file with a model; may be given more than once.
        out: folder for throughput.json and figures.
        as_json: print the rows as JSON and nothing else.
    """
    for variable, level in (("KINETO_LOG_LEVEL", "99"), ("TORCH_CPP_LOG_LEVEL", "ERROR")):
        os.environ.setdefault(variable, level)  # read by torch, whose profiler would print lines of its own
    from benchmark.checking.peers import missing_peers
    from benchmark.checking.throughput import Plan, measure
    from benchmark.contracts.registry import Registry
    from benchmark.reporting.throughput import aims, print_throughput, write_throughput
    from benchmark.running.store import make_writable

    make_writable(out)
    for peer, packages in missing_peers().items() if peers else ():
        print(f"skipped: {peer}, for want of {packages}", file=sys.stderr)
    registry = Registry(plugin or ())
    names = models or [entry.name for entry in registry.of("models") if not entry.reason]
    plan = Plan(lengths or (32, 128, 512, 1024), batches or (), tokens, repeats, tuple(paths or ()), peers)
    rows = measure(
        [registry.model(name) for name in names], plan, report=lambda line: print(line, file=sys.stderr, flush=True)
    )
    figures = write_throughput(rows, out, command=" ".join(["ebb throughput", *sys.argv[2:]]))
    if as_json:
        print(json.dumps({"rows": rows, "aims": aims(rows)}, indent=1))
    else:
        print_throughput(rows)
        drawn = ", ".join(sorted({path.stem for path in figures}))
        print(f"\nwritten: {out}/throughput.json; {out}/figures: {drawn}")
    return 0
