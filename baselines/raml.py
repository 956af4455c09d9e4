"""Reward-augmented maximum likelihood (Norouzi et al. 2016, arXiv 1609.00150)."""

import math

import torch
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Discrete,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    token_nll,
)


class Raml(Baseline):
    """Teacher forcing on targets drawn around gold, proportional to exp(reward / tau).

    The reward is minus the Hamming distance over own tokens, not the task's: it is defined on every discrete task and,
    as a sum over positions, lets targets be drawn exactly, each token on its own. An edit distance, as in the paper,
    has to be sampled by approximation and would change gold's length. Of V symbols that a token may become, it stays
    with probability 1 / (1 + (V - 1) exp(-1 / tau)), else each other one is as likely; so at the same tau a large
    vocabulary loses more of gold. An end symbol neither changes nor comes up.
    """

    name = "raml"
    path = "parallel"
    needs = ("discrete",)
    reduces_to = (Reduction("teacher_forcing", {"tau": 0.0}),)
    tau = Knob(0.3, low=0.0, high=1.0, help="temperature of the targets, in substitutions; 0 leaves gold alone")
    citation = """@inproceedings{norouzi2016reward,
  title = {Reward Augmented Maximum Likelihood for Neural Structured Prediction},
  author = {Norouzi, Mohammad and Bengio, Samy and Chen, Zhifeng and Jaitly, Navdeep and Schuster, Mike and others},
  booktitle = {Advances in Neural Information Processing Systems}, year = {2016}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        assert isinstance(model.space, Discrete)
        target = Batch(self.draw(batch, model.space, ctx.stream("targets")), batch.given, batch.valid)
        logits = model(target.tokens)
        return Loss(token_nll(logits, target), nll=token_nll(logits.detach(), batch).item())

    def draw(self, batch: Batch, space: Discrete, stream: torch.Generator) -> Tensor:
        """Draw a target for each row, [B, T]."""
        gold = batch.tokens.cpu()
        symbols = torch.tensor([symbol for symbol in space.emits if symbol != space.end])  # [V]
        numbers = torch.full((space.size,), -1).index_put((symbols,), torch.arange(len(symbols)))
        number = numbers[gold]  # [B, T], -1 at tokens that stay
        others = len(symbols) - 1
        odds = others * math.exp(-1 / self.tau) if self.tau > 0 else 0.0
        changed = torch.rand(number.shape, generator=stream) < odds / (1 + odds)
        moves = torch.randint(1, max(others, 1) + 1, number.shape, generator=stream)
        other = symbols[(number + moves) % len(symbols)]
        changed = changed & batch.own.cpu() & (number >= 0)
        return torch.where(changed, other, gold).to(batch.tokens.device)
