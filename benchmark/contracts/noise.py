"""Random tokens and noise."""

from collections.abc import Sequence

import torch
from torch import Tensor

from benchmark.contracts.model import SequenceModel


def random_tokens(model: SequenceModel, like: Tensor, stream: torch.Generator) -> Tensor:
    """Draw symbols uniformly from those that the model may emit, in the shape of `like`."""
    emitted = (model.never == 0).nonzero()[:, 0]  # [symbols that are emitted]
    return emitted[torch.randint(len(emitted), like.shape, generator=stream).to(like.device)]


def gumbel(shape: Sequence[int], dtype: torch.dtype, generator: torch.Generator) -> Tensor:
    """Draw standard Gumbel noise: the argmax of logits plus this is a sample of their softmax (Gumbel 1954)."""
    return torch.rand(shape, dtype=dtype, generator=generator).log_().neg_().log_().neg_()
