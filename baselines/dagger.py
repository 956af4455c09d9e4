"""DAgger: dataset aggregation (Ross et al. 2011, arXiv 1011.0686)."""

from benchmark.contracts import (
    SCHEDULES,
    Baseline,
    Batch,
    Context,
    Knob,
    Loss,
    Reduction,
    SequenceModel,
    cross_entropy,
    token_nll,
)


class Dagger(Baseline):
    """Learn what the task's expert would do on the history that was fed, which is gold or the model's own.

    The mixture is by whole sequence, as in the paper, whose expert and policy take turns by trajectory. Nothing is
    aggregated: the model's stream of fresh data and small updates stand in for the growing data set.
    """

    name = "dagger"
    path = "step-wise"
    needs = ("expert", "discrete")
    reduces_to = (
        Reduction(
            "on_policy_distillation",
            {"schedule": "constant"},
            {"own": 0.5, "teacher": "expert", "divergence": "forward_kl"},
            same_operations=False,
        ),
    )
    end = Knob(0.5, low=0.0, high=1.0, help="probability of a gold sequence at the end of training; it starts at 1")
    schedule = Knob("linear", choices=tuple(SCHEDULES), help="how the probability falls over training")
    citation = """@inproceedings{ross2011reduction,
  title = {A Reduction of Imitation Learning and Structured Prediction to No-Regret Online Learning},
  author = {Ross, St{\\'e}phane and Gordon, Geoffrey and Bagnell, Drew},
  booktitle = {International Conference on Artificial Intelligence and Statistics}, year = {2011}
}"""

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        gold_probability = SCHEDULES[self.schedule](ctx.progress, self.end)
        fed = ctx.roll_in(model, batch, gold_probability, coin="sequence")  # [B, T]
        logits = model(fed)  # [B, T, V]
        target = ctx.expert(batch, fed)[batch.own].to(logits)  # [own tokens, V]
        objective = cross_entropy(target, logits[batch.own].log_softmax(-1)).mean()
        nll = token_nll(logits.detach(), batch).item()
        return Loss(objective, nll=nll, parts={"gold_probability": gold_probability})
