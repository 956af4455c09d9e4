"""What a method may ask for during an update (the `Context` of the contracts).

Axes: B batch, T time, V vocabulary.
"""

from contextlib import AbstractContextManager
from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.context import Coin, Feed
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Decoding, Task
from benchmark.errors import NotApplicable
from benchmark.learning.free_running import Draw, flip_coins, roll_in, roll_out, side_pass
from benchmark.learning.parallel_roll_in import parallel_roll_in
from benchmark.learning.step_wise import step_wise

_MEASURED_EVERY = 64  # updates
_HOST = torch.device("cpu")  # where tasks compute


class Origin(NamedTuple):
    """What every stream of a run is named by: all methods on the same task and seed share it."""

    task: str
    seed: int


class UpdateContext:
    """The context of one update. Its streams are named by task, seed, their own name and the step, never by method."""

    def __init__(self, task: Task, origin: Origin, step: int, progress: float) -> None:
        self._task, self._origin = task, origin
        self.step, self.progress = step, progress
        self.reward_temperature = task.reward_temperature
        self.figures: dict[str, float] = {}

    def stream(self, name: str) -> torch.Generator:
        """Return this step's generator of that name."""
        return stream(*self._origin, name, self.step)

    def side_pass(self, model: SequenceModel) -> AbstractContextManager[None]:
        """Evaluate a model without dropout."""
        return side_pass(model)

    def gold_positions(self, batch: Batch, gold_probability: float | Tensor, coin: Coin = "token") -> Tensor:
        """Decide where gold is fed, [B, T] bool, and log its share among own positions."""
        gold = flip_coins(batch, gold_probability, coin, self.stream("coin"))
        self.log(fed_gold=float(gold[batch.own].float().mean()))
        return gold

    def roll_in(
        self,
        model: SequenceModel,
        batch: Batch,
        gold_probability: float | Tensor,
        coin: Coin = "token",
        decoding: Decoding = "sample",
        temperature: float = 1.0,
    ) -> Tensor:
        """Mix gold and own tokens [B, T]; no gradient. Logs the share of own positions where gold was fed."""
        gold = self.gold_positions(batch, gold_probability, coin)
        return roll_in(model, batch, gold, Draw(decoding, self.stream("draw"), temperature))

    def parallel_roll_in(
        self,
        model: SequenceModel,
        batch: Batch,
        gold_probability: float,
        passes: int,
        coin: Coin = "token",
        decoding: Decoding = "sample",
        temperature: float = 1.0,
    ) -> Tensor:
        """Approach `roll_in` by parallel passes; no gradient.

        Now and then it logs the share of own positions at which the result is not that of `roll_in`, which is not
        counted in the budget.
        """
        gold = self.gold_positions(batch, gold_probability, coin)
        fed = parallel_roll_in(model, batch, gold, Draw(decoding, self.stream("draw"), temperature), passes)
        if self.step % _MEASURED_EVERY == _MEASURED_EVERY - 1:
            counted = model.evaluations
            exact = roll_in(model, batch, gold, Draw(decoding, self.stream("draw"), temperature))
            model.evaluations = counted
            # the vectors of the two paths are equal but for rounding
            differs = ~torch.isclose(fed, exact, rtol=0, atol=1e-3)
            self.log(differs_from_exact=float(differs[batch.own].double().mean()))
        return fed

    def roll_out(self, model: SequenceModel, batch: Batch, decoding: Decoding = "sample") -> Output:
        """Let the model run freely; no gradient."""
        return roll_out(model, self._task, batch, Draw(decoding, self.stream("draw")))

    def step_wise(self, model: SequenceModel, batch: Batch, feed: Feed, own: Tensor | None = None) -> Tensor:
        """Go through the columns one by one with gradient, feeding what `feed` makes; logits [B, T, V]."""
        return step_wise(model, batch, batch.own if own is None else own, feed)

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """The task's reward [B, T] of each own token."""
        task = self._ask("reward")
        return task.reward(batch.to(_HOST), output.to(_HOST)).to(batch.tokens.device)

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """The task's process [B, T, V]."""
        return self._ask("process").process(batch.to(_HOST), history.to(_HOST)).to(history.device)

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The task's expert [B, T, V]."""
        return self._ask("expert").expert(batch.to(_HOST), history.to(_HOST)).to(history.device)

    def log(self, **figures: float) -> None:
        """Report figures of this update."""
        self.figures |= figures

    def _ask(self, capability: str) -> Task:
        if not self._task.has(capability):
            raise NotApplicable(f"needs {capability}, which the task does not have; declare it in the method's `needs`")
        return self._task
