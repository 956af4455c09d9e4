"""A mixing probability that never reaches the roll-in."""

from benchmark.contracts import Baseline, Knob, Loss, token_nll


class DeadKnob(Baseline):
    """Scheduled sampling, so it says."""

    name, path, citation = "dead_knob", "step-wise", "@misc{broken}"
    gold_probability = Knob(0.5, low=0.0, high=1.0, help="probability of feeding gold")

    def loss(self, model, batch, ctx):
        return Loss(token_nll(model(ctx.roll_in(model, batch, 0.5)), batch))
