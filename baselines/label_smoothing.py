"""Label smoothing (Szegedy et al. 2016, arXiv 1512.00567)."""

import torch

from benchmark.contracts import Baseline, Batch, Context, Knob, Loss, Reduction, SequenceModel, mean_over_own, token_nll


class LabelSmoothing(Baseline):
    """Teacher forcing whose target is gold mixed with the uniform distribution over the emitted symbols."""

    name = "label_smoothing"
    path = "parallel"
    needs = ("discrete",)
    reduces_to = (Reduction("teacher_forcing", {"smoothing": 0.0}),)
    smoothing = Knob(0.1, low=0.0, high=0.9, help="share of the uniform distribution in the target")
    citation = """@inproceedings{szegedy2016rethinking,
  title = {Rethinking the Inception Architecture for Computer Vision},
  author = {Szegedy, Christian and Vanhoucke, Vincent and Ioffe, Sergey and Shlens, Jon and Wojna, Zbigniew},
  booktitle = {Conference on Computer Vision and Pattern Recognition}, year = {2016}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        logits = model(batch.tokens)  # [B, T, V]
        nll = token_nll(logits, batch)
        emitted = logits[..., model.never == 0]  # [B, T, symbols that are emitted]
        uniform = -mean_over_own(emitted.log_softmax(-1).mean(-1), batch.own)
        return Loss(torch.lerp(nll, uniform, self.smoothing), nll=nll.item(), parts={"uniform": uniform.item()})
