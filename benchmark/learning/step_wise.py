"""The textbook loop: one step of the model a column, all of it differentiated.

Two users: the reference that rolling in without gradient and one parallel pass must equal, and methods whose gradient
flows through what is fed back. Everything else rolls in without gradient (`free_running`), at far less cost.

Axes: B batch, T time (columns), V vocabulary, D numbers in a vector.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch
from benchmark.contracts.losses import mean_over_own, token_log_likelihood
from benchmark.contracts.model import SequenceModel
from benchmark.learning.free_running import Draw, either

Feed = Callable[[Tensor, Tensor, Tensor], Tensor]


def step_wise(model: SequenceModel, batch: Batch, own: Tensor, feed: Feed) -> tuple[Tensor, Tensor]:
    """Go through the columns one by one with gradient.

    Args:
        own: [B, T] bool, where something else than gold may be fed.
        feed: makes what is fed at a column from its logits [B, V], its gold tokens [B] or [B, D], and its `own` [B].

    Returns:
        The logits of all columns, [B, T, V], and what was fed, [B, T] or [B, T, D].
    """
    always_gold = int((~own).all(0).int().cumprod(0).sum())  # leading columns in which gold is fed to every row
    logits, state = model.prefill(batch.tokens[:, :0])
    seen, fed = [], []
    for column, (token, is_own) in enumerate(zip(batch.tokens.unbind(1), own.unbind(1), strict=True)):
        seen.append(logits)
        if column >= always_gold:
            token = feed(logits, token, is_own)
        fed.append(token)
        if column + 1 < batch.tokens.shape[1]:
            logits, state = model.step(token, state)
    return torch.stack(seen, 1), torch.stack(fed, 1)


def step_wise_nll(model: SequenceModel, batch: Batch, gold: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
    """Mean nats per own token of gold, given a prefix that mixes gold and own tokens as the loop goes on.

    Args:
        gold: [B, T] bool, where gold is fed.
        draw: how own tokens are drawn; gradient does not flow through the choice.

    Returns:
        The loss, a scalar, and what was fed, [B, T].
    """

    def feed(logits: Tensor, token: Tensor, is_own: Tensor) -> Tensor:
        return either(is_own, draw(logits.detach(), model.space), token)

    logits, fed = step_wise(model, batch, ~gold, feed)
    log_q = token_log_likelihood(logits, batch.tokens, batch.own)  # [B, T]
    return -mean_over_own(log_q, batch.own), fed


def unroll(model: SequenceModel, batch: Batch, gold_share: float) -> Tensor:
    """Feed gold_share * gold + (1 - gold_share) * the predicted mean, with gradient through it, in a continuous space.

    Share 1 is teacher forcing, 0 free running (generalised teacher forcing, Doya 1992; Hess et al. 2023, 2306.04406).

    Returns:
        [B, T, 2 D]: means and log standard deviations at each column.
    """

    def feed(prediction: Tensor, token: Tensor, is_own: Tensor) -> Tensor:
        mixed = gold_share * token + (1 - gold_share) * prediction.chunk(2, -1)[0]  # [B, D]
        return either(is_own, mixed, token)

    return step_wise(model, batch, batch.own, feed)[0]
