"""Interventions: the same instances, continued freely after prefixes that differ in one respect.

Error rates after good and bad histories are confounded by difficulty, because rows that already failed are harder. Here
the history is set by us, so that what follows is its effect.

Axes: B batch, T time (columns), V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output, own_positions
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Task
from benchmark.learning.free_running import Draw, roll_out
from benchmark.measuring.errors_in_time import by_position
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.lags import LAGS, continue_after, draw_instances, possible, put_quality_by_lag
from benchmark.values import Point

ARMS = ("gold_prefix", "own_prefix", "random_slip", "second_best_slip", "healed")


@dataclass(frozen=True)
class Interventions:
    """Share of right tokens by lag after a prefix, and the effect of each arm against the gold prefix.

    Attributes:
        prefix: own tokens in the prefix.
        right: arm -> one share a lag of LAGS.
        effect: arm -> mean paired difference to the gold prefix at each lag; negative where the arm does harm.
        error: arm -> standard error of that difference, over instances.
        on_gold: the batch and the output of the gold prefix.
    """

    prefix: int
    right: dict[str, list[float]]
    effect: dict[str, list[float]]
    error: dict[str, list[float]]
    on_gold: tuple[Batch, Output]


def applicable(task: Task) -> bool:
    """Whether right and wrong are defined, and rows are long enough and laid out by position."""
    return task.has("correct") and possible(task)


def intervene(model: SequenceModel, task: Task, seed: int, rows: int) -> Interventions:
    """Continue test instances freely after each kind of prefix.

    The arms: gold; the model's own free run; gold with its last token wrong at random; gold with its last token the
    model's most probable wrong one; the own free run with its last token set right.
    """
    instances = draw_instances(task, seed, rows)
    batch, prefix, names = instances.batch, instances.prefix, instances.names
    with torch.inference_mode():
        model.eval()
        last = own_positions(batch.own) == prefix  # [B, T]
        own = _own_prefix(model, task, batch, int(last.int().argmax(1).max()) + 1, stream(*names, "own"))
        fed = {
            "gold_prefix": batch.tokens,
            "own_prefix": own,
            "random_slip": torch.where(last, _random_wrong(task, batch, stream(*names, "slip")), batch.tokens),
            "second_best_slip": torch.where(last, _likeliest_wrong(model, batch), batch.tokens),
            "healed": torch.where(last, batch.tokens, own),
        }
        runs = dict(zip(fed, continue_after(model, task, instances, list(fed.values())), strict=True))
        right = {arm: _right(task, batch, output) for arm, (_, output) in runs.items()}  # [B, lags] each
    differences = {arm: values - right["gold_prefix"] for arm, values in right.items()}  # [B, lags]
    return Interventions(
        prefix,
        right={arm: values.mean(0).tolist() for arm, values in right.items()},
        effect={arm: values.mean(0).tolist() for arm, values in differences.items()},
        error={arm: (values.std(0) / len(values) ** 0.5).tolist() for arm, values in differences.items()},
        on_gold=runs["gold_prefix"],
    )


def _own_prefix(model: SequenceModel, task: Task, batch: Batch, columns: int, draws: torch.Generator) -> Tensor:
    """What the model says freely in the first columns, gold beyond them; [B, T]."""
    parts = (part[:, :columns] for part in (batch.tokens, batch.given, batch.valid))
    said = roll_out(model, task, Batch(*parts), Draw(task.decoding, draws)).tokens  # [B, columns]
    return torch.cat([said, batch.tokens[:, columns:]], 1)


def _right(task: Task, batch: Batch, output: Output) -> Tensor:
    """Whether the token at each lag is right, [B, lags] float."""
    right, _ = by_position(task.correct(batch, output.tokens), output.own)  # [B, lags to the end]
    return right[:, [lag - 1 for lag in LAGS]].double()


def _random_wrong(task: Task, batch: Batch, generator: torch.Generator) -> Tensor:
    """Draw an emitted symbol other than gold's at each column, [B, T], uniformly."""
    assert isinstance(task.space, Discrete)
    emits = torch.tensor(task.space.emits)
    place = torch.searchsorted(emits, batch.tokens).clamp_max(len(emits) - 1)
    shift = torch.randint(1, len(emits), batch.tokens.shape, generator=generator)
    return emits[(place + shift) % len(emits)]


def _likeliest_wrong(model: SequenceModel, batch: Batch) -> Tensor:
    """The model's most probable symbol other than gold's given the gold prefix, [B, T]."""
    logits = model(batch.tokens)  # [B, T, V]
    return logits.scatter(-1, batch.tokens[..., None], float("-inf")).argmax(-1)


def put_interventions(result: Evaluated, model: SequenceModel, task: Task, seed: int, rows: int) -> None:
    """Enter the shares by lag, the effects at lag 1, and quality by lag after the gold prefix."""
    found = intervene(model, task, seed, rows)
    put_quality_by_lag(result, task, *found.on_gold)
    for arm in ARMS:
        shares = zip(LAGS, found.right[arm], strict=True)
        result.curves[f"right_after_{arm}"] = [Point(low=lag, high=lag, value=value) for lag, value in shares]
    unit = f"share right at lag 1, difference to a gold prefix of {found.prefix}"
    for arm in ARMS[1:]:
        result.put(f"effect_of_{arm}", found.effect[arm][0], unit, "higher")
        result.put(f"effect_of_{arm}_error", found.error[arm][0], f"standard error of the {unit}", "none")
