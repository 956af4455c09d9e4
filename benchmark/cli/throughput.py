"""`ebb throughput`: tokens per second of the parallel and the step-wise training paths."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Positive = Parameter(validator=Number(gte=1))


def throughput(
    *,
    models: list[str] | None = None,
    lengths: list[Annotated[int, Positive]] | None = None,
    tokens: Annotated[int, Positive] = 8192,
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
        lengths: sequence lengths; 32, 128 and 512 if not given.
        tokens: tokens per update; the batch is this over the length.
        repeats: timed updates of each path, after one that is not counted.
        peers: time Hugging Face transformers and x-transformers of the same size beside the suite's transformer, where
            they are installed (extra `peers`).
        plugin: a file with a model; may be given more than once.
        out: folder for throughput.json and figures/throughput.{pdf,svg,png}.
        as_json: print the rows as JSON and nothing else.
    """
    from benchmark.checking.peers import missing_peers
    from benchmark.checking.throughput import measure
    from benchmark.contracts.registry import Registry
    from benchmark.reporting.throughput import print_throughput, write_throughput
    from benchmark.running.store import make_writable

    make_writable(out)
    for package in missing_peers() if peers else ():
        print(f"skipped: {package} is not installed", file=sys.stderr)
    registry = Registry(plugin or ())
    names = models or [entry.name for entry in registry.of("models") if not entry.reason]
    rows = measure(
        [registry.model(name) for name in names],
        lengths or [32, 128, 512],
        tokens,
        repeats,
        report=lambda line: print(line, file=sys.stderr, flush=True),
        peers=peers,
    )
    write_throughput(rows, out, command=" ".join(["ebb throughput", *sys.argv[2:]]))
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        print_throughput(rows)
        print(f"\nwritten: {out}/throughput.json and figures/throughput.pdf .svg .png")
    return 0
