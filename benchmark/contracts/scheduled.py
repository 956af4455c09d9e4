"""What methods share that feed gold with a probability that changes over training."""

from benchmark.contracts.baseline import Baseline
from benchmark.contracts.context import Context
from benchmark.contracts.knobs import Knob
from benchmark.contracts.schedules import SCHEDULES


class Scheduled(Baseline):
    """A method that feeds gold with a probability of 1 at first and of `end` at last, or as its schedule says."""

    end = Knob(0.0, low=0.0, high=1.0, help="probability of feeding gold at the end of training; it starts at 1")
    schedule = Knob("inverse_sigmoid", choices=tuple(SCHEDULES), help="how the probability falls over training")
    coin = Knob("token", choices=("token", "sequence"), help="whether gold or own is decided per token or per sequence")

    def gold_probability(self, ctx: Context) -> float:
        """Probability of feeding gold in this update, in [0, 1]."""
        return SCHEDULES[self.schedule](ctx.progress, self.end)
