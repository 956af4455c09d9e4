"""`ebb show`: what a task is, three examples, and a picture of its data."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from benchmark.errors import UsageError


def show(
    task: str,
    *,
    seed: int = 0,
    plugin: list[Path] | None = None,
    out: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Show a task: what it probes, its controls and licence, three examples, and a figure of lengths and a sample.

    Examples:

        ebb show copycat_tagging
        ebb show mine --plugin mine.toml

    Args:
        task: its name.
        seed: which examples.
        plugin: a plugin file, or the TOML file of own data; may be given more than once.
        out: folder of the figure; the working directory if not given.
        as_json: print what is shown as JSON and nothing else.
    """
    from benchmark.contracts.registry import Registry
    from benchmark.measuring.showing import show as gather
    from benchmark.reporting.showing import draw_task, task_lines
    from benchmark.running.store import make_writable

    chosen = Registry(plugin or ()).task(task)
    if reason := chosen.missing():
        raise UsageError(f"{task} {reason}")
    folder = out or Path.cwd()
    make_writable(folder)
    shown = asdict(gather(chosen(), seed))
    draw_task(shown, folder, command=f"ebb show {task} --seed {seed}")
    if as_json:
        print(json.dumps(shown["declared"] | {"examples": shown["examples"]}, indent=1))
        return 0
    from rich.console import Console

    console = Console()
    for line in task_lines(shown):
        console.print(line)
    print(f"\nwritten: {folder}/task_{task}.pdf .svg .png", file=sys.stderr)
    return 0
