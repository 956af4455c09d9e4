"""Pieces that losses are made of.

Axes: B batch, T time, V vocabulary.
"""

import torch.nn.functional as F
from torch import Tensor

from benchmark.contracts.batch import Batch

_NOT_OWN = -100


def token_log_likelihood(logits: Tensor, tokens: Tensor, own: Tensor) -> Tensor:
    """Log-probability in nats of each own token: logits [B, T, V], tokens [B, T], own [B, T] -> [B, T], 0 elsewhere."""
    target = tokens.masked_fill(~own, _NOT_OWN).flatten()  # [B T]
    return -F.cross_entropy(logits.flatten(0, 1), target, ignore_index=_NOT_OWN, reduction="none").view_as(tokens)


def mean_over_own(values: Tensor, own: Tensor) -> Tensor:
    """Mean of values [B, T] over the positions in own [B, T]."""
    return (values * own).sum() / own.sum()


def token_nll(logits: Tensor, batch: Batch) -> Tensor:
    """Mean negative log-likelihood of the gold tokens, nats per own token, >= 0, lower is better. A scalar."""
    return -mean_over_own(token_log_likelihood(logits, batch.tokens, batch.own), batch.own)


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(P || Q) in nats over the last axis of two log-probabilities [..., V]; 0 log 0 is 0, and it may be infinite."""
    terms = p.exp() * (p - q)
    return terms.masked_fill(p == float("-inf"), 0.0).sum(-1)
