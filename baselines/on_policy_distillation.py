"""On-policy distillation: generalised knowledge distillation (Agarwal et al. 2024, arXiv 2306.13649).

With the reverse divergence its target is that of MiniLLM (Gu et al. 2024, arXiv 2306.08543).

Axes: N own tokens of a batch, V emitted symbols.
"""

import math

import torch
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Knob,
    Learner,
    Loss,
    Reduction,
    SequenceModel,
    fresh_model,
    kl_divergence,
    token_nll,
)


def jensen_shannon(p: Tensor, q: Tensor, beta: float) -> Tensor:
    """Return beta KL(P || M) + (1 - beta) KL(Q || M), M = beta P + (1 - beta) Q, of log-probabilities [..., V].

    Near 0 it is beta KL(P || Q), near 1 it is (1 - beta) KL(Q || P).
    """
    mixture = torch.logaddexp(p + math.log(beta), q + math.log1p(-beta))
    return beta * kl_divergence(p, mixture) + (1 - beta) * kl_divergence(q, mixture)


class OnPolicyDistillation(Baseline):
    """Come near to a teacher's distribution on the model's own sequences, a share of them or all; the rest are gold.

    The teacher is the task's expert (own tokens are actions), its process (they are evidence), or a larger model that
    is learned from gold first. No gradient flows through the draw of a sequence.
    """

    name = "on_policy_distillation"
    path = "step-wise"
    reduces_to = (Reduction("teacher_forcing", {"teacher": "learned", "teaching": 1.0}),)
    own = Knob(0.5, low=0.0, high=1.0, help="share of sequences that are the model's own")
    teacher = Knob("expert", choices=("expert", "process", "learned"), help="whose distribution is the target")
    divergence = Knob(
        "jensen_shannon",
        choices=("forward_kl", "reverse_kl", "jensen_shannon"),
        help="KL(teacher || model), KL(model || teacher), or what lies between them",
    )
    beta = Knob(
        0.5,
        low=0.05,
        high=0.95,
        help="from forward (towards 0) to reverse (towards 1)",
        active_when={"divergence": ("jensen_shannon",)},
    )
    teacher_floor = Knob(
        1e-3,
        low=1e-6,
        high=0.1,
        help="share of the uniform distribution in the teacher's, whose zeros would make the divergence infinite",
        active_when={"divergence": ("reverse_kl",)},
    )
    teaching = Knob(
        0.3,
        low=0.0,
        high=1.0,
        help="share of the budget in which the teacher is learned, and the model teacher-forced",
        active_when={"teacher": ("learned",)},
    )
    teacher_width = Knob(2, low=1, high=4, help="times the model's width", active_when={"teacher": ("learned",)})
    teacher_rate = Knob(
        3e-3, low=1e-4, high=1e-2, help="the teacher's learning rate", active_when={"teacher": ("learned",)}
    )
    citation = """@inproceedings{agarwal2024onpolicy,
  title = {On-Policy Distillation of Language Models: Learning from Self-Generated Mistakes},
  author = {Agarwal, Rishabh and Vieillard, Nino and Zhou, Yongchao and Stanczyk, Piotr and Ramos, Sabela
    and Geist, Matthieu and Bachem, Olivier},
  booktitle = {International Conference on Learning Representations}, year = {2024}
}"""

    @property
    def needs(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What the task must have: a teacher, unless it is learned."""
        return ("discrete",) if self.teacher == "learned" else (self.teacher, "discrete")

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        if self.teacher == "learned":
            larger = fresh_model(model, stream, width=self.teacher_width * model.width, dropout=0.0)
            self.learner = Learner(larger, self.teacher_rate)

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        if self.teacher == "learned" and ctx.progress < self.teaching:
            lesson = token_nll(self.learner.module(batch.tokens), batch)
            self.learner.step(lesson)
            nll = token_nll(model(batch.tokens), batch)
            return Loss(nll, nll=nll.item(), parts={"teacher_nll": lesson.item()})
        fed = ctx.roll_in(model, batch, 1 - self.own, coin="sequence")  # [B, T]
        logits = model(fed)  # [B, T, V]
        q = logits[batch.own].log_softmax(-1)  # [N, V]
        emitted = q.isfinite().any(0)  # [V] bool
        p = self.target(batch, fed, ctx)[batch.own].to(q)
        distance = self.distance(p[:, emitted], q[:, emitted])  # [N]
        return Loss(distance.mean(), nll=token_nll(logits.detach(), batch).item())

    def target(self, batch: Batch, fed: Tensor, ctx: Context) -> Tensor:
        """Log-probabilities [B, T, V] of the teacher on the history that was fed."""
        if self.teacher == "learned":
            with torch.no_grad():
                return self.learner.module(fed).log_softmax(-1)
        return (ctx.expert if self.teacher == "expert" else ctx.process)(batch, fed)

    def distance(self, p: Tensor, q: Tensor) -> Tensor:
        """Divergence [N] in nats between the log-probabilities [N, V] of teacher and model, >= 0."""
        if self.divergence == "forward_kl":
            return kl_divergence(p, q)
        if self.divergence == "jensen_shannon":
            return jensen_shannon(p, q, self.beta)
        uniform = torch.full_like(p, math.log(self.teacher_floor / p.shape[1]))
        return kl_divergence(q, torch.logaddexp(p + math.log1p(-self.teacher_floor), uniform))
