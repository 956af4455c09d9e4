"""Scheduled sampling based on decoding steps (Liu et al. 2021, arXiv 2108.12963)."""

from benchmark.contracts import Baseline, Batch, Context, Knob, Loss, Reduction, SequenceModel, own_positions, token_nll


class DecodingStepScheduledSampling(Baseline):
    """Feed gold at the t-th own token with probability k^t: the further into the sequence, the more own tokens.

    Errors add up as a free run goes on, and so does what this method feeds. It is the same from the first update on.
    """

    name = "decoding_step_scheduled_sampling"
    path = "step-wise"
    reduces_to = (Reduction("teacher_forcing", {"k": 1.0}), Reduction("free_running", {"k": 0.0}))
    k = Knob(0.99, low=0.0, high=1.0, help="probability of feeding gold at the first own token; its power at the t-th")
    citation = """@inproceedings{liu2021decoding,
  title = {Scheduled Sampling Based on Decoding Steps for Neural Machine Translation},
  author = {Liu, Yijin and Meng, Fandong and Chen, Yufeng and Xu, Jinan and Zhou, Jie},
  booktitle = {Conference on Empirical Methods in Natural Language Processing}, year = {2021}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        fed = ctx.roll_in(model, batch, self.k ** own_positions(batch.own))  # [B, T]
        nll = token_nll(model(fed), batch)
        return Loss(nll, nll=nll.item())
