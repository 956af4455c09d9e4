"""The likelihood of gold's replies by turn, after gold earlier turns and after own ones; needs no right or wrong.

The user's turns and the reply up to each token are gold's in both, so the difference is the effect of the own earlier
replies. Not all of it is a fault: gold's reply may have become a worse one.

Axes: B batch, T time (columns).
"""

from dataclasses import dataclass, field

import torch

from benchmark.contracts.dialogues import DialogueTask
from benchmark.contracts.losses import token_log_likelihood
from benchmark.contracts.model import SequenceModel
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.exposure import safe_ratio
from benchmark.measuring.prefixes import columns_up_to, cut, gold_positions, splice
from benchmark.measuring.quality import points
from benchmark.measuring.runs import Runs

_ROWS = 128


@dataclass
class ReplyTally:
    """Collects the log-likelihood of the replies in the last turn of each bucket, on the first sequences.

    Attributes:
        total: nats by source, gold and own, and bucket.
        tokens: own tokens, likewise.
    """

    model: SequenceModel
    task: DialogueTask
    rows: int = 0
    total: torch.Tensor = field(init=False)
    tokens: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.turns = [high for _, high in self.task.curve.buckets]
        self.total, self.tokens = torch.zeros(2, 2, len(self.turns), dtype=torch.float64)

    def add(self, runs: Runs) -> None:
        """Add a batch: gold prefixes and those of the main free run."""
        rows = slice(max(_ROWS - self.rows, 0))
        batch, main = runs.batch.select(rows), runs.main.select(rows)
        if not len(batch):
            return
        self.rows += len(batch)
        turn_of_gold, turn_of_own = gold_positions(self.task, batch), self.task.positions(main)
        for index, turn in enumerate(self.turns):
            earlier = columns_up_to(turn_of_gold, turn - 1)
            rest = cut(batch, columns_up_to(turn_of_gold, turn))
            after_own = splice(main, columns_up_to(turn_of_own, turn - 1), rest, ~earlier[:, : rest.own.shape[1]])
            here = after_own.own & (gold_positions(self.task, after_own) == turn)
            found = token_log_likelihood(self.model(after_own.tokens), after_own.tokens, here)
            there = turn_of_gold == turn
            self.total[0, index] -= (runs.log_likelihood[rows] * there).double().sum()
            self.total[1, index] -= found.double().sum()
            self.tokens[:, index] += torch.stack([there.sum(), here.sum()])

    def put_into(self, result: Evaluated) -> None:
        """Enter both curves, and what the own turns cost in the last turn."""
        nats = safe_ratio(self.total, self.tokens)
        ends = [(turn, turn) for turn in self.turns]
        for source, values in zip(("gold", "own"), nats, strict=True):
            result.curves[f"reply_nll_after_{source}_turns"] = points(ends, values.tolist())
        unit = f"nats per own token of turn {self.turns[-1]}, after own less after gold turns"
        result.put("cost_of_own_turns", float(nats[1, -1] - nats[0, -1]), unit, "lower")
