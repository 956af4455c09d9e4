"""`ebb check`: does a plugin keep its promises?"""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from benchmark.checking.conformance import Verdict

_STYLES = {"passed": "green", "failed": "bold red", "not applicable": "dim"}


def check(
    *names: str,
    plugin: list[Path] | None = None,
    models: list[str] | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Check tasks, baselines and models: does each keep its promises? Exit code 1 if a check fails.

    A task is asked about layout, lengths, randomness, splits, oracles, controls and speed; a baseline whether the same
    seed gives the same weights, training resumes, reductions hold, knobs are alive, budgets are honest and no test data
    are reached; a model whether its two paths agree.

    Examples:

        ebb check copycat_tagging scheduled_sampling gru
        ebb check --plugin mine.py mine --models lstm

    Args:
        names: tasks, baselines or models; all that can be had here if none is named.
        plugin: a plugin file, or the TOML file of own data; may be given more than once.
        models: on which baselines are tried, gru and transformer if not given; may be given more than once.
        as_json: print `[{"plugin", "check", "outcome", "detail"}]`.
    """
    from benchmark.checking.plugins import MODELS, check_plugin
    from benchmark.contracts.registry import KINDS, Registry

    registry = Registry(plugin or ())
    chosen = names or tuple(entry.name for kind in KINDS for entry in registry.of(kind) if not entry.reason)
    found: list[dict[str, Any]] = []
    for name in chosen:
        for title, verdicts in check_plugin(registry, name, tuple(models or MODELS)):
            found += [{"plugin": title} | asdict(verdict) for verdict in verdicts]
            if not as_json:
                _print(title, verdicts)
    counts = Counter(line["outcome"] for line in found)
    if as_json:
        print(json.dumps(found, indent=1))
    elif len(chosen) > 1:
        print(f"{len(found)} checks: {_count(counts)}")
    return int(counts["failed"] > 0)


def _count(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _STYLES if counts[outcome])


def _print(title: str, verdicts: "list[Verdict]") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.print(Text(title, "bold"))
    for verdict in verdicts:
        detail = f": {verdict.detail}" if verdict.detail else ""
        style = "" if verdict.outcome == "failed" else "dim"
        mark = (f"  {verdict.outcome:<15}", _STYLES[verdict.outcome])
        console.print(Text.assemble(mark, verdict.check, (detail, style)), soft_wrap=True)
    counts = Counter(verdict.outcome for verdict in verdicts)
    console.print(f"  {len(verdicts)} checks: {_count(counts)}\n")
