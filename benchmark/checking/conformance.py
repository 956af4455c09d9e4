"""What `ebb check` finds: each check is a function of a plugin, and a failure names its likely cause."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from benchmark.errors import NotApplicable

P = TypeVar("P")

Outcome = Literal["passed", "failed", "not applicable"]


class Failed(Exception):
    """What a check found wrong, and what has most likely caused it."""


@dataclass(frozen=True)
class Verdict:
    """What became of one check.

    Attributes:
        check: what was asked, as a statement.
        detail: what was seen, what is wrong, or why the check does not apply.
    """

    check: str
    outcome: Outcome
    detail: str


Check = Callable[[P], str]
"""Returns what was seen; raises `Failed`, or `NotApplicable` with the reason."""


def verdicts(plugin: P, checks: Iterable[Check[P]]) -> Iterator[Verdict]:
    """Apply checks one by one; an exception of the plugin's own is a failure."""
    for check in checks:
        outcome, detail = apply(plugin, check)
        yield Verdict(statement(check), outcome, detail)


def apply(plugin: P, check: Check[P]) -> tuple[Outcome, str]:
    """Apply one check."""
    try:
        return "passed", check(plugin)
    except NotApplicable as reason:
        return "not applicable", str(reason)
    except Failed as failure:
        return "failed", str(failure)
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}"


def statement(check: Check[P]) -> str:
    """What a check asks: the first line of its documentation."""
    return (check.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def need(holds: bool, otherwise: str) -> None:
    """Raise `Failed` unless something holds."""
    if not holds:
        raise Failed(otherwise)
