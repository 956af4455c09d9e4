"""A task from a user's own data, without code: a TOML file names a file of JSON lines and how it is read.

data = "spelling.jsonl"        # {"prompt": ..., "target": ...} a line
"""

import hashlib
import math
import random
import statistics
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from benchmark.contracts.corpus import split_by_hash
from benchmark.contracts.edits import edit_rate
from benchmark.contracts.lines import read_lines
from benchmark.contracts.own_pairs import OwnPairs, Pair, Symbols, key
from benchmark.contracts.task import Curve, Metric, Split
from benchmark.errors import UsageError
from benchmark.settings import Frozen

_WHOLE = "it needs a whole target; on gold prefixes there is a token error rate instead"
_GUESSES = 1000  # test examples on which chance is measured
_QUARTERS = 4  # of the examples by length: the buckets of the curve unless the file says otherwise


class OwnDataFile(Frozen):
    """What the TOML file says.

    Attributes:
        data: the file of JSON lines, relative to the TOML file.
        name: of the task; the TOML file's own name if not given.
        vocabulary: "characters"; "tokens", which stand between spaces or are listed in the data; or a list of tokens,
            outside of which nothing may occur.
        metric: the main one; the other is recorded beside it.
        held_out: share of the examples, by the hash of their prompt, for validation, and as much again for test.
        buckets: lengths of targets; the quarters of the examples if not given.
        trained: lengths of targets in training; those of all buckets but the last if not given.
    """

    data: str
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = ""
    summary: str = "Own data"
    vocabulary: Literal["characters", "tokens"] | tuple[str, ...] = "characters"
    metric: Literal["edit distance", "exact match"] = "edit distance"
    decoding: Literal["greedy", "sample"] = "greedy"
    held_out: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    trained: tuple[int, int] | None = None
    buckets: tuple[tuple[int, int], ...] | None = None
    citation: str = "@misc{own, title = {Own data}}"
    licence: str = "not stated"


def task_of_file(path: Path) -> type[OwnPairs]:
    """Make a task of a TOML file and the data that it names.

    Raises:
        UsageError: if either file is not there or damaged, or a bucket of the curve has no held-out example.
    """
    declared = _read_declaration(path)
    data = path.parent / declared.data
    pairs = read_lines(data, lambda line: _pair(line, declared))
    splits: dict[Split, list[Pair]] = {"train": [], "validation": [], "test": []}
    for pair in pairs:
        splits[split_by_hash(repr(key(pair)), declared.held_out)].append(pair)
    curve = _curve(declared, pairs)
    _check_buckets(data, curve, splits)
    unit = "characters" if declared.vocabulary == "characters" else "tokens"
    edits = Metric(f"{unit[:-1]} error rate", f"edits per gold {unit[:-1]}", "lower", 0.0, None, _WHOLE)
    exact = Metric("exact match", "share of targets", "higher", 0.0, 1.0, _WHOLE)
    main, other = (edits, exact) if declared.metric == "edit distance" else (exact, edits)
    content = hashlib.sha256(path.read_bytes() + data.read_bytes()).hexdigest()[:16]
    attributes = {
        "__doc__": declared.summary,
        "name": declared.name or path.stem,
        "edition": f"data:{content}",
        "metric": main,
        "further_metrics": (other,),
        "curve": curve,
        "decoding": declared.decoding,
        "floor": _chance(splits["test"]) if main is edits else 0.0,
        "ceiling": 0.0 if main is edits else 1.0,
        "citation": declared.citation,
        "licence": declared.licence,
        "splits": splits,
    }
    return type("OwnDataOfFile", (OwnPairs,), attributes)


def _read_declaration(path: Path) -> OwnDataFile:
    try:
        return OwnDataFile.model_validate({"name": path.stem} | tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path} is not a TOML file: {problem}") from None
    except ValidationError as problem:
        found = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors())
        raise UsageError(
            f"{path} declares no task. {found}. Known keys: {', '.join(OwnDataFile.model_fields)}"
        ) from None


def _pair(line: dict[str, Any], declared: OwnDataFile) -> Pair:
    if set(line) != {"prompt", "target"}:
        raise ValueError(f'the keys "prompt" and "target" are expected, got {sorted(line)}')
    prompt, target = (_symbols(name, line[name], declared.vocabulary) for name in ("prompt", "target"))
    if not target:
        raise ValueError("the target is empty")
    return Pair(prompt, target)


def _symbols(name: str, text: Any, vocabulary: str | tuple[str, ...]) -> Symbols:
    """Cut a text into symbols, or take a list of tokens as it is."""
    if vocabulary == "characters" or isinstance(text, str):
        if not isinstance(text, str):
            raise ValueError(f"the {name} must be a text, got {type(text).__name__}")
        symbols = tuple(text) if vocabulary == "characters" else tuple(text.split())
    elif isinstance(text, list) and all(isinstance(token, str) for token in text):
        symbols = tuple(text)
    else:
        raise ValueError(f"the {name} must be a text or a list of tokens, got {type(text).__name__}")
    strange = set(symbols).difference(vocabulary) if isinstance(vocabulary, tuple) else ()
    if strange:
        raise ValueError(f"the {name} holds {sorted(strange)[:5]}, outside the vocabulary")
    return symbols


def _curve(declared: OwnDataFile, pairs: Sequence[Pair]) -> Curve:
    """The declared lengths; by default the quarters of the examples by length, the last of them beyond training."""
    lengths = sorted(len(pair.target) for pair in pairs)
    ends = declared.buckets or _quarters(lengths)
    trained = declared.trained or (1, ends[max(len(ends) - 2, 0)][1])
    unit = "characters" if declared.vocabulary == "characters" else "tokens"
    try:
        return Curve("length", unit, ends, trained)
    except ValueError as problem:
        raise UsageError(str(problem)) from None


def _quarters(lengths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    inner = statistics.quantiles(lengths, n=_QUARTERS) if len(lengths) > 1 else []
    ends = sorted({*(int(end) for end in inner), lengths[-1]} - {0})
    return tuple((before + 1, end) for before, end in zip([0, *ends], ends, strict=False))


def _chance(pairs: Sequence[Pair]) -> float:
    """Error rate of saying nothing or, where that is less, of symbols drawn uniformly until the end is one of them."""
    said = sorted({symbol for pair in pairs for symbol in pair.target})
    draws, guesses, pairs = random.Random(0), [], pairs[:_GUESSES]
    for _ in pairs:
        length = int(math.log(1 - draws.random()) / math.log(len(said) / (len(said) + 1)))  # geometric
        guesses.append(draws.choices(said, k=length))
    value, weight = edit_rate(guesses, [pair.target for pair in pairs])
    return min(1.0, round(float((value * weight).sum() / weight.sum()), 3))


def _check_buckets(data: Path, curve: Curve, splits: Mapping[Split, Sequence[Pair]]) -> None:
    """Every range that is drawn from needs an example."""
    for split, pairs in splits.items():
        for low, high in (curve.trained,) if split == "train" else curve.buckets:
            if not any(low <= len(pair.target) <= high for pair in pairs):
                raise UsageError(
                    f"{data} has no {split} example with a target of {low} to {high} {curve.unit}: "
                    "add data, raise held_out, or declare other buckets"
                )
