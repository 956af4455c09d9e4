"""Reinforcement learning from preferences (Christiano et al. 2017, 1706.03741; Ouyang et al. 2022, 2203.02155)."""

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
    RewardModel,
    RollOuts,
    Samples,
    SequenceModel,
    Start,
    bradley_terry,
    clipped_objective,
    copy_weights,
    draw_samples,
    fresh_model,
    group_relative,
    leave_one_out,
    likelihood_loss,
    log_ratio,
    mean_over_own,
    pairwise,
    ranking_accuracy,
    reward_to_go,
    sequence_reward,
    token_log_likelihood,
    token_nll,
)


class RLHF(Baseline):
    """Learn from pairs of own samples which is the better one, then raise that score, held close to the start.

    Teacher forcing goes on while the reward model learns from preferences made by the task's reward. Then several
    updates, without dropout, learn from the same roll-outs by clipped likelihood ratios, which begin at 1.

    Gold's likelihood is learned throughout, by the reward model, whose judgement would otherwise fall behind that of
    the policy it starts from, and by the policy ("PPO-ptx"), which would otherwise forget under the noise of scores.
    """

    name = "rlhf"
    version = 2
    path = "step-wise"
    needs = ("reward", "discrete")
    reduces_to = (Reduction("teacher_forcing", {"warm_start": 1.0}),)
    warm_start = Knob(0.5, low=0.0, high=1.0, help="share of the budget spent on teacher forcing alone")
    reward_share = Knob(0.2, low=0.05, high=0.5, help="share of the budget in which the reward model learns as well")
    reward_rate = Knob(1e-3, low=1e-4, high=1e-2, help="learning rate of the reward model")
    reward_start = Knob("policy", choices=("policy", "fresh"), help="weights that the reward model starts from")
    reward_likelihood = Knob(10.0, low=0.0, high=100.0, help="weight of gold's likelihood beside preferences")
    online = Knob(True, help="whether the reward model goes on learning while the policy does")
    samples = Knob(4, low=2, high=16, help="own sequences drawn for each input; each pair of them is compared")
    thinned = Knob(False, help="whether only one input in `samples` is sampled: as many rows as gold has")
    epochs = Knob(2, low=1, high=8, help="updates of the policy that learn from the same roll-outs")
    clip = Knob(0.2, low=0.05, high=0.5, help="how far a likelihood ratio counts, where epochs is above 1")
    advantage = Knob(
        "leave_one_out",
        choices=("leave_one_out", "group_relative"),
        help="return less the others' mean (Ahmadian et al. 2024, 2402.14740), or standardised (GRPO, 2402.03300)",
    )
    credit = Knob("reward_to_go", choices=("reward_to_go", "sequence"), help="the scores that a token answers for")
    kl = Knob(0.3, low=0.0, high=1.0, help="weight of the log-ratio to the start in the reward of a token")
    entropy = Knob(0.0, low=0.0, high=10.0, help="entropy bonus, in units of the task's reward temperature")
    likelihood = Knob(1.0, low=0.0, high=100.0, help="weight of gold's likelihood beside scores")
    citation = """@inproceedings{ouyang2022training,
  title = {Training Language Models to Follow Instructions with Human Feedback},
  author = {Ouyang, Long and Wu, Jeffrey and Jiang, Xu and Almeida, Diogo and others},
  booktitle = {Advances in Neural Information Processing Systems}, year = {2022}
}"""

    def build(self, model: SequenceModel, stream: torch.Generator) -> None:
        self.reward_model = Learner(RewardModel(fresh_model(model, stream, dropout=0.0), stream), self.reward_rate)
        self.start, self.roll_outs = Start(model), RollOuts()

    def loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        if ctx.progress >= min(self.warm_start + self.reward_share, 1.0):
            with ctx.side_pass(model):
                return self.policy_loss(model, batch, ctx)
        if ctx.progress >= self.warm_start:
            if self.reward_start == "policy" and self.reward_model.untrained:
                copy_weights(model, self.reward_model.module.trunk)
            self.score(draw_samples(model, batch, ctx, self.samples, self.thinned), batch, ctx, learn=True)
        return likelihood_loss(model, batch)

    def score(self, drawn: Samples, gold: Batch, ctx: Context, learn: bool) -> Tensor:
        """Scores of own tokens, [B, T], whose sum is that of a sample; then learn from the preferences and gold."""
        with torch.set_grad_enabled(learn):
            scores = self.reward_model.module.scores(drawn.output)
            margin = pairwise(scores.sum(1), self.samples)
        ctx.log(reward_model_accuracy=ranking_accuracy(margin, drawn.preference))  # before it learns from them
        if learn:
            nll = token_nll(self.reward_model.module.trunk(gold.tokens), gold) if self.reward_likelihood else 0.0
            self.reward_model.step(bradley_terry(margin, drawn.preference) + self.reward_likelihood * nll)
        return scores.detach()

    def policy_loss(self, model: SequenceModel, batch: Batch, ctx: Context) -> Loss:
        """The clipped objective on new roll-outs or on those that are kept, beside gold's likelihood."""
        if self.roll_outs.left == 0:
            with torch.no_grad():
                drawn = draw_samples(model, batch, ctx, self.samples, self.thinned)
                log_q, ratio = log_ratio(model, self.start.take(model), drawn.output)  # [B, T] each
            returns = self.returns(self.score(drawn, batch, ctx, self.online), log_q, ratio, ctx)
            tokens, own = drawn.output.tokens, drawn.output.own
            figures = {"return": drawn.returns.mean().item(), "kl": mean_over_own(ratio, own).item()}
            advantage = self.relative(returns) * own / drawn.batch.own.sum()  # by gold's count: own lengths are random
            self.roll_outs.keep(self.epochs, figures, tokens=tokens, own=own, log_q=log_q, advantage=advantage)
        kept = self.roll_outs.take()
        log_q = token_log_likelihood(model(kept["tokens"]), kept["tokens"], kept["own"])
        objective = clipped_objective(log_q, kept["log_q"], kept["advantage"], self.clip).sum()
        if not self.likelihood:
            return Loss(objective, parts=self.roll_outs.figures)
        nll = token_nll(model(batch.tokens), batch)
        return Loss(objective + self.likelihood * nll, nll.item(), self.roll_outs.figures)

    def returns(self, scores: Tensor, log_q: Tensor, ratio: Tensor, ctx: Context) -> Tensor:
        """What each token answers for: scores, less the penalty, with the entropy bonus; all [B, T]."""
        reward = scores - self.kl * ratio - self.entropy * ctx.reward_temperature * log_q
        return reward_to_go(reward) if self.credit == "reward_to_go" else sequence_reward(reward)

    def relative(self, returns: Tensor) -> Tensor:
        """Returns [B, T] relative to those of the other samples of the same input."""
        grouped = self.advantage == "group_relative"
        return group_relative(returns, self.samples) if grouped else returns - leave_one_out(returns, self.samples)
