"""Multi-token prediction (Gloeckle et al. 2024, arXiv 2404.19737).

Axes: B batch, T time (columns), E features, L own tokens of the longest row.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    seeded,
    token_log_likelihood,
    token_nll,
)


class Heads(nn.ModuleList):
    """Perceptrons on features [..., E], one for each further token.

    Attributes:
        read: columns read so far.
    """

    def __init__(self, heads: int, width: int) -> None:
        super().__init__(
            nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)) for _ in range(heads)
        )
        self.register_buffer("read", torch.tensor(0))

    read: Tensor


class MultiToken(Baseline):
    """Predict not only the next own token but those after it as well, from the same features.

    Each further head is a perceptron on the features, where the paper has a block of the transformer, before the
    output layer that all share. The heads are dropped at deployment.
    """

    name = "multi_token"
    path = "parallel"
    reduces_to = (Reduction("teacher_forcing", {"tokens": 1}),)
    tokens = Knob(4, low=1, high=8, help="own tokens that are predicted at each, the next one included")
    citation = """@inproceedings{gloeckle2024better,
  title = {Better \\& Faster Large Language Models via Multi-token Prediction},
  author = {Gloeckle, Fabian and Youbi Idrissi, Badr and Rozi{\\`e}re, Baptiste and Lopez-Paz, David
    and Synnaeve, Gabriel},
  booktitle = {International Conference on Machine Learning}, year = {2024}
}"""

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        with seeded(int(torch.randint(2**62, (), generator=stream))):
            self.heads = Heads(self.tokens - 1, model.width).to(next(model.parameters()))

    def parameters(self) -> Iterator[nn.Parameter]:
        return self.heads.parameters()

    def evaluations(self, model: SequenceModel) -> int:
        sizes = [sum(parameter.numel() for parameter in network.parameters()) for network in (self.heads, model)]
        return round(3 * int(self.heads.read) * sizes[0] / sizes[1])  # forward and backward

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        features = model.hidden(batch.tokens)  # [B, T, E]
        self.heads.read += batch.given.numel()
        nll = token_nll(model.project(features), batch)
        objective, parts = nll, {}
        for ahead, head in enumerate(self.heads, start=1):
            further = self.further_nll(model, head(features), batch, ahead)
            objective, parts[f"nll_{ahead}_ahead"] = objective + further, further.item()
        return Loss(objective, nll=nll.item(), parts=parts)

    @staticmethod
    def further_nll(model: SequenceModel, features: Tensor, batch: Batch, ahead: int) -> Tensor:
        """Nats per own token of predicting, at each own token, the own token so many later, where there is one."""
        own_first = batch.own.int().argsort(dim=1, descending=True, stable=True)  # [B, T]
        columns = own_first[:, : int(batch.lengths.max())]  # [B, L]
        row = torch.arange(len(batch), device=columns.device)[:, None]
        present = batch.own[row, columns][:, ahead:]
        logits = model.project(features[row, columns][:, : present.shape[1]])  # [B, L - ahead, V]
        log_q = token_log_likelihood(logits, batch.tokens[row, columns][:, ahead:], present)
        return -log_q.sum() / batch.own.sum()
