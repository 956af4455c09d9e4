"""Preferences between own samples of one input, made by the task's reward, and what is learned from them.

Samples of an input stand in adjoining rows, and each pair of them is compared.

Axes: B rows, T time (columns), N inputs, P pairs of an input's samples.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.context import Context
from benchmark.contracts.losses import token_log_likelihood
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.networks import Scorer


class Samples(NamedTuple):
    """Own samples and which of them are preferred.

    Attributes:
        batch: gold, one row for each sample.
        output: what was sampled, B = N * samples rows.
        returns: [B], the sum of the task's reward over a row.
        preference: [N, P], 1 where the first sample of a pair earned more, -1 where the second did, 0 at ties.
    """

    batch: Batch
    output: Output
    returns: Tensor
    preference: Tensor

    @property
    def ties(self) -> float:
        """Share of pairs without a preference."""
        return float((self.preference == 0).double().mean())


def draw_samples(model: SequenceModel, batch: Batch, ctx: Context, samples: int, thinned: bool = True) -> Samples:
    """Draw several own samples of each input, or of one in `samples`, so that there are as many as gold sequences."""
    inputs = -(-len(batch) // samples) if thinned else len(batch)
    repeated = batch.select(torch.arange(inputs).repeat_interleave(samples))  # [B, T]
    output = ctx.roll_out(model, repeated)
    returns = (ctx.reward(repeated, output) * output.own).sum(1)  # [B]
    return Samples(repeated, output, returns, pairwise(returns, samples).sign())


def pairwise(values: Tensor, samples: int) -> Tensor:
    """Differences between the values [B] of an input's samples, first minus second of each pair: [N, P]."""
    first, second = torch.triu_indices(samples, samples, offset=1)
    groups = values.view(-1, samples)  # [N, samples]
    return groups[:, first] - groups[:, second]


def bradley_terry(margin: Tensor, preference: Tensor) -> Tensor:
    """Mean -log sigmoid(preference * margin) over the pairs that are no ties, nats, >= 0 (Bradley & Terry 1952).

    Args:
        margin: [N, P], score of the first less that of the second.
        preference: [N, P], 1, -1 or 0.

    Returns:
        A scalar, lower is better; 0 without gradient where all are ties.
    """
    decided = preference.abs()
    return -(decided * F.logsigmoid(preference * margin)).sum() / decided.sum().clamp_min(1)


def ranking_accuracy(margin: Tensor, preference: Tensor) -> float:
    """Share of the pairs that are no ties whose margin has the right sign, in [0, 1]; NaN if all are ties."""
    decided = preference != 0
    return float((margin * preference > 0)[decided].double().mean()) if bool(decided.any()) else math.nan


def preferred_margin(margin: Tensor, preference: Tensor) -> float:
    """Mean margin by which the preferred sample leads, over the pairs that are no ties; NaN if all are ties."""
    decided = preference != 0
    return float((margin.detach() * preference)[decided].mean()) if bool(decided.any()) else math.nan


def log_ratio(model: SequenceModel, start: SequenceModel, output: Output) -> tuple[Tensor, Tensor]:
    """Log-likelihood of own tokens, with gradient, and how much more likely they are than at the start, [B, T] each.

    On own samples the mean of the second is the divergence KL(model || start), in nats per own token.
    """
    with torch.no_grad():
        reference = token_log_likelihood(start(output.tokens), output.tokens, output.own)
    log_q = token_log_likelihood(model(output.tokens), output.tokens, output.own)
    return log_q, log_q - reference


class RewardModel(Scorer):
    """Scores own tokens; the score of an output is their sum.

    A token's score is its log-likelihood under the trunk plus a number that knows it too. So a trunk with the weights
    of a policy begins at that policy's own judgement, as in Ouyang et al. (2022), and not at chance.
    """

    def __init__(self, trunk: SequenceModel, stream: torch.Generator) -> None:
        super().__init__(trunk, stream)
        torch.nn.init.zeros_(self.output.weight)
        torch.nn.init.zeros_(self.output.bias)

    def scores(self, output: Output) -> Tensor:
        """Scores [B, T] in nats of preference, 0 where a token is not own."""
        extended = torch.cat([output.tokens, output.tokens[:, :1]], 1)  # [B, T + 1], of which the last is not read
        features = self.trunk.hidden(extended)  # [B, T + 1, E]
        likelihood = token_log_likelihood(self.trunk.project(features[:, :-1]), output.tokens, output.own)  # [B, T]
        return likelihood + self.output(features[:, 1:])[..., 0] * output.own
