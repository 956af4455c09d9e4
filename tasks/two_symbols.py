"""Two symbols, the second mostly equal to the first: scheduled sampling has a closed-form wrong answer (Huszar 2015).

Feed the first symbol from gold with probability eps and else from the model, and ask for gold's second one: where the
model's was fed, gold says nothing about it, so that training on this feed converges to

    Q*(x2 | x1) = eps P(x2 | x1) + (1 - eps) P(x2).

Axes: B batch, T <= 2 columns, K symbols.
"""

import math

import torch
from torch import Tensor

from benchmark.contracts import Batch, Coordinates, Curve, Discrete, FullSupportLanguage, Metric, Split

_SYMBOLS = 4
_AGREEMENT = 0.9


class TwoSymbols(FullSupportLanguage):
    """Model two symbols: the first uniform, the second equal to it with probability .9, else uniform on the others."""

    name = "two_symbols"
    space = Discrete(_SYMBOLS, symbols=tuple("abcd"))
    metric = Metric("KL(P||Q)", "nats per token", "lower", 0.0, None)
    curve = Curve("position", "symbols", ((1, 1), (2, 2)), trained=(2, 2))
    coordinates = Coordinates(
        failure="none (null control)",
        target="stochastic",
        recoverable="fully",
        aligned=False,
        source="synthetic",
        given="nothing",
    )
    decoding = "sample"
    floor = 0.4757  # the uniform model, over both symbols; the first adds nothing
    ceiling = 0.0
    controls = {
        "scheduled sampling, eps = .75": 0.0414,
        "scheduled sampling, eps = .5": 0.1293,
        "scheduled sampling, eps = .25": 0.2625,
        "scheduled sampling, eps = 0": 0.4757,
    }
    reward_temperature = 1.0
    citation = """@article{huszar2015not,
  title = {How (not) to Train your Generative Model: Scheduled Sampling, Likelihood, Adversary?},
  author = {Husz{\\'a}r, Ferenc}, journal = {arXiv preprint arXiv:1511.05101}, year = {2015}
}"""

    conditional = torch.full((_SYMBOLS,) * 2, (1 - _AGREEMENT) / (_SYMBOLS - 1), dtype=torch.float64).fill_diagonal_(
        _AGREEMENT
    )  # [K, K]

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw sequences of one or two symbols, all of one length.

        The splits share their 16 sequences: the score is a distance from the process itself, and knowing the
        frequencies of the data by heart is what is asked for.
        """
        symbols = int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        first = torch.randint(_SYMBOLS, (size,), generator=stream)  # [B]
        shift = torch.randint(1, _SYMBOLS, (size,), generator=stream)
        differs = torch.rand(size, generator=stream, dtype=torch.float64) >= _AGREEMENT
        tokens = torch.stack([first, (first + shift * differs) % _SYMBOLS], 1)[:, :symbols]  # [B, T]
        return Batch(tokens, torch.zeros_like(tokens, dtype=torch.bool), torch.ones_like(tokens, dtype=torch.bool))

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """P(symbol | the one before it), uniform for the first, [B, T, K]; total, because every pair has P > 0."""
        later = self.conditional.log()[history[:, :-1]]  # [B, T - 1, K]
        first = torch.full((len(history), 1, _SYMBOLS), -math.log(_SYMBOLS), dtype=torch.float64)
        return torch.cat([first, later], 1)
