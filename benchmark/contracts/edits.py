"""Edit distances: of whole outputs, and of what was said so far to every prefix of gold, as batched tensor code.

Axes: B batch, T time (columns), N own tokens of gold, V vocabulary.
"""

from collections.abc import Hashable, Sequence

import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.task import Score

Rows = Sequence[Sequence[Hashable]]


def edit_rate(said: Rows, gold: Rows) -> Score:
    """Edit distance of each row to gold over gold's length, weighted by that length; [B], >= 0, lower is better.

    A group's figure is all edits over all of gold, the usual rate of a corpus; a row without gold has the weight 0.
    """
    edits = [Levenshtein.distance(own, other) for own, other in zip(said, gold, strict=True)]
    lengths = torch.tensor([len(row) for row in gold], dtype=torch.float64)  # [B]
    return Score(torch.tensor(edits, dtype=torch.float64) / lengths.clamp_min(1), lengths)


def exact_match(said: Rows, gold: Rows) -> Score:
    """Whether each row equals gold as a whole; [B], 0 or 1, higher is better."""
    same = [list(own) == list(other) for own, other in zip(said, gold, strict=True)]
    return Score(torch.tensor(same, dtype=torch.float64), torch.ones(len(same), dtype=torch.float64))


def _own_only(tokens: Tensor, own: Tensor) -> Tensor:
    """Move the own tokens of each row to the left: [B, T] -> [B, N], -1 beyond them."""
    order = torch.sort((~own).int(), dim=1, stable=True).indices
    moved = tokens.gather(1, order).masked_fill(~own.gather(1, order), -1)
    return moved[:, : int(own.sum(1).max())]


def completion_costs(batch: Batch, tokens: Tensor, own: Tensor) -> Tensor:
    """Levenshtein distance of the own tokens up to each column to each prefix of gold.

    Args:
        batch: whose own tokens are gold, the end symbol included.
        tokens, own: [B, T] what was said, and where.

    Returns:
        [B, T + 1, N + 1]: entry [b, t, n] compares the own tokens among the first t columns with the first n of gold;
        infinite where gold is shorter than n.
    """
    gold = _own_only(batch.tokens, batch.own)  # [B, N]
    prefix = torch.arange(gold.shape[1] + 1, dtype=torch.float32, device=tokens.device)  # [N + 1]
    agrees = (gold[:, None] == tokens[..., None]).float()  # [B, T, N]
    row = torch.zeros_like(prefix).expand(len(gold), -1)  # the distance less the length of the prefix, [B, N + 1]
    rows, someone_speaks = [row], own.any(0).tolist()
    for same, is_own, spoken in zip(agrees.unbind(1), own.unbind(1), someone_speaks, strict=True):
        if spoken:
            following = row + 1  # the token is left out
            torch.minimum(following[:, 1:], row[:, :-1] - same, out=following[:, 1:])  # or stands for gold's
            row = torch.where(is_own[:, None], following.cummin(1).values, row)  # or some of gold's are
        rows.append(row)
    beyond = prefix > batch.lengths[:, None]  # [B, N + 1]
    return (torch.stack(rows, 1) + prefix).masked_fill(beyond[:, None], torch.inf)


def whole_costs(batch: Batch, costs: Tensor) -> Tensor:
    """Of the costs of a batch [B, T + 1, N + 1], those of gold as a whole, [B, T + 1]."""
    return costs.gather(-1, batch.lengths[:, None, None].expand(-1, costs.shape[1], 1)).squeeze(-1)


def edit_reward(least: Tensor, whole: Tensor, output: Output, lengths: Tensor) -> Tensor:
    """The fall of the edit distance with each token, per gold token, [B, T]; a row sums to minus its error rate.

    Args:
        least: [B, T + 1], the least distance to any prefix of gold, which counts before the last own token.
        whole: [B, T + 1], that to gold as a whole, which counts at the last one.
        lengths: [B], own tokens of gold.
    """
    last = output.own.cumsum(1) == output.lengths[:, None]  # [B, T]
    after = torch.where(last, whole[:, 1:], least[:, 1:])
    return ((least[:, :-1] - after) * output.own / lengths[:, None]).float()


def optimal_completions(batch: Batch, history: Tensor, symbols: int) -> Tensor:
    """Which next tokens keep the edit distance to gold that can still be reached (Sabour et al. 2019, section 3).

    Args:
        batch: whose own tokens are gold.
        history: [B, T] what was fed, beginning like the batch; where that is given, it is not compared.
        symbols: size V of the vocabulary.

    Returns:
        [B, T, V] bool: at each column, the gold tokens that follow a prefix of gold nearest to the history before it.
        Once gold is said in full, its last token.
    """
    beyond = history.shape[1] - batch.given.shape[1]  # what was said may be longer or shorter than gold
    given = torch.nn.functional.pad(batch.given, (0, beyond))  # [B, T]
    costs = completion_costs(batch, history, ~given)[:, :-1]  # [B, T, N + 1]
    nearest = costs == costs.min(-1, keepdim=True).values  # [B, T, N + 1]
    gold = _own_only(batch.tokens, batch.own)  # [B, N]
    last = gold.gather(1, batch.lengths[:, None] - 1)  # [B, 1], the end symbol
    following = torch.cat([gold, last], 1)  # [B, N + 1], what continues each prefix
    following = torch.where(following < 0, last, following)
    named = torch.nn.functional.one_hot(following, symbols).float()  # [B, N + 1, V]
    return nearest.float() @ named > 0


def uniform_over(best: Tensor) -> Tensor:
    """Log-probabilities of the uniform distribution over the tokens marked, [B, T, V] bool -> [B, T, V]."""
    return torch.where(best, -best.sum(-1, keepdim=True).double().log(), -torch.inf)
