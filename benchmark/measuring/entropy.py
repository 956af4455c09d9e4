"""Entropy-rate drift (Braverman et al. 2020, arXiv 1906.05664): does a model grow surer or less sure as it runs freely?

E H(Q(. | prefix)) by position, on own and on gold prefixes; needs no oracle.

Axes: B batch, T time (columns), V vocabulary.
"""

import torch

from benchmark.contracts.batch import Output
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.grid import SOURCES, Source
from benchmark.measuring.positions import Buckets, slots
from benchmark.measuring.quality import points
from benchmark.measuring.runs import Runs


class EntropyTally:
    """Collects the entropy of the next token by position and prefix source."""

    def __init__(self, positions: int, buckets: Buckets) -> None:
        self.buckets = buckets
        shape = (len(SOURCES), positions + 2)
        self.total, self.count = torch.zeros(shape, dtype=torch.float64), torch.zeros(shape, dtype=torch.float64)

    def add(self, runs: Runs) -> None:
        """Add a batch: gold prefixes and the sampled run's."""
        self.add_prefixes("gold", runs.gold)
        self.add_prefixes("own", runs.free["sample"])

    def add_prefixes(self, source: Source, output: Output) -> None:
        """Add an output with its log-probabilities [B, T, V]."""
        assert output.log_probabilities is not None
        log_q = output.log_probabilities
        entropy = -(log_q.exp() * log_q.clamp_min(-1e4)).sum(-1).double()  # [B, T] nats; 0 log 0 is 0
        slot, index = slots(output.own, self.count.shape[1]), SOURCES.index(source)
        self.total[index].scatter_add_(0, slot, entropy.flatten())
        self.count[index].scatter_add_(0, slot, output.own.double().flatten())

    def put_into(self, result: Evaluated) -> None:
        """Enter the curves, and the drift on own prefixes from the first to the last bucket that was reached."""
        for source, total, count in zip(SOURCES, self.total, self.count, strict=True):
            values = [float(total[low : high + 1].sum() / count[low : high + 1].sum()) for low, high in self.buckets]
            result.curves[f"entropy_{source}"] = points(self.buckets, values)
        reached = [point.value for point in result.curves["entropy_own"] if point.value is not None]
        drift = reached[-1] - reached[0] if len(reached) > 1 else float("nan")
        result.put("entropy_drift", drift, "nats per token, last bucket less first", "none", "one bucket was reached")
