"""What a TOML file says of a user's own data, and the task that this makes."""

import hashlib
import math
import random
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field, ValidationError

from benchmark.contracts.corpus import split_by_hash
from benchmark.contracts.edits import edit_rate
from benchmark.contracts.own.examples import Example, Vocabulary, key, read_examples
from benchmark.contracts.own.tasks import OwnData, OwnDialogues, OwnPairs
from benchmark.contracts.task import Curve, Metric, Split
from benchmark.errors import UsageError
from benchmark.reading import Refused, read_toml
from benchmark.settings import Frozen

_GUESSES = 1000  # targets of the test split on which chance is measured
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
        buckets: lengths of targets, or turns; if not given, the quarters of the examples, or 1, 2, 3-4, 5-8 and so on.
        trained: the same in training; those of all buckets but the last if not given.
    """

    data: str
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = ""
    summary: str = "Own data"
    vocabulary: Vocabulary = "characters"
    metric: Literal["edit distance", "exact match"] = "edit distance"
    decoding: Literal["greedy", "sample"] = "greedy"
    held_out: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    trained: tuple[int, int] | None = None
    buckets: tuple[tuple[int, int], ...] | None = None
    citation: str = "@misc{own, title = {Own data}}"
    licence: str = "not stated"


def task_of_file(path: Path) -> type[OwnData]:
    """Make a task of a TOML file and the data that it names.

    Raises:
        UsageError: if either file is not there or damaged, or a bucket of the curve has no held-out example.
    """
    declared = _read_declaration(path)
    data = path.parent / declared.data
    examples, are_dialogues = read_examples(data, declared.vocabulary)
    base: type[OwnData] = OwnDialogues if are_dialogues else OwnPairs
    splits: dict[Split, list[Example]] = {"train": [], "validation": [], "test": []}
    for example in examples:
        splits[split_by_hash(repr(key(example)), declared.held_out)].append(example)
    curve = _curve(declared, are_dialogues, sorted(map(base.length_of, examples)))
    _check_buckets(data, curve, {split: [*map(base.length_of, part)] for split, part in splits.items()})
    content = hashlib.sha256(path.read_bytes() + data.read_bytes()).hexdigest()[:16]
    attributes = {
        "__doc__": declared.summary,
        "name": declared.name or path.stem,
        "edition": f"data:{content}",
        "curve": curve,
        "decoding": declared.decoding,
        "citation": declared.citation,
        "licence": declared.licence,
        "splits": splits,
    }
    attributes |= _metrics(declared, are_dialogues, splits["test"])
    return cast(type[OwnData], type("OwnDataOfFile", (base,), attributes))


def _metrics(declared: OwnDataFile, are_dialogues: bool, held_out: Sequence[Example]) -> dict[str, Any]:
    """Both metrics, the main one first, and its controls."""
    symbol, whole = _unit(declared)[:-1], "reply" if are_dialogues else "target"
    apart = f"it needs a whole {whole}; on gold prefixes there is a token error rate instead"
    edits = Metric(f"{symbol} error rate", f"edits per gold {symbol}", "lower", 0.0, None, apart)
    exact = Metric("exact match", "share of " + ("replies" if are_dialogues else "targets"), "higher", 0.0, 1.0, apart)
    if declared.metric == "edit distance":
        return {"metric": edits, "further_metrics": (exact,), "floor": _chance(held_out), "ceiling": 0.0}
    return {"metric": exact, "further_metrics": (edits,), "floor": 0.0, "ceiling": 1.0}


def _unit(declared: OwnDataFile) -> str:
    return "characters" if declared.vocabulary == "characters" else "tokens"


def _read_declaration(path: Path) -> OwnDataFile:
    try:
        return OwnDataFile.model_validate({"name": path.stem} | read_toml(path))
    except Refused as problem:
        raise UsageError(f"{path} is not a TOML file: {problem}") from None
    except ValidationError as problem:
        found = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors())
        raise UsageError(
            f"{path} declares no task. {found}. Known keys: {', '.join(OwnDataFile.model_fields)}"
        ) from None


def _curve(declared: OwnDataFile, are_dialogues: bool, lengths: Sequence[int]) -> Curve:
    """The declared lengths; by default quarters of the targets, or turns by powers of two, the last beyond training."""
    buckets = declared.buckets or (_powers(lengths) if are_dialogues else _quarters(lengths))
    trained = declared.trained or (1, buckets[max(len(buckets) - 2, 0)][1])
    try:
        if are_dialogues:
            return Curve("turn", "turns", buckets, trained)
        return Curve("length", _unit(declared), buckets, trained)
    except ValueError as problem:
        raise UsageError(str(problem)) from None


def _quarters(lengths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """The quarters of the examples by length."""
    inner = statistics.quantiles(lengths, n=_QUARTERS) if len(lengths) > 1 else []
    return _between(sorted({*(int(end) for end in inner), lengths[-1]} - {0}))


def _powers(lengths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """1, 2, 3-4, 5-8 and so on, up to the turns that a quarter of the dialogues have."""
    most = lengths[-(-3 * len(lengths) // _QUARTERS) - 1]
    return _between([2**power for power in range(most.bit_length())])


def _between(ends: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple((before + 1, end) for before, end in zip([0, *ends], ends, strict=False))


def _chance(examples: Sequence[Example]) -> float:
    """Error rate of saying nothing or, where that is less, of symbols drawn uniformly until the end is one of them."""
    gold = [exchange.said for example in examples for exchange in example][:_GUESSES]
    said = sorted({symbol for target in gold for symbol in target})
    draws, guesses = random.Random(0), []
    for _ in gold:
        length = int(math.log(1 - draws.random()) / math.log(len(said) / (len(said) + 1)))  # geometric
        guesses.append(draws.choices(said, k=length))
    value, weight = edit_rate(guesses, gold)
    return min(1.0, round(float((value * weight).sum() / weight.sum()), 3))


def _check_buckets(data: Path, curve: Curve, lengths: Mapping[Split, Sequence[int]]) -> None:
    """Every range that is drawn from needs an example; a dialogue with more turns than a bucket serves too."""
    for split, found in lengths.items():
        for low, high in (curve.trained,) if split == "train" else curve.buckets:
            if not any(low <= length and (length <= high or curve.axis == "turn") for length in found):
                raise UsageError(
                    f"{data} has no {split} example of {low} to {high} {curve.unit}: "
                    "add data, raise held_out, or declare other buckets"
                )
