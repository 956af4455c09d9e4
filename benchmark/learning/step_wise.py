"""The textbook loop: one step of the model a column, all of it differentiated.

Two users: the reference that rolling in without gradient and one parallel pass must equal, and methods whose gradient
flows through what is fed back. Everything else rolls in without gradient (`free_running`), at far less cost.

Axes: B batch, T time (columns), V vocabulary, D numbers in a vector.
"""

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch
from benchmark.contracts.context import Feed
from benchmark.contracts.losses import mean_over_own, token_log_likelihood
from benchmark.contracts.model import SequenceModel
from benchmark.learning.free_running import Draw, either


def step_wise(model: SequenceModel, batch: Batch, own: Tensor, feed: Feed) -> Tensor:
    """Go through the columns one by one with gradient; the logits of all, [B, T, V].

    Args:
        own: [B, T] bool, where something else than gold may be fed.
        feed: makes what is fed at a column, from the first in which a row has an own token on.
    """
    always_gold = int((~own).all(0).int().cumprod(0).sum())  # leading columns in which gold is fed to every row
    logits, state = model.prefill(batch.tokens[:, :0])
    seen = []
    for column, (token, is_own) in enumerate(zip(batch.tokens.unbind(1), own.unbind(1), strict=True)):
        seen.append(logits)
        if column >= always_gold:
            token = feed(logits, token, is_own)
        if column + 1 < batch.tokens.shape[1]:
            logits, state = model.step(token, state)
    return torch.stack(seen, 1)


def step_wise_nll(model: SequenceModel, batch: Batch, gold: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
    """Mean nats per own token of gold, given a prefix that mixes gold and own tokens as the loop goes on.

    Args:
        gold: [B, T] bool, where gold is fed.
        draw: how own tokens are drawn; gradient does not flow through the choice.

    Returns:
        The loss, a scalar, and what was fed, [B, T].
    """
    fed: list[Tensor] = []

    def feed(logits: Tensor, token: Tensor, is_own: Tensor) -> Tensor:
        fed.append(either(is_own, draw(logits.detach(), model.space), token))
        return fed[-1]

    logits = step_wise(model, batch, ~gold, feed)
    log_q = token_log_likelihood(logits, batch.tokens, batch.own)  # [B, T]
    prompt = batch.tokens[:, : batch.tokens.shape[1] - len(fed)]
    return -mean_over_own(log_q, batch.own), torch.cat([prompt, *(token[:, None] for token in fed)], 1)
