"""The trials of `ebb tune` on file: a line of JSON each, read as data from anyone is. Free of torch."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from benchmark.errors import UsageError
from benchmark.fields import LARGEST, Count, Number, Text
from benchmark.reading import Refused, parse_json, read_bounded
from benchmark.running.cell import KnobValues
from benchmark.running.store import write_whole
from benchmark.settings import Frozen

MOST_BYTES = 2**24
"""Of a study's file: more than ten thousand trials."""


class Trial(Frozen):
    """How a trial ended.

    Attributes:
        study: what trials of one study share, as canonical JSON.
        seeds: of the trainings whose mean quality it is.
        quality: None where one of them failed; then `reason` says why.
    """

    study: Text
    knobs: KnobValues
    learning_rate: Annotated[float, Field(gt=0, le=LARGEST)]
    seeds: Annotated[list[Count], Field(min_length=1, max_length=1_000)]
    quality: Number | None
    reason: Text


def read_trials(path: Path) -> list[dict[str, Any]]:
    """Read the trials of a study, none where there is no file; a last line that was not written to its end is cut off.

    Raises:
        UsageError: if a line is no trial, or the file is none that may be read.
    """
    try:
        content = read_bounded(path, MOST_BYTES)
    except FileNotFoundError:
        return []
    except (Refused, OSError) as problem:
        raise _unusable(path, problem) from None
    whole = content[: content.rfind(b"\n") + 1]
    trials = [_parse(line, f"{path}, line {number}") for number, line in enumerate(whole.split(b"\n")[:-1], 1)]
    if whole != content:
        write_whole(path, whole)  # the next trial begins a line
    return trials


def _parse(line: bytes, where: str) -> dict[str, Any]:
    try:
        content = parse_json(line)
        Trial.model_validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _unusable(where, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except Refused as problem:
        raise _unusable(where, problem) from None
    return content


def _unusable(where: Path | str, problem: object) -> UsageError:
    return UsageError(
        f"{where} holds no trials of `ebb tune`: {str(problem)[:300]!a}; "
        "move the file away, and its trials are run again"
    )
