"""Word dropout (Bowman et al. 2016, arXiv 1511.06349)."""

import torch

from benchmark.contracts import Baseline, Batch, Context, Knob, Loss, Reduction, SequenceModel, token_nll


class WordDropout(Baseline):
    """Teacher forcing in which own tokens are hidden from the model at random: the start symbol is fed instead."""

    name = "word_dropout"
    path = "parallel"
    needs = ("discrete",)
    reduces_to = (Reduction("teacher_forcing", {"rate": 0.0}),)
    rate = Knob(0.1, low=0.0, high=1.0, help="share of own tokens that are hidden")
    citation = """@inproceedings{bowman2016generating,
  title = {Generating Sentences from a Continuous Space},
  author = {Bowman, Samuel R. and Vilnis, Luke and Vinyals, Oriol and Dai, Andrew M. and Jozefowicz, Rafal and
    Bengio, Samy},
  booktitle = {Conference on Computational Natural Language Learning}, year = {2016}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        fed = torch.where(ctx.gold_positions(batch, 1 - self.rate), batch.tokens, model.start)  # [B, T]
        nll = token_nll(model(fed), batch)
        return Loss(nll, nll=nll.item())
