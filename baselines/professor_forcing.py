"""Professor forcing (Lamb et al. 2016, arXiv 1610.09038).

Axes: B batch, T time (columns), E features.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Continuous,
    Knob,
    Learner,
    Loss,
    Reduction,
    Scorer,
    SequenceModel,
    fresh_model,
    likelihood_loss,
    token_nll,
)


class ProfessorForcing(Baseline):
    """Teacher forcing, and features that a discriminator cannot tell from those of a free run.

    The discriminator is a model of the same kind that reads features [B, T, E] in place of tokens. Its verdict on a
    sequence, gold-fed or own-fed, is the mean of its numbers at the own columns. The model fools it by the features on
    own tokens; no gradient flows through the draw of these. Own runs have gold's length.
    """

    name = "professor_forcing"
    path = "step-wise"
    reduces_to = (Reduction("teacher_forcing", {"weight": 0.0}),)
    weight = Knob(0.3, low=0.0, high=1.0, help="of fooling the discriminator, beside the likelihood")
    fools_by = Knob("own", choices=("own", "both"), help="whether gold-fed features are to look own-fed as well")
    learns_below = Knob(0.9, low=0.5, high=1.0, help="the discriminator is updated while its accuracy is below")
    fools_above = Knob(0.5, low=0.0, high=1.0, help="the model fools it while its accuracy is at least that much")
    discriminator_rate = Knob(3e-3, low=1e-4, high=1e-2, help="learning rate of the discriminator")
    citation = """@inproceedings{lamb2016professor,
  title = {Professor Forcing: A New Algorithm for Training Recurrent Networks},
  author = {Lamb, Alex and Goyal, Anirudh and Zhang, Ying and Zhang, Saizheng and Courville, Aaron and Bengio, Yoshua},
  booktitle = {Advances in Neural Information Processing Systems}, year = {2016}
}"""

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        reader = fresh_model(model, stream, Continuous(model.width), dropout=0.0)
        self.discriminator = Learner(Scorer(reader, stream), self.discriminator_rate)

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        if self.weight == 0:
            return likelihood_loss(model, batch)
        gold = model.hidden(batch.tokens)  # [B, T, E]
        own = model.hidden(ctx.roll_in(model, batch, gold_probability=0.0))
        nll = token_nll(model.project(gold), batch)
        accuracy = self.teach(gold.detach(), own.detach(), batch)
        objective = nll
        if accuracy >= self.fools_above:
            objective = nll + self.weight * self.fooling(gold, own, batch)
        return Loss(objective, nll=nll.item(), parts={"accuracy": accuracy})

    def verdict(self, features: Tensor, batch: Batch) -> Tensor:
        """Log-odds [B] that features [B, T, E] are gold-fed."""
        each = self.discriminator.module.after(features)[..., 0]  # [B, T]
        return (each * batch.own).sum(1) / batch.lengths

    def teach(self, gold: Tensor, own: Tensor, batch: Batch) -> float:
        """Update the discriminator, unless it is good enough; its accuracy before, in [0, 1]."""
        of_gold, of_own = self.verdict(gold, batch), self.verdict(own, batch)
        accuracy = torch.cat([of_gold > 0, of_own <= 0]).double().mean().item()
        if accuracy < self.learns_below:
            self.discriminator.step((F.softplus(-of_gold) + F.softplus(of_own)).mean())
        return accuracy

    def fooling(self, gold: Tensor, own: Tensor, batch: Batch) -> Tensor:
        """Nats by which the discriminator misses the wrong answer on own-fed (and gold-fed) features, a scalar."""
        fooled = F.softplus(-self.verdict(own, batch)).mean()
        if self.fools_by == "own":
            return fooled
        return fooled + F.softplus(self.verdict(gold, batch)).mean()
