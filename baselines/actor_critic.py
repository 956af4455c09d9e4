"""Actor-critic for sequences (Bahdanau et al. 2017, arXiv 1607.07086)."""

import copy

import torch
from torch import Tensor

from benchmark.contracts import (
    Baseline,
    Batch,
    Context,
    Discrete,
    Knob,
    Learner,
    Loss,
    Output,
    Reduction,
    Scorer,
    SequenceModel,
    at_next_own,
    average_weights,
    fresh_model,
    likelihood_loss,
    mean_over_own,
)


class ActorCritic(Baseline):
    """Raise the expected value of the next own token under a critic, which learns the return of every symbol there.

    The critic learns by temporal differences on the model's own runs: the value of a token is its reward plus the
    expected value at the next own token, under the current model and a slowly averaged copy of the critic. It sees what
    the model sees; the paper's critic reads gold as well. It begins to learn before the warm start ends, on the runs of
    a model that still learns by likelihood; in the paper the model waits.
    """

    name = "actor_critic"
    path = "step-wise"
    needs = ("reward", "discrete")
    reduces_to = (Reduction("teacher_forcing", {"warm_start": 1.0}),)
    warm_start = Knob(0.3, low=0.0, high=1.0, help="share of the budget spent on teacher forcing first")
    critic_start = Knob(0.15, low=0.0, high=1.0, help="share of the budget at which the critic begins to learn")
    critic_rate = Knob(0.003, low=1e-4, high=0.03, help="learning rate of the critic")
    target_rate = Knob(0.001, low=1e-4, high=1.0, help="share by which the copy follows the critic in an update")
    spread = Knob(0.001, low=0.0, high=1.0, help="weight of the penalty on the critic's spread over symbols")
    likelihood = Knob(0.1, low=0.0, high=10.0, help="weight of teacher forcing added to the objective")
    entropy = Knob(1.0, low=0.0, high=10.0, help="entropy bonus, in units of the task's reward temperature")
    citation = """@inproceedings{bahdanau2017actor,
  title = {An Actor-Critic Algorithm for Sequence Prediction},
  author = {Bahdanau, Dzmitry and Brakel, Philemon and Xu, Kelvin and Goyal, Anirudh and Lowe, Ryan and others},
  booktitle = {International Conference on Learning Representations}, year = {2017}
}"""

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        assert isinstance(model.space, Discrete)
        self.emits = torch.tensor(model.space.emits).to(model.device)
        scorer = Scorer(fresh_model(model, stream, dropout=0.0), stream, outputs=model.space.size)
        self.critic = Learner(scorer, self.critic_rate)
        self.slow_critic = copy.deepcopy(scorer).requires_grad_(False)

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        warm = ctx.progress < self.warm_start
        if warm and ctx.progress < self.critic_start:
            return likelihood_loss(model, batch)
        output = ctx.roll_out(model, batch)
        if warm:
            with torch.no_grad(), ctx.side_pass(model):
                log_pi = self.policy(model, output)
            self.judge(batch, output, log_pi, ctx)
            return likelihood_loss(model, batch)
        log_pi = self.policy(model, output)  # [B, T, A]
        values = self.judge(batch, output, log_pi.detach(), ctx)
        objective = -(self.expected(values, log_pi, ctx) * output.own).sum() / batch.own.sum()
        if self.likelihood > 0:
            objective = objective + self.likelihood * likelihood_loss(model, batch).objective
        return Loss(objective)

    def policy(self, model: SequenceModel, output: Output) -> Tensor:
        """Log-probabilities of the A symbols that may be emitted, [B, T, A], all of them finite."""
        return model(output.tokens)[..., self.emits].log_softmax(-1)

    def expected(self, values: Tensor, log_pi: Tensor, ctx: Context) -> Tensor:
        """Expected value at each column, with the entropy bonus: [B, T, A] each -> [B, T]."""
        bonus = -self.entropy * ctx.reward_temperature * log_pi
        return (log_pi.exp() * (values + bonus)).sum(-1)

    def judge(self, batch: Batch, output: Output, log_pi: Tensor, ctx: Context) -> Tensor:
        """Return the critic's values of all symbols, [B, T, A], and let it learn from the run."""
        values = self.critic.module.before(output.tokens)  # [B, T, V]
        with torch.no_grad():
            later = self.expected(self.slow_critic.before(output.tokens)[..., self.emits], log_pi, ctx)  # [B, T]
            target = ctx.reward(batch, output) + at_next_own(later, output.own)
        error = values.gather(-1, output.tokens[..., None]).squeeze(-1) - target  # [B, T]
        values = values[..., self.emits]
        spread = (values - values.mean(-1, keepdim=True)).square().sum(-1)  # [B, T]
        self.critic.step(mean_over_own(error.square() + self.spread * spread, output.own))
        average_weights(self.critic.module, self.slow_critic, 1 - self.target_rate)
        ctx.log(critic_error=float(mean_over_own(error.detach().square(), output.own).sqrt()))
        return values.detach()
