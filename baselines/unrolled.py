"""Unrolled training: back-propagation through roll-outs that restart from gold.

Its gradient is that of back-propagation through time in an autonomous system (Teutsch & Maeder 2022, arXiv 2210.08959,
section 3), in stretches of a length that chaos allows.
"""

import torch
from torch import Tensor

from benchmark.contracts import Baseline, Batch, Context, Knob, Loss, Reduction, SequenceModel, token_nll


class Unrolled(Baseline):
    """Predict so many columns in a row, feeding the predicted means, with gradient; then feed gold once, and so on.

    With 1 each prediction follows a gold vector, which is teacher forcing; with as many as a row has own vectors, it is
    differentiable free running.
    """

    name = "unrolled"
    path = "step-wise"
    needs = ("continuous",)
    reduces_to = (
        Reduction("teacher_forcing", {"steps": 1}, same_operations=False),
        Reduction("generalised_teacher_forcing", {"steps": 1000}, {"alpha": 0.0}, same_operations=False),
    )
    steps = Knob(8, low=1, high=1000, help="predictions in a row, the first of them after a gold vector")
    citation = """@article{teutsch2022flipped,
  title = {Flipped Classroom: Effective Teaching for Time Series Forecasting},
  author = {Teutsch, Philipp and M{\\"a}der, Patrick},
  journal = {Transactions on Machine Learning Research}, year = {2022}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        position = torch.zeros_like(batch.lengths)  # [B], own columns so far

        def feed(prediction: Tensor, gold: Tensor, own: Tensor) -> Tensor:
            nonlocal position
            position = position + own
            rolled = own & (position % self.steps != 0)  # [B]
            return torch.where(rolled[:, None], prediction.chunk(2, -1)[0], gold)  # [B, D]

        nll = token_nll(ctx.step_wise(model, batch, feed), batch)
        return Loss(nll, nll=nll.item())
