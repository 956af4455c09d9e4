"""Free running: always sampling (Bengio et al. 2015, arXiv 1506.03099, table 1)."""

from benchmark.contracts import Baseline, Batch, Context, Loss, SequenceModel, token_nll


class FreeRunning(Baseline):
    """Feed only the model's own tokens from the first update on; the target stays gold."""

    name = "free_running"
    path = "step-wise"
    citation = """@inproceedings{bengio2015scheduled,
  title = {Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks},
  author = {Bengio, Samy and Vinyals, Oriol and Jaitly, Navdeep and Shazeer, Noam},
  booktitle = {Advances in Neural Information Processing Systems}, year = {2015}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        fed = ctx.roll_in(model, batch, gold_probability=0.0)  # [B, T]
        nll = token_nll(model(fed), batch)
        return Loss(nll, nll=nll.item())
