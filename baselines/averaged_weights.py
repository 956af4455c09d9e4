"""Averaged weights (Block et al. 2023, arXiv 2310.11428)."""

import torch

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    average_weights,
    frozen_copy,
    likelihood_loss,
)


class AveragedWeights(Baseline):
    """Teacher forcing that deploys an exponential moving average of its weights.

    What a free run is worth may jump from update to update while the loss falls smoothly; the average jumps less. Early
    on it follows faster, at decay (1 + step) / (10 + step), so that the initial weights are soon forgotten.
    """

    name = "averaged_weights"
    path = "parallel"
    reduces_to = (Reduction("teacher_forcing", {"decay": 0.0}),)
    decay = Knob(0.99, low=0.0, high=0.9999, help="share of the average that an update keeps; 0 is no average")
    citation = """@inproceedings{block2024butterfly,
  title = {Butterfly Effects of {SGD} Noise: Error Amplification in Behavior Cloning and Autoregression},
  author = {Block, Adam and Foster, Dylan J. and Krishnamurthy, Akshay and Simchowitz, Max and Zhang, Cyril},
  booktitle = {International Conference on Learning Representations}, year = {2024}
}"""

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        self.average = frozen_copy(model)

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        self.present = min(self.decay, (1 + ctx.step) / (10 + ctx.step))
        return likelihood_loss(model, batch)

    def after_update(self, model: SequenceModel) -> None:
        average_weights(model, self.average, self.present)

    def deployed(self, model: SequenceModel) -> SequenceModel:
        return self.average
