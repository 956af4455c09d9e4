"""The pushforward trick (Brandstetter et al. 2022, arXiv 2202.03376).

Axes: B batch, T time (columns).
"""

import torch
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    mean_over_own,
    own_positions,
    token_log_likelihood,
)


class Pushforward(Baseline):
    """Roll so many own vectors without gradient from gold ones, and learn the prediction after them.

    A row is cut into blocks of `steps` own vectors and a gold one, from a random place on. What is learned is the
    prediction of the gold one (the paper's stability loss), or every prediction (its sum with the one-step loss).
    """

    name = "pushforward"
    path = "step-wise"
    needs = ("continuous",)
    reduces_to = (Reduction("teacher_forcing", {"steps": 0}),)
    steps = Knob(4, low=0, high=64, help="own vectors that are fed in a row")
    learned = Knob("all", choices=("last", "all"), help="the predictions of a block that enter the loss")
    citation = """@inproceedings{brandstetter2022message,
  title = {Message Passing Neural {PDE} Solvers},
  author = {Brandstetter, Johannes and Worrall, Daniel and Welling, Max},
  booktitle = {International Conference on Learning Representations}, year = {2022}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        last = self.last_of_blocks(batch, ctx.stream("blocks"))  # [B, T]
        fed = ctx.roll_in(model, batch, last.float())  # [B, T, D]
        log_q = token_log_likelihood(model(fed), batch.tokens, batch.own)  # [B, T]
        objective = -mean_over_own(log_q, last if self.learned == "last" else batch.own)
        return Loss(objective, nll=-mean_over_own(log_q.detach(), batch.own).item())

    def last_of_blocks(self, batch: Batch, stream: torch.Generator) -> Tensor:
        """Own columns before which a block of own vectors ends, [B, T] bool: at least one a row, each as likely."""
        before_first = torch.rand(len(batch), generator=stream).to(batch.tokens.device)  # [B]
        before_first = (before_first * batch.lengths.clamp_max(self.steps + 1)).long()[:, None]
        return batch.own & ((own_positions(batch.own) - 1 - before_first) % (self.steps + 1) == 0)
