"""Pieces that losses are made of.

Axes: B batch, T time, V vocabulary, D numbers in a vector.
"""

import math

import torch.nn.functional as F
from torch import Tensor

from benchmark.contracts.batch import Batch
from benchmark.contracts.context import Loss
from benchmark.contracts.model import SequenceModel

_NOT_OWN = -100


def token_log_likelihood(logits: Tensor, tokens: Tensor, own: Tensor) -> Tensor:
    """Log-probability in nats of each own token: logits [B, T, V], tokens [B, T], own [B, T] -> [B, T], 0 elsewhere.

    In a continuous space, tokens [B, T, D], it is the log-density of the Gaussian that `logits` [B, T, 2 D] describes.
    """
    if tokens.is_floating_point():
        return gaussian_log_density(logits, tokens).masked_fill(~own, 0.0)
    target = tokens.masked_fill(~own, _NOT_OWN).flatten()  # [B T]
    return -F.cross_entropy(logits.flatten(0, 1), target, ignore_index=_NOT_OWN, reduction="none").view_as(tokens)


def gaussian_log_density(prediction: Tensor, values: Tensor) -> Tensor:
    """Log-density in nats of values [..., D] under means and log standard deviations [..., 2 D]: [...]."""
    mean, log_deviation = prediction.chunk(2, -1)  # [..., D] each
    standardised = (values - mean) * (-log_deviation).exp()
    return (-0.5 * standardised.square() - log_deviation - 0.5 * math.log(2 * math.pi)).sum(-1)


def mean_over_own(values: Tensor, own: Tensor) -> Tensor:
    """Mean of values [B, T] over the positions in own [B, T]."""
    return (values * own).sum() / own.sum()


def token_nll(logits: Tensor, batch: Batch) -> Tensor:
    """Mean negative log-likelihood of the gold tokens, nats per own token, >= 0, lower is better. A scalar."""
    return -mean_over_own(token_log_likelihood(logits, batch.tokens, batch.own), batch.own)


def likelihood_loss(model: SequenceModel, batch: Batch) -> Loss:
    """Teacher forcing, which many methods start with: the `token_nll` on gold prefixes, in one parallel pass."""
    nll = token_nll(model(batch.tokens), batch)
    return Loss(nll, nll=nll.item())


def cross_entropy(p: Tensor, q: Tensor) -> Tensor:
    """Expected -log Q under P, in nats, over the last axis of two log-probabilities [..., V]; 0 log 0 is 0."""
    return -(p.exp() * q).masked_fill(p == float("-inf"), 0.0).sum(-1)


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(P || Q) in nats over the last axis of two log-probabilities [..., V]; 0 log 0 is 0, and it may be infinite."""
    terms = p.exp() * (p - q)
    return terms.masked_fill(p == float("-inf"), 0.0).sum(-1)
