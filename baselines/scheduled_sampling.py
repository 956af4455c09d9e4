"""Scheduled sampling (Bengio et al. 2015, arXiv 1506.03099)."""

from typing import cast

from benchmark.contracts import (
    Batch,
    Coin,
    Context,
    Decoding,
    Knob,
    Loss,
    Reduction,
    Scheduled,
    SequenceModel,
    token_nll,
)


class ScheduledSampling(Scheduled):
    """Feed the model's own token instead of gold, more often as training goes on; the target stays gold.

    The draw is made given the mixed prefix, token by token, and no gradient flows through it: so the model rolls in
    first and then learns in one parallel pass over the tokens that were fed, which is exact.
    """

    name = "scheduled_sampling"
    path = "step-wise"
    reduces_to = (
        Reduction("teacher_forcing", {"end": 1.0}),
        Reduction("free_running", {"end": 0.0, "schedule": "constant"}),
    )
    draw = Knob("sample", choices=("sample", "greedy"), help="how own tokens are chosen")
    temperature = Knob(1.0, low=0.1, high=10.0, help="of a sample of own tokens", active_when={"draw": ("sample",)})
    citation = """@inproceedings{bengio2015scheduled,
  title = {Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks},
  author = {Bengio, Samy and Vinyals, Oriol and Jaitly, Navdeep and Shazeer, Noam},
  booktitle = {Advances in Neural Information Processing Systems}, year = {2015}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        gold_probability = self.gold_probability(ctx)
        coin, draw = cast(Coin, self.coin), cast(Decoding, self.draw)
        fed = ctx.roll_in(model, batch, gold_probability, coin, draw, self.temperature)  # [B, T]
        nll = token_nll(model(fed), batch)
        return Loss(nll, nll=nll.item(), parts={"gold_probability": gold_probability})
