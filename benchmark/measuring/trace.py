"""One example followed from input to result: what the model said, what it believed, where it erred and recovered.

Axes: T time (columns), V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Task
from benchmark.learning.free_running import Draw, roll_out


@dataclass(frozen=True)
class Trace:
    """One example. The lists of steps have one entry an own position of the longer of gold and output.

    Attributes:
        given: the symbols that the environment supplied, in order.
        gold, own: symbols of gold and of the free run; "" where one has ended.
        wrong: whether the own symbol is wrong, by the task's judge where it has one, else against gold.
        on_own: probability of the gold symbol given the model's own prefix; None where either has ended.
        on_gold: probability of the gold symbol given the gold prefix; None where gold has ended.
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
        gold, own = batch.tokens[batch.own], output.tokens[output.own]  # [positions]
        on_own = _probabilities(model, output.tokens, output.own, gold)
        on_gold = _probabilities(model, batch.tokens, batch.own, gold)
        wrong = _wrong(task, batch, output.tokens, output.own, gold, own)
    steps = max(len(gold), len(own))
    errors = [position for position, is_wrong in enumerate(wrong, 1) if is_wrong]
    return Trace(
        given=_symbols(task, batch.tokens[batch.given & batch.valid], 0),
        gold=_symbols(task, gold, steps),
        own=_symbols(task, own, steps),
        wrong=wrong + [False] * (steps - len(wrong)),
        on_own=_padded(on_own, steps),
        on_gold=_padded(on_gold, steps),
        first_error=errors[0] if errors else None,
        recoveries=[position + 1 for position in errors if position < len(wrong) and not wrong[position]],
    )


def _probabilities(model: SequenceModel, tokens: Tensor, own: Tensor, gold: Tensor) -> list[float]:
    probability = model(tokens).softmax(-1)[own]  # [positions, V]
    both = min(len(probability), len(gold))
    return probability[:both].gather(-1, gold[:both, None]).squeeze(-1).tolist()


def _wrong(task: Task, batch: Batch, tokens: Tensor, own_mask: Tensor, gold: Tensor, own: Tensor) -> list[bool]:
    if task.has("correct"):
        return (~task.correct(batch, tokens))[own_mask].tolist()
    both = min(len(gold), len(own))
    return (own[:both] != gold[:both]).tolist() + [True] * (len(own) - both)


def _symbols(task: Task, tokens: Tensor, steps: int) -> list[str]:
    assert isinstance(task.space, Discrete)
    names = task.space.symbols or tuple(map(str, range(task.space.size)))
    found = [names[token] for token in tokens.tolist()]
    return found + [""] * (steps - len(found))


def _padded(values: list[float], steps: int) -> list[float | None]:
    return [*values, *[None] * (steps - len(values))]
