"""Interventions: the same instances, continued freely after prefixes that differ in one respect.

Error rates after good and bad histories are confounded by difficulty, because rows that already failed are harder. Here
the history is set by us, so that what follows is its effect. Prefixes and lags are counted along the task's curve: in
own tokens, or in turns of a dialogue; a turn is right if all of its tokens are.

Axes: B batch, T time (columns), U columns of another history, V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Task
from benchmark.learning.free_running import Draw, roll_out
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.lags import LAGS, Instances, continue_after, draw_instances, possible, put_quality_by_lag
from benchmark.measuring.prefixes import columns_up_to, cut, gold_positions, splice
from benchmark.values import Point

ARMS = ("gold_prefix", "own_prefix", "random_slip", "second_best_slip", "healed")


@dataclass(frozen=True)
class Interventions:
    """Share of right tokens (or turns) by lag after a prefix, and the effect of each arm against the gold prefix.

    Attributes:
        prefix: own tokens (or turns) in the prefix.
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
    """Whether right and wrong are defined, and rows are long enough and laid out by position or turn."""
    return task.has("correct") and possible(task)


def intervene(model: SequenceModel, task: Task, seed: int, rows: int) -> Interventions:
    """Continue test instances freely after each kind of prefix.

    The arms: gold; the model's own free run; gold with a token wrong at random, the last one or one of the last turn;
    gold with that token the model's most probable wrong one; the own free run with its last token or turn set right.
    """
    instances = draw_instances(task, seed, rows)
    batch, names = instances.batch, instances.names
    with torch.inference_mode():
        model.eval()
        slip = _one_of(gold_positions(task, batch) == instances.prefix, stream(*names, "where"))  # [B, T]
        own, healed = _own_prefixes(model, task, instances)
        fed = {
            "gold_prefix": batch,
            "own_prefix": own,
            "random_slip": _replaced(batch, slip, _random_wrong(task, batch, stream(*names, "slip"))),
            "second_best_slip": _replaced(batch, slip, _likeliest_wrong(model, batch)),
            "healed": healed,
        }
        runs = dict(zip(fed, continue_after(model, task, instances, list(fed.values())), strict=True))
        right = {arm: _right(task, batch, output) for arm, (_, output) in runs.items()}  # [B, lags] each
    differences = {arm: values - right["gold_prefix"] for arm, values in right.items()}  # [B, lags]
    return Interventions(
        instances.prefix,
        right={arm: values.mean(0).tolist() for arm, values in right.items()},
        effect={arm: values.mean(0).tolist() for arm, values in differences.items()},
        error={arm: (values.std(0) / len(values) ** 0.5).tolist() for arm, values in differences.items()},
        on_gold=runs["gold_prefix"],
    )


def _one_of(where: Tensor, generator: torch.Generator) -> Tensor:
    """Choose one of the columns of each row, [B, T] bool; in a dialogue any of the last turn's may be the one."""
    drawn = torch.rand(where.shape, generator=generator).masked_fill(~where, -1.0)
    return torch.zeros_like(where).scatter(1, drawn.argmax(1, keepdim=True), True)


def _replaced(batch: Batch, where: Tensor, tokens: Tensor) -> Batch:
    return Batch(torch.where(where, tokens, batch.tokens), batch.given, batch.valid)


def _own_prefixes(model: SequenceModel, task: Task, instances: Instances) -> tuple[Batch, Batch]:
    """What the model says freely in the prefix, then gold; and the same with the prefix's last token or turn gold's."""
    batch, prefix, position = instances.batch, instances.prefix, gold_positions(task, instances.batch)
    draws = stream(*instances.names, "own")
    said = roll_out(model, task, cut(batch, columns_up_to(position, prefix)), Draw(task.decoding, draws))  # [B, U]
    own, healed = (
        splice(said, columns_up_to(task.positions(said), last), batch, ~columns_up_to(position, last))
        for last in (prefix, prefix - 1)
    )
    return own, healed


def _right(task: Task, batch: Batch, output: Output) -> Tensor:
    """Whether all that is said at each lag is right, [B, lags] float."""
    position = task.positions(output)  # [B, T]
    wrong = output.own & ~task.correct(batch, output.tokens)
    count = torch.zeros(len(position), int(position.max()) + 1, dtype=torch.int64, device=position.device)
    count.scatter_add_(1, position, wrong.long())  # [B, lags to the end + 1]
    return (count[:, list(LAGS)] == 0).double()


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
