"""The textbook loop of scheduled sampling: one step of the model a token, all of it differentiated.

Kept as the reference that rolling in without gradient and one parallel pass must equal, and as what their cost is
compared with. Nothing trains by it.

Axes: B batch, T time, V vocabulary.
"""

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch
from benchmark.contracts.losses import mean_over_own, token_log_likelihood
from benchmark.contracts.model import SequenceModel
from benchmark.learning.free_running import Draw


def step_wise_nll(model: SequenceModel, batch: Batch, gold: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
    """Mean nats per own token of gold, given a prefix that mixes gold and own tokens as the loop goes on.

    Args:
        gold: [B, T] bool, where gold is fed.
        draw: how own tokens are drawn; gradient does not flow through the choice.

    Returns:
        The loss, a scalar, and what was fed, [B, T].
    """
    always_gold = int(gold.all(0).int().cumprod(0).sum())  # leading columns in which nothing is drawn
    logits, state = model.prefill(batch.tokens[:, :0])
    seen, fed = [], []
    for column, (token, is_gold) in enumerate(zip(batch.tokens.unbind(1), gold.unbind(1), strict=True)):
        seen.append(logits)
        if column >= always_gold:
            token = torch.where(is_gold, token, draw(logits.detach()))
        fed.append(token)
        if column + 1 < batch.tokens.shape[1]:
            logits, state = model.step(token, state)
    log_q = token_log_likelihood(torch.stack(seen, 1), batch.tokens, batch.own)  # [B, T]
    return -mean_over_own(log_q, batch.own), torch.stack(fed, 1)
