"""`ebb check`: does a plugin keep its promises?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from benchmark.errors import UsageError

if TYPE_CHECKING:
    from benchmark.checking.conformance import Verdict

_STYLES = {"passed": "green", "failed": "bold red", "not applicable": "dim"}


def check(
    *names: str,
    plugin: list[Path] | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Check tasks: layout, lengths, randomness, splits, oracles, controls, speed; exit code 1 if a check fails.

    Examples:

        ebb check copycat_tagging
        ebb check --plugin mine.toml mine

    Args:
        names: tasks; all that can be had here if none is named.
        plugin: a plugin file, or the TOML file of own data; may be given more than once.
        as_json: print `[{"plugin", "check", "outcome", "detail"}]`.
    """
    from benchmark.contracts.registry import Registry

    registry = Registry(plugin or ())
    chosen = names or tuple(entry.name for entry in registry.of("tasks") if not entry.reason)
    found: list[dict[str, Any]] = []
    for name in chosen:
        verdicts = _verdicts(registry, name)
        found += [{"plugin": name} | asdict(verdict) for verdict in verdicts]
        if not as_json:
            _print(name, verdicts)
    if as_json:
        print(json.dumps(found, indent=1))
    return int(any(line["outcome"] == "failed" for line in found))


def _verdicts(registry: Any, name: str) -> "list[Verdict]":
    from benchmark.checking.conformance import verdicts
    from benchmark.checking.oracle_checks import ORACLE_CHECKS
    from benchmark.checking.task_checks import DATA_CHECKS

    task = registry.task(name)
    if reason := task.missing():
        raise UsageError(f"{name} {reason}")
    return list(verdicts(task(), (*DATA_CHECKS, *ORACLE_CHECKS)))


def _print(name: str, verdicts: "list[Verdict]") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.print(Text(name, "bold"))
    for verdict in verdicts:
        detail = f": {verdict.detail}" if verdict.detail else ""
        style = "" if verdict.outcome == "failed" else "dim"
        mark = (f"  {verdict.outcome:<15}", _STYLES[verdict.outcome])
        console.print(Text.assemble(mark, verdict.check, (detail, style)), soft_wrap=True)
    counts = {outcome: sum(verdict.outcome == outcome for verdict in verdicts) for outcome in _STYLES}
    console.print("  " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) + "\n")
