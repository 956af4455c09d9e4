"""What a task looks like to people: what it declares, a few examples, how long its sequences are. Plain data.

Axes: B batch, T time (columns), D numbers in a vector.
"""

from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch
from benchmark.contracts.corpus import CorpusTask
from benchmark.contracts.spaces import Continuous
from benchmark.contracts.streams import stream
from benchmark.contracts.task import CAPABILITIES, Metric, Split, Task
from benchmark.measuring.positions import Buckets

_ROWS, _EXAMPLES = 12, 3  # sequences in the picture, and in the text
_DRAWN = 512  # sequences whose lengths are counted where a task lists none
_SPLITS: tuple[Split, ...] = ("train", "test")
_VECTORS = 4  # of a series that are written out


@dataclass(frozen=True)
class Shown:
    """All that is shown of a task.

    Attributes:
        declared: what it says of itself, by name.
        examples: test sequences as runs of given and own tokens, `{"given": bool, "text": str}` each.
        lengths: of sequences by split, counted in `unit`.
        continuous: whether values are vectors, not symbols.
        values: sequences for a picture, [rows][columns] symbol numbers or vectors; a row may be shorter than another.
        given: [rows][columns], where the environment supplies the token.
    """

    declared: dict[str, Any]
    examples: list[list[dict[str, Any]]]
    lengths: dict[str, list[int]]
    unit: str
    continuous: bool
    values: list[list[Any]]
    given: list[list[bool]]


def show(task: Task, seed: int = 0) -> Shown:
    """Gather what is shown of a task; the seed says which examples."""
    rows = _rows(task, seed)
    return Shown(
        declared=declaration(task),
        examples=_written(task, rows),
        lengths=_lengths(task, seed),
        unit=task.curve.unit if isinstance(task, CorpusTask) else "own tokens",
        continuous=isinstance(task.space, Continuous),
        values=[tokens[valid].tolist() for tokens, _, valid in rows],
        given=[given[valid].tolist() for _, given, valid in rows],
    )


def examples(task: Task, seed: int = 0) -> list[list[dict[str, Any]]]:
    """Write a few test sequences as runs of given and own tokens."""
    return _written(task, _rows(task, seed))


def _rows(task: Task, seed: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Tokens of each sequence, and which of them are given and valid."""
    batch = _sequences(task, seed)
    return list(zip(batch.tokens, batch.given, batch.valid, strict=True))


def _written(task: Task, rows: list[tuple[Tensor, Tensor, Tensor]]) -> list[list[dict[str, Any]]]:
    return [_runs(task, *row) for row in rows[:_EXAMPLES]]


def declaration(task: Task) -> dict[str, Any]:
    """What a task says of itself, by name."""
    curve, metric = task.curve, task.metric
    return {
        "name": task.name,
        "version": f"{task.version} {task.edition}".strip(),
        "summary": (type(task).__doc__ or "").strip().partition("\n")[0],
        "coordinates": asdict(task.coordinates),
        "space": _space(task),
        "metric": _metric(metric),
        "further_metrics": [_metric(further) for further in task.further_metrics],
        "curve": {"axis": curve.axis, "unit": curve.unit, "buckets": curve.buckets, "trained": curve.trained},
        "decoding": task.decoding,
        "knows": [capability for capability in CAPABILITIES if task.has(capability)],
        "floor": task.floor,
        "ceiling": task.ceiling,
        "controls": task.controls,
        "lyapunov": task.lyapunov,
        "licence": task.licence,
        "citation": task.citation.strip(),
    }


def _metric(metric: Metric) -> str:
    return f"{metric.name} ({metric.unit}), {metric.direction} is better"


def _space(task: Task) -> str:
    if isinstance(task.space, Continuous):
        return (
            f"vectors of {task.space.size}, {'Gaussian' if task.space.noise == 'learned' else 'deterministic'} output"
        )
    end = "no end symbol" if task.space.end is None else "an end symbol"
    return f"{task.space.size} symbols, {len(task.space.emits)} of which may be said; {end}"


def _sequences(task: Task, seed: int) -> Batch:
    """Test sequences of a length that training sees, by the middle bucket of those."""
    curve = task.curve
    inside = [bucket for bucket in curve.buckets if bucket[1] <= curve.trained[1]] or [curve.trained]
    low, high = inside[len(inside) // 2] if curve.axis == "length" else (curve.trained[1], curve.trained[1])
    return task.sample("test", _ROWS, (low, high), stream(task.name, seed, "show"))


def _runs(task: Task, tokens: Tensor, given: Tensor, valid: Tensor) -> list[dict[str, Any]]:
    columns = zip(given[valid].tolist(), tokens[valid], strict=True)
    runs = [(is_given, [token for _, token in run]) for is_given, run in groupby(columns, key=lambda pair: pair[0])]
    return [{"given": is_given, "text": _text(task, torch.stack(run))} for is_given, run in runs]


def _text(task: Task, tokens: Tensor) -> str:
    """Write tokens: symbols side by side if each is one letter or brings its space along, else with spaces."""
    if isinstance(task.space, Continuous):
        written = ", ".join("(" + " ".join(f"{x:.2f}" for x in vector) + ")" for vector in tokens[:_VECTORS].tolist())
        return f"{written}{', ...' if len(tokens) > _VECTORS else ''} [{len(tokens)} vectors]"
    names = task.space.symbols or tuple(map(str, range(task.space.size)))
    symbols = [names[token] for token in tokens.tolist()]
    apart = any(len(symbol) > 1 and not symbol[0].isspace() for symbol in symbols)
    return (" " if apart else "").join(symbols)


def _lengths(task: Task, seed: int) -> dict[str, list[int]]:
    """Lengths of the examples of a corpus by split, in the curve's unit; of drawn sequences in own tokens elsewhere."""
    if isinstance(task, CorpusTask):
        return {split: [task.length_of(one) for one in task.corpus()[split]] for split in _SPLITS}
    curve = task.curve
    held_out = curve.buckets if curve.axis == "length" else ((curve.longest, curve.longest),)
    ranges: dict[Split, Buckets] = {"train": (curve.trained,), "test": held_out}
    found: dict[str, list[int]] = {split: [] for split in _SPLITS}
    for split in _SPLITS:
        for span in ranges[split]:
            batch = task.sample(split, _DRAWN // len(ranges[split]), span, stream(task.name, seed, "show", *span))
            found[split] += batch.lengths.tolist()
    return found
