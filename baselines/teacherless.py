"""Teacherless training (Bachmann & Nagarajan 2024, arXiv 2403.06963; Monea et al. 2023, arXiv 2311.13581)."""

import torch

from benchmark.contracts import Baseline, Batch, Context, Knob, Loss, Reduction, SequenceModel, token_nll


class Teacherless(Baseline):
    """Predict all own tokens of some sequences at once, without seeing any: each is fed as the start symbol.

    The other sequences are teacher-forced, so that the model can run freely in the ordinary way. What the two share is
    the prediction of the first own token, which must be planned for the sake of the later ones where these are unseen.
    """

    name = "teacherless"
    path = "parallel"
    needs = ("discrete",)
    reduces_to = (Reduction("teacher_forcing", {"share": 0.0}),)
    share = Knob(0.5, low=0.0, high=1.0, help="share of the sequences whose own tokens are not fed")
    citation = """@inproceedings{bachmann2024pitfalls,
  title = {The Pitfalls of Next-Token Prediction},
  author = {Bachmann, Gregor and Nagarajan, Vaishnavh},
  booktitle = {International Conference on Machine Learning}, year = {2024}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        unseen = torch.rand(len(batch), 1, generator=ctx.stream("unseen")).to(batch.tokens.device) < self.share
        fed = batch.tokens.masked_fill(batch.own & unseen, model.start)  # [B, T]
        nll = token_nll(model(fed), batch)
        return Loss(nll, nll=nll.item())
