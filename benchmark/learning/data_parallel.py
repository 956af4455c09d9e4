"""One training spread over several processes: each takes a share of every batch, and gradients are summed.

Every rank holds the whole model and the same data order, so all take the same step. A mean over own tokens, which is
what losses are here, comes out as that of one process, to rounding. What a method draws differs from rank to rank.
"""

from dataclasses import replace
from typing import Any

import torch
import torch.distributed as dist

from benchmark.contracts.batch import Batch
from benchmark.contracts.context import Loss
from benchmark.errors import NotApplicable
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.loop import Trainer


class ParallelTrainer(Trainer):
    """Training by all ranks of torch's process group, which has been initialised.

    Raises:
        NotApplicable: if the method keeps something of its own between updates, or a batch has fewer rows than ranks.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.rank, self.ranks = dist.get_rank(), dist.get_world_size()
        if self.rank:
            self.within = Origin(f"{self.origin.task} rank {self.rank}", self.origin.seed)
        if kept := self.baseline.state_dict():
            raise NotApplicable(f"{self.baseline.name} keeps {', '.join(kept)}, which would differ from rank to rank")
        if self.settings.batch < self.ranks:
            raise NotApplicable(f"a batch of {self.settings.batch} cannot be shared by {self.ranks} ranks")

    def loss(self, batch: Batch, ctx: UpdateContext) -> Loss:
        """This rank's part of the loss of a batch: every n-th row, weighted by its share of own tokens."""
        part = batch.select(slice(self.rank, None, self.ranks))
        weight = int(part.own.sum()) / int(batch.own.sum())
        loss = super().loss(part, ctx)
        return replace(loss, objective=weight * loss.objective, nll=weight * loss.nll)

    def differentiate(self, loss: Loss) -> Loss:
        """Sum the gradients over all ranks, and return the loss of the whole batch."""
        super().differentiate(loss)
        with_gradient = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        for gradient in with_gradient:
            dist.all_reduce(gradient)
        objective, nll = self._sum(loss.objective.item(), loss.nll)
        return replace(loss, objective=torch.tensor(objective, dtype=torch.float64), nll=nll)

    def evaluations(self) -> int:
        """Tokens through the models of all ranks."""
        return int(self._sum(super().evaluations())[0])

    def _sum(self, *numbers: float) -> list[float]:
        summed = torch.tensor(numbers, dtype=torch.float64, device=self.parameters[0].device)
        dist.all_reduce(summed)
        return summed.tolist()
