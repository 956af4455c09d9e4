"""EB-M (He et al. 2021, arXiv 1905.10617): does the next token's marginal go wrong after the model's own prefixes?

Whatever the prefixes, the tokens at a position have a marginal distribution. EB-M(t) is how far the model's is from
that of the data after own prefixes, over how far it is after gold prefixes; 1 means no exposure bias. It averages over
prefixes, so it sees what the output looks like as a whole and nothing of what goes wrong within a sequence.

Axes: B batch, T time (columns), L positions of own tokens, V vocabulary.
"""

import torch
from torch import Tensor

from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.exposure import safe_ratio
from benchmark.measuring.positions import Buckets, slots
from benchmark.measuring.quality import points
from benchmark.measuring.runs import Runs

_KINDS = ("data", "gold", "own")


class MarginalTally:
    """Collects marginals by bucket of positions: of the data's tokens, and of the model after gold and own prefixes.

    Half of the sequences give the data's marginal and the other half the prefixes, so that gold and own prefixes are
    equally far from the data by chance: a model that is the process has a ratio near 1. The distance is the total
    variation, in [0, 1]; with N independent tokens in a bucket its noise floor is about sqrt(V / N).
    """

    def __init__(self, symbols: int, positions: int, buckets: Buckets) -> None:
        self.buckets = buckets
        shape = (len(_KINDS), positions + 2, symbols)
        self.total = torch.zeros(shape, dtype=torch.float64)  # [3, L + 2, V]

    def add(self, runs: Runs) -> None:
        """Add a batch: gold tokens, and the model on gold and on its sampled prefixes."""
        gold, own = runs.gold, runs.free["sample"]
        assert gold.log_probabilities is not None
        assert own.log_probabilities is not None
        tokens = torch.nn.functional.one_hot(runs.batch.tokens[0::2], self.total.shape[2])  # [B / 2, T, V]
        parts = (tokens, gold.log_probabilities[1::2].exp(), own.log_probabilities[1::2].exp())
        where = (runs.batch.own[0::2], gold.own[1::2], own.own[1::2])
        for index, (values, there) in enumerate(zip(parts, where, strict=True)):
            slot = slots(there, self.total.shape[1])  # [B T / 2]
            self.total[index].index_add_(0, slot, values.double().flatten(0, 1))

    def put_into(self, result: Evaluated) -> None:
        """Enter both distances and EB-M by bucket, and those over all positions."""
        buckets = self.buckets
        sums = torch.stack([self.total[:, low : high + 1].sum(1) for low, high in buckets], 1)  # [3, buckets, V]
        after_gold, after_own = _distances(sums)
        for name, values in (("gold", after_gold), ("own", after_own), ("ratio", safe_ratio(after_own, after_gold))):
            result.curves[f"marginal_{name}_TV"] = points(buckets, values.tolist())
        count = sums[0].sum(-1)  # [buckets]
        gold, own = ((part * count)[count > 0].sum() / count.sum() for part in (after_gold, after_own))
        unit = "total variation of the next token's marginal to the data's"
        result.put("marginal_gold_TV", float(gold), unit, "lower")
        result.put("marginal_own_TV", float(own), unit, "lower")
        undefined = "undefined: no distance after gold prefixes to compare with"
        ratio = float(safe_ratio(own, gold))
        result.put("exposure_marginal_ratio", ratio, "EB-M, own over gold prefixes", "lower", undefined)


def _distances(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Total variation of the model's marginals to the data's, [buckets] each, from sums [3, buckets, V]."""
    data, gold, own = sums / sums.sum(-1, keepdim=True)  # [buckets, V] each
    return 0.5 * (gold - data).abs().sum(-1), 0.5 * (own - data).abs().sum(-1)
