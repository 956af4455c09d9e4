"""What can go wrong in ways that have a name: usage, a cell that cannot be run, a cell that diverged."""

from collections.abc import Iterable
from difflib import get_close_matches


class UsageError(Exception):
    """A mistake the user can mend. Shown as its message alone, with exit code 2."""


class NotApplicable(Exception):
    """A cell that has no meaning here, for example a method that needs a reward on a task without one."""


class Diverged(Exception):
    """Training left the finite numbers."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Build the error for a name that nothing answers to: the nearest name first, then all known ones."""
    known = sorted(known)
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return UsageError(f"unknown {kind} {name!r}{hint} Known: {', '.join(known) or 'none'}")
