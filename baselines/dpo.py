"""Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290)."""

import torch

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    Start,
    bradley_terry,
    draw_samples,
    likelihood_loss,
    log_ratio,
    mean_over_own,
    pairwise,
    preferred_margin,
    ranking_accuracy,
)


class DPO(Baseline):
    """Make the better of two own samples more likely than the other, by more than at the start.

    The log-ratio to the start, times beta, is the score whose differences explain the preferences, which are made by
    the task's reward; ties teach nothing. Updates on pairs are made without dropout, so that the margin begins at 0.
    """

    name = "dpo"
    path = "step-wise"
    needs = ("reward", "discrete")
    reduces_to = (Reduction("teacher_forcing", {"warm_start": 1.0}),)
    warm_start = Knob(0.3, low=0.0, high=1.0, help="share of the budget spent on teacher forcing first")
    beta = Knob(0.1, low=0.01, high=1.0, help="nats of preference for each nat of the log-ratio to the start")
    sampler = Knob(
        "current", choices=("start", "current"), help="whose samples are compared: the start's or the model's"
    )
    samples = Knob(2, low=2, high=16, help="own sequences drawn for each input; each pair of them is compared")
    citation = """@inproceedings{rafailov2023direct,
  title = {Direct Preference Optimization: Your Language Model is Secretly a Reward Model},
  author = {Rafailov, Rafael and Sharma, Archit and Mitchell, Eric and Ermon, Stefano and others},
  booktitle = {Advances in Neural Information Processing Systems}, year = {2023}
}"""

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        self.start = Start(model)

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        if ctx.progress < self.warm_start:
            return likelihood_loss(model, batch)
        start = self.start.take(model)
        drawn = draw_samples(start if self.sampler == "start" else model, batch, ctx, self.samples)
        with ctx.side_pass(model):
            _, ratio = log_ratio(model, start, drawn.output)  # [B, T]
        margin = self.beta * pairwise(ratio.sum(1), self.samples)  # [N, P]
        figures = {
            "return": float(drawn.returns.mean()),
            "ties": drawn.ties,
            "margin": preferred_margin(margin, drawn.preference),
            "preference_accuracy": ranking_accuracy(margin, drawn.preference),
            "log_ratio": float(mean_over_own(ratio.detach(), drawn.output.own)),
        }
        return Loss(bradley_terry(margin, drawn.preference), parts=figures)
