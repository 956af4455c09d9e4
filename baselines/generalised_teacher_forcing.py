"""Generalised teacher forcing (Doya 1992; Hess et al. 2023, arXiv 2306.04406)."""

import torch
from torch import Tensor

from benchmark.contracts import SCHEDULES, Baseline, Batch, Context, Knob, Loss, Reduction, SequenceModel, token_nll


class GeneralisedTeacherForcing(Baseline):
    """Feed alpha * gold + (1 - alpha) * the predicted mean, with gradient through what is fed back.

    Schedules that change alpha over training are the curricula of Teutsch & Maeder (2022, arXiv 2210.08959): it falls
    to `alpha`, or with `increasing` rises from it. Hess et al. show that gradients do not explode where alpha is at
    least max(0, 1 - 1 / sigma), sigma being the largest singular value of the model's Jacobian along the series.
    """

    name = "generalised_teacher_forcing"
    path = "step-wise"
    needs = ("continuous",)
    reduces_to = (Reduction("teacher_forcing", {"alpha": 1.0}, same_operations=False),)
    alpha = Knob(0.5, low=0.0, high=1.0, help="share of gold in what is fed; with a schedule, at its low end")
    schedule = Knob("constant", choices=tuple(SCHEDULES), help="how alpha changes over training")
    citation = """@inproceedings{hess2023generalized,
  title = {Generalized Teacher Forcing for Learning Chaotic Dynamics},
  author = {Hess, Florian and Monfared, Zahra and Brenner, Manuel and Durstewitz, Daniel},
  booktitle = {International Conference on Machine Learning}, year = {2023}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        alpha = SCHEDULES[self.schedule](ctx.progress, self.alpha)

        def feed(prediction: Tensor, gold: Tensor, own: Tensor) -> Tensor:
            mean = prediction.chunk(2, -1)[0]  # [B, D]
            return torch.where(own[:, None], alpha * gold + (1 - alpha) * mean, gold)

        nll = token_nll(ctx.step_wise(model, batch, feed), batch)
        return Loss(nll, nll=nll.item(), parts={"alpha": alpha})
