"""Entropy-rate drift (Braverman et al. 2020, arXiv 1906.05664): does a model grow surer or less sure as it runs freely?

E H(Q(. | prefix)) by position, on own and on gold prefixes; needs no oracle.

Axes: B batch, T time (columns), V vocabulary.
"""

import torch

from benchmark.contracts.batch import Output, own_positions
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.grid import SOURCES, Source
from benchmark.measuring.quality import finite
from benchmark.values import Point


class EntropyTally:
    """Collects the entropy of the next token by position and prefix source."""

    def __init__(self, positions: int) -> None:
        shape = (len(SOURCES), positions + 1)  # position 0 takes what is not the model's own
        self.total, self.count = torch.zeros(shape, dtype=torch.float64), torch.zeros(shape, dtype=torch.float64)

    def add(self, source: Source, output: Output) -> None:
        """Add a batch with its log-probabilities [B, T, V]."""
        assert output.log_probabilities is not None
        entropy = torch.special.entr(output.log_probabilities.double().exp()).sum(-1)  # [B, T] nats
        position = own_positions(output.own).clamp_max(self.count.shape[1] - 1).flatten()
        index = SOURCES.index(source)
        self.total[index].scatter_add_(0, position, entropy.flatten())
        self.count[index].scatter_add_(0, position, output.own.double().flatten())

    def put_into(self, result: Evaluated, buckets: tuple[tuple[int, int], ...]) -> None:
        """Enter the curves, and the drift on own prefixes from the first to the last bucket that was reached."""
        for source, total, count in zip(SOURCES, self.total, self.count, strict=True):
            values = [float(total[low : high + 1].sum() / count[low : high + 1].sum()) for low, high in buckets]
            pairs = zip(buckets, values, strict=True)
            result.curves[f"entropy_{source}"] = [
                Point(low=low, high=high, value=finite(v)) for (low, high), v in pairs
            ]
        reached = [point.value for point in result.curves["entropy_own"] if point.value is not None]
        drift = reached[-1] - reached[0] if len(reached) > 1 else float("nan")
        result.put("entropy_drift", drift, "nats per token, last bucket less first", "none", "one bucket was reached")
