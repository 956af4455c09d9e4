"""Parallel scheduled sampling (Duckworth et al. 2019, arXiv 1906.04331)."""

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


class ParallelScheduledSampling(Scheduled):
    """Scheduled sampling whose own tokens are drawn by a few parallel passes instead of column by column.

    One pass draws every own token given the gold prefix (Mihaylova & Martins 2019, arXiv 1906.07651), so that errors
    do not compound; each further pass draws given what the pass before fed. The log says at what share of own positions
    the tokens differ from those of scheduled sampling with the same noise (`differs_from_exact`).
    """

    name = "parallel_scheduled_sampling"
    path = "k passes"
    reduces_to = (
        Reduction("teacher_forcing", {"end": 1.0}),
        Reduction("scheduled_sampling", {"passes": 1000}, same_operations=False),
    )
    passes = Knob(2, low=1, high=1000, help="parallel passes, fewer where nothing changes any more")
    draw = Knob("sample", choices=("sample", "greedy"), help="how own tokens are chosen")
    temperature = Knob(1.0, low=0.1, high=10.0, help="of a sample of own tokens", active_when={"draw": ("sample",)})
    citation = """@article{duckworth2019parallel,
  title = {Parallel Scheduled Sampling},
  author = {Duckworth, Daniel and Neelakantan, Arvind and Goodrich, Ben and Kaiser, Lukasz and Bengio, Samy},
  journal = {arXiv preprint arXiv:1906.04331}, year = {2019}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        gold_probability = self.gold_probability(ctx)
        coin, draw = cast(Coin, self.coin), cast(Decoding, self.draw)
        fed = ctx.parallel_roll_in(model, batch, gold_probability, self.passes, coin, draw, self.temperature)  # [B, T]
        nll = token_nll(model(fed), batch)
        return Loss(nll, nll=nll.item(), parts={"gold_probability": gold_probability})
