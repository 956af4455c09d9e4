"""Interventions: the same instances, continued freely after prefixes that differ in one respect.

Error rates after good and bad histories are confounded by difficulty, because rows that already failed are harder. Here
the history is set by us, so that what follows is its effect.

Axes: B batch, T time (columns), V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, own_positions
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Task
from benchmark.learning.free_running import Draw, roll_out
from benchmark.measuring.errors_in_time import by_position
from benchmark.measuring.evaluated import Evaluated
from benchmark.values import Point

LAGS = (1, 2, 4, 8, 16, 32)
ARMS = ("gold_prefix", "own_prefix", "random_slip", "second_best_slip", "healed")


@dataclass(frozen=True)
class Interventions:
    """Share of right tokens by lag after a prefix, and the effect of each arm against the gold prefix.

    Attributes:
        prefix: own tokens in the prefix.
        right: arm -> one share a lag of LAGS.
        effect: arm -> mean paired difference to the gold prefix at each lag; negative where the arm does harm.
        error: arm -> standard error of that difference, over instances.
    """

    prefix: int
    right: dict[str, list[float]]
    effect: dict[str, list[float]]
    error: dict[str, list[float]]


def applicable(task: Task) -> bool:
    """Whether right and wrong are defined, and rows are long enough and laid out by position."""
    return task.has("correct") and task.curve.axis == "position"


def intervene(model: SequenceModel, task: Task, seed: int, rows: int) -> Interventions:
    """Continue test instances freely after each kind of prefix, half as long as training sequences.

    The arms: gold; the model's own free run; gold with its last token wrong at random; gold with its last token the
    model's most probable wrong one; the own free run with its last token set right.
    """
    prefix = max(task.curve.trained[1] // 2, 1)
    length = prefix + LAGS[-1]
    names = (task.name, seed, "interventions")
    batch = task.sample("test", rows, (length, length), stream(*names))
    with torch.inference_mode():
        model.eval()
        own = roll_out(model, task, batch, Draw(task.decoding, stream(*names, "own"))).tokens
        last = own_positions(batch.own) == prefix  # [B, T]
        fed = {
            "gold_prefix": batch.tokens,
            "own_prefix": own,
            "random_slip": torch.where(last, _random_wrong(task, batch, stream(*names, "slip")), batch.tokens),
            "second_best_slip": torch.where(last, _likeliest_wrong(model, batch), batch.tokens),
            "healed": torch.where(last, batch.tokens, own),
        }
        right = {arm: _continue(model, task, batch, tokens, prefix, names) for arm, tokens in fed.items()}
    differences = {arm: values - right["gold_prefix"] for arm, values in right.items()}  # [B, lags]
    return Interventions(
        prefix,
        right={arm: values.mean(0).tolist() for arm, values in right.items()},
        effect={arm: values.mean(0).tolist() for arm, values in differences.items()},
        error={arm: (values.std(0) / len(values) ** 0.5).tolist() for arm, values in differences.items()},
    )


def _continue(model: SequenceModel, task: Task, batch: Batch, tokens: Tensor, prefix: int, names: tuple) -> Tensor:
    """Run freely after the first `prefix` own tokens of `tokens`; right [B, lags], float."""
    within = own_positions(batch.own) <= prefix  # [B, T]
    started = Batch(tokens, batch.given | (within & batch.valid), batch.valid)
    output = roll_out(model, task, started, Draw(task.decoding, stream(*names, "continue")))
    right, _ = by_position(task.correct(batch, output.tokens), output.own)  # [B, lags to the end]
    return right[:, [lag - 1 for lag in LAGS]].double()


def _random_wrong(task: Task, batch: Batch, generator: torch.Generator) -> Tensor:
    """Draw an emitted symbol other than gold's at each column, [B, T], uniformly."""
    emits = torch.tensor(task.space.emits)
    place = torch.searchsorted(emits, batch.tokens).clamp_max(len(emits) - 1)
    shift = torch.randint(1, len(emits), batch.tokens.shape, generator=generator)
    return emits[(place + shift) % len(emits)]


def _likeliest_wrong(model: SequenceModel, batch: Batch) -> Tensor:
    """The model's most probable symbol other than gold's given the gold prefix, [B, T]."""
    logits = model(batch.tokens)  # [B, T, V]
    return logits.scatter(-1, batch.tokens[..., None], float("-inf")).argmax(-1)


def put_interventions(result: Evaluated, found: Interventions) -> None:
    """Enter the shares by lag, and the effects at lag 1."""
    for arm in ARMS:
        shares = zip(LAGS, found.right[arm], strict=True)
        result.curves[f"right_after_{arm}"] = [Point(low=lag, high=lag, value=value) for lag, value in shares]
    unit = f"share right at lag 1, difference to a gold prefix of {found.prefix}"
    for arm in ARMS[1:]:
        result.put(f"effect_of_{arm}", found.effect[arm][0], unit, "higher")
        result.put(f"effect_of_{arm}_error", found.error[arm][0], f"standard error of the {unit}", "none")
