"""What tuning chose, on file. Free of torch."""

from pathlib import Path

from pydantic import ValidationError

from benchmark.errors import UsageError
from benchmark.reading import parse_json, read_bounded
from benchmark.running.cell import KnobValues
from benchmark.settings import Frozen

_MOST_BYTES = 2**24


class Tuned(Frozen):
    """What tuning chose for a method on a task.

    Attributes:
        version: of the method.
        quality: of the choice by the selection signal, free-running quality on validation data.
        default_quality: of the suite's own settings; None where they failed.
    """

    task: str
    model: str
    baseline: str
    version: str
    knobs: KnobValues
    learning_rate: float
    trials: int
    seeds: tuple[int, ...]
    quality: float
    default_quality: float | None


def load_tuned(path: Path) -> tuple[Tuned, ...]:
    """Read what `ebb tune` wrote.

    Raises:
        UsageError: if the file is not there or is something else.
    """
    try:
        return tuple(Tuned.model_validate(entry) for entry in parse_json(read_bounded(path, _MOST_BYTES, follow=True)))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}; `ebb tune` makes it") from None
    except (ValueError, TypeError, ValidationError) as error:
        raise UsageError(f"{path} is not what `ebb tune` writes: {str(error).splitlines()[0]}") from None
