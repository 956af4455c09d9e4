"""Dyck language: brackets of four types, at most six deep (Dyck-(4, 6) of Hewitt et al. 2020, arXiv 2010.07515).

A sequence is a prefix of an endless process and need not close what it opened. With nothing open a bracket is opened,
six deep the last one is closed, and else either has probability 1/2; an opened type is uniform.

Axes: B batch, T time, K types, D greatest depth, V = 2 K symbols.
"""

import torch
from torch import Tensor

from benchmark.contracts import Batch, Coordinates, Curve, Discrete, Metric, SparseLanguage, Split

_TYPES = 4
_DEPTH = 6
_OPENING = torch.tensor([1.0, *[0.5] * (_DEPTH - 1), 0.0], dtype=torch.float64)  # [D + 1] P(open | depth)


class DyckLanguage(SparseLanguage):
    """Model nested brackets of four types, at most six deep.

    The stack is defined after every symbol: a close of the wrong type takes the last bracket off like the right one,
    and an opening beyond the greatest depth or a close with nothing open changes nothing.
    """

    name = "dyck_language"
    space = Discrete(2 * _TYPES, symbols=tuple("([{<)]}>"))
    metric = Metric("invalid rate", "share of own tokens", "lower", 0.0, 1.0)
    curve = Curve("position", "symbols", ((1, 4), (5, 8), (9, 16), (17, 32), (33, 64), (65, 128)), trained=(32, 32))
    coordinates = Coordinates(
        failure="compounding",
        target="stochastic",
        recoverable="fully",
        aligned=False,
        source="synthetic",
        given="nothing",
    )
    decoding = "sample"
    floor = 0.459  # the uniform model; in closed form in the tests, like the controls
    ceiling = 0.0
    controls = {"uniform model on gold prefixes": 0.425, "right depth, guessed types": 0.366}
    citation = """@inproceedings{hewitt2020rnns,
  title = {{RNNs} can generate bounded hierarchical languages with optimal memory},
  author = {Hewitt, John and Hahn, Michael and Ganguli, Surya and Liang, Percy and Manning, Christopher D.},
  booktitle = {Empirical Methods in Natural Language Processing}, year = {2020}
}"""

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw sequences, all of one length; there are so many that splits need no more than streams of their own."""
        symbols = int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        coins = torch.rand(size, symbols, generator=stream, dtype=torch.float64)
        types = torch.randint(_TYPES, (size, symbols), generator=stream)  # [B, T]
        depth, columns = torch.zeros(size, dtype=torch.int64), []
        for coin in coins.unbind(1):
            columns.append(coin < _OPENING[depth])
            depth = depth + torch.where(columns[-1], 1, -1)  # [B]
        opens = torch.stack(columns, 1)  # [B, T]
        tokens = torch.where(opens, types, _TYPES + self._stack(opens, types)[1])
        return Batch(tokens, torch.zeros_like(opens), torch.ones_like(opens))

    @staticmethod
    def _stack(opens: Tensor, types: Tensor) -> tuple[Tensor, Tensor]:
        """Depth before each column and the type on top, [B, T] each; the type means nothing where the depth is 0.

        Args:
            opens: [B, T] bool, whether the symbol opens a bracket.
            types: [B, T] in [0, K), read only where it does.
        """
        depths = [torch.zeros_like(types[:, 0])]
        for move in torch.where(opens, 1, -1).unbind(1):
            depths.append((depths[-1] + move).clamp(0, _DEPTH))
        depth = torch.stack(depths, 1)  # [B, T + 1]
        pushed = depth[:, 1:] > depth[:, :-1]  # [B, T]
        level = torch.arange(1, _DEPTH + 1)[:, None, None]
        column = torch.arange(1, types.shape[1] + 1)
        latest = (column * (pushed & (depth[:, 1:] == level))).cummax(2).values  # [D, B, T] last push to each level
        latest = torch.nn.functional.pad(latest, (1, 0))[..., :-1]  # before each column, 0 where there was none
        depth = depth[:, :-1]
        place = latest.gather(0, (depth - 1).clamp_min(0)[None])[0] - 1  # [B, T]
        return depth, types.gather(1, place.clamp_min(0))

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """P(symbol | stack after the history), [B, T, V]."""
        depth, top = self._stack(history < _TYPES, history % _TYPES)
        opening = _OPENING[depth][..., None]  # [B, T, 1]
        closing = (1 - opening) * torch.nn.functional.one_hot(top, _TYPES)  # [B, T, K]
        return torch.cat([(opening / _TYPES).expand_as(closing), closing], -1).log()
