"""Teacher forcing (Williams & Zipser 1989)."""

from benchmark.contracts import Baseline, Batch, Context, Loss, SequenceModel, token_nll


class TeacherForcing(Baseline):
    """Maximum likelihood given the gold prefix, in one parallel pass."""

    name = "teacher_forcing"
    path = "parallel"
    citation = """@article{williams1989learning,
  title = {A learning algorithm for continually running fully recurrent neural networks},
  author = {Williams, Ronald J. and Zipser, David},
  journal = {Neural Computation}, volume = {1}, number = {2}, pages = {270--280}, year = {1989}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        nll = token_nll(model(batch.tokens), batch)
        return Loss(nll, nll=nll.item())
