"""One example followed from input to result: what the model said, what it believed, where it erred and recovered.

Gold and output are laid side by side in steps: by position, or in a dialogue by turn and position within the turn.

Axes: T time (columns), V vocabulary, L own tokens.
"""

from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Task
from benchmark.learning.free_running import Draw, roll_out
from benchmark.measuring.prefixes import gold_positions

V = TypeVar("V")


@dataclass(frozen=True)
class Trace:
    """One example. The lists of steps have one entry an own position of the longer of gold and output, in each turn.

    Attributes:
        given: the symbols that the environment supplied, in order.
        gold, own: symbols of gold and of the free run; "" where one has ended, or its turn has.
        wrong: whether the own symbol is wrong, by the task's judge where it has one, else against gold.
        on_own: probability of the gold symbol given the model's own prefix; None where either is not there.
        on_gold: probability of the gold symbol given the gold prefix; None where gold is not there.
        first_error: position from 1, None if there is none.
        recoveries: positions of right symbols that follow a wrong one.
    """

    given: list[str]
    gold: list[str]
    own: list[str]
    wrong: list[bool]
    on_own: list[float | None]
    on_gold: list[float | None]
    first_error: int | None
    recoveries: list[int]


def trace(model: SequenceModel, task: Task, seed: int, example: int, length: tuple[int, int]) -> Trace:
    """Run one test example freely, by the task's main decoding, and lay it beside gold.

    Args:
        example: which of the test sequences of that length, from 0.
        length: inclusive range, in the curve's unit.

    Raises:
        IndexError: if there is no such example.
    """
    drawn = task.sample("test", example + 1, length, stream(task.name, seed, "trace"))
    if example >= len(drawn):
        raise IndexError(f"there are {len(drawn)} test examples of length {length}, got {example}")
    batch = drawn.select(torch.tensor([example]))
    with torch.inference_mode():
        output = roll_out(model, task, batch, Draw(task.decoding, stream(task.name, seed, "trace", "draw")))
        gold, own = batch.tokens[batch.own], output.tokens[output.own]  # [L] each
        counted = [batch.own.long(), output.own.long()]  # all in one turn
        if task.curve.axis == "turn":
            counted = [gold_positions(task, batch), task.positions(output)]
        at_gold, at_own = _steps([part[there] for part, there in zip(counted, (batch.own, output.own), strict=True)])
        on_own = model(output.tokens).softmax(-1)[output.own]  # [L, V]
        on_gold = model(batch.tokens).softmax(-1)[batch.own].gather(-1, gold[:, None]).squeeze(-1)
        right = dict(zip(at_gold, gold.tolist(), strict=True))  # gold by step
        if task.has("correct"):
            wrong = (~task.correct(batch, output.tokens))[output.own].tolist()
        else:
            wrong = [right.get(step) != said for step, said in zip(at_own, own.tolist(), strict=True)]
    believed = {step: float(row[right[step]]) for step, row in zip(at_own, on_own, strict=True) if step in right}
    steps = max(*at_gold, *at_own) + 1
    errors = [step for step, is_wrong in zip(at_own, wrong, strict=True) if is_wrong]
    there = set(at_own)
    return Trace(
        given=_symbols(task, batch.tokens[batch.given & batch.valid].tolist()),
        gold=_laid_out(at_gold, _symbols(task, gold.tolist()), steps, ""),
        own=_laid_out(at_own, _symbols(task, own.tolist()), steps, ""),
        wrong=_laid_out(at_own, wrong, steps, False),
        on_own=[believed.get(step) for step in range(steps)],
        on_gold=_laid_out(at_gold, on_gold.tolist(), steps, None),
        first_error=errors[0] + 1 if errors else None,
        recoveries=[step + 2 for step in errors if step + 1 in there and step + 1 not in errors],
    )


def _steps(turns: list[Tensor]) -> list[list[int]]:
    """The step of each own token of two outputs, from 0, by the numbers of their turns, [L] each.

    A turn begins at the same step in both.
    """
    last = max(int(turn.max()) for turn in turns)
    counts = [torch.bincount(turn, minlength=last + 1) for turn in turns]  # [turns + 1]
    begins = torch.nn.functional.pad(torch.stack(counts).amax(0).cumsum(0), (1, 0))
    within = (
        torch.arange(len(turn)) - (count.cumsum(0) - count)[turn] for turn, count in zip(turns, counts, strict=True)
    )
    return [(begins[turn] + place).tolist() for turn, place in zip(turns, within, strict=True)]


def _symbols(task: Task, tokens: list[int]) -> list[str]:
    assert isinstance(task.space, Discrete)
    names = task.space.symbols or tuple(map(str, range(task.space.size)))
    return [names[token] for token in tokens]


def _laid_out(steps: list[int], values: list[V], length: int, nothing: V) -> list[V]:
    """Put values at their steps."""
    placed = dict(zip(steps, values, strict=True))
    return [placed.get(step, nothing) for step in range(length)]
