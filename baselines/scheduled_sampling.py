"""Scheduled sampling (Bengio et al. 2015, arXiv 1506.03099)."""

from typing import cast

from benchmark.contracts import (
    SCHEDULES,
    Baseline,
    Batch,
    Coin,
    Context,
    Decoding,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    token_nll,
)


class ScheduledSampling(Baseline):
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
    end = Knob(0.0, low=0.0, high=1.0, help="probability of feeding gold at the end of training; it starts at 1")
    schedule = Knob("inverse_sigmoid", choices=tuple(SCHEDULES), help="how the probability falls over training")
    coin = Knob("token", choices=("token", "sequence"), help="whether gold or own is decided per token or per sequence")
    draw = Knob("sample", choices=("sample", "greedy"), help="how own tokens are chosen")
    citation = """@inproceedings{bengio2015scheduled,
  title = {Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks},
  author = {Bengio, Samy and Vinyals, Oriol and Jaitly, Navdeep and Shazeer, Noam},
  booktitle = {Advances in Neural Information Processing Systems}, year = {2015}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        gold_probability = SCHEDULES[self.schedule](ctx.progress, self.end)
        fed = ctx.roll_in(model, batch, gold_probability, cast(Coin, self.coin), cast(Decoding, self.draw))  # [B, T]
        nll = token_nll(model(fed), batch)
        return Loss(nll, nll=nll.item(), parts={"gold_probability": gold_probability})
