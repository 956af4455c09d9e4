"""Path-star graphs: go from the centre to the leaf that is named (Bachmann & Nagarajan 2024, arXiv 2403.06963).

Arms of equal length leave a centre, nodes have random labels, and edges come in random order. Only the step out of
the centre takes planning: given a gold prefix, every later node is read off an edge, so that teacher forcing learns to
follow edges and never to choose the arm. From the leaf back to the centre no step does (the positive control).

The prompt holds one symbol for each edge (source and target), then the centre and the leaf. Lengths count the nodes of
the path, the centre and the leaf included.

Axes: B batch, D arms, L nodes of a path, E = D (L - 1) edges, N labels, V = N + N^2 symbols, T = E + 2 + L columns.
"""

import math
from typing import ClassVar

import torch
from torch import Tensor

from benchmark.contracts import (
    Batch,
    Coordinates,
    Curve,
    Discrete,
    Metric,
    Output,
    Score,
    Split,
    Task,
    draw_of_split,
    multilinear_hash,
)

_ARMS = 2
_LABELS = 20
_NAMES = tuple("abcdefghijklmnopqrst")


def _hash(labels: Tensor) -> Tensor:
    """Hash of graphs by the labels of all nodes [B, 1 + E], [B]."""
    return multilinear_hash(labels, PathStar.name, PathStar.version, "split")


class PathStar(Task):
    """Find the path from the centre of a star of two arms to a leaf."""

    name = "path_star"
    backwards: ClassVar[bool] = False
    space = Discrete(
        _LABELS + _LABELS**2,
        emits=tuple(range(_LABELS)),
        symbols=(*_NAMES, *(f"{source}>{target}" for source in _NAMES for target in _NAMES)),
    )
    metric = Metric("exact match", "share of paths", "higher", 0.0, 1.0)
    curve = Curve("length", "nodes", ((3, 3), (4, 4), (5, 5)), trained=(3, 4))
    coordinates = Coordinates(
        failure="never learned",
        target="deterministic",
        recoverable="never",
        aligned=False,
        source="synthetic",
        given="prompt",
    )
    decoding = "greedy"
    floor = 1 / _ARMS  # into any arm, then along it
    ceiling = 1.0
    citation = """@inproceedings{bachmann2024pitfalls,
  title = {The Pitfalls of Next-Token Prediction},
  author = {Bachmann, Gregor and Nagarajan, Vaishnavh},
  booktitle = {International Conference on Machine Learning}, year = {2024}
}"""

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw graphs whose paths have one number of nodes: in training any, elsewhere the greatest asked for.

        No graph is in two splits: each split has its tenths of a hash of the graph, the order of the edges left out.
        """
        nodes = int(torch.randint(length[0], length[1] + 1, (), generator=stream)) if split == "train" else length[1]
        edges = _ARMS * (nodes - 1)

        def draw(rows: int) -> Tensor:
            return torch.rand(rows, _LABELS, generator=stream).argsort(1)[:, : 1 + edges]

        centre, others = draw_of_split(split, size, draw, _hash).split([1, edges], 1)
        arms = torch.cat([centre[:, None].expand(-1, _ARMS, 1), others.view(size, _ARMS, -1)], 2)  # [B, D, L]
        symbols = (_LABELS * (1 + arms[..., :-1]) + arms[..., 1:]).flatten(1)  # [B, E]
        shuffled = symbols.gather(1, torch.rand(symbols.shape, generator=stream).argsort(1))
        path = arms[:, 0]  # [B, L]; any arm will do, for the labels are random
        target = path.flip(1) if self.backwards else path
        tokens = torch.cat([shuffled, path[:, [0, -1]], target], 1)  # [B, T]
        given = (torch.arange(tokens.shape[1]) < edges + 2).expand(size, -1)
        return Batch(tokens, given, torch.ones_like(given))

    def score(self, batch: Batch, output: Output) -> Score:
        """Whether a path is right as a whole, [B].

        Under greedy decoding it is the same on gold prefixes: up to the first wrong node they are the model's own.
        """
        right = ((output.tokens == batch.tokens) | ~output.own).all(1).double()
        return Score(right, torch.ones_like(right))

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for a right step, [B, T]."""
        return (self.correct(batch, output.tokens) & output.own).float()

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """The step that is due with probability 1, [B, T, V]; uniform in the prompt.

        It goes on from the last node of the history, along its arm even where that is the wrong one; from a node
        without a step, or a label that is not in the graph, to the node of the right path at this place.
        """
        due = self._due(batch, history)
        log_p = torch.full((*history.shape, self.space.size), -math.inf, dtype=torch.float64)
        prompt = history.shape[1] - due.shape[1]
        log_p[:, :prompt, :_LABELS] = -math.log(_LABELS)
        log_p[:, prompt:].scatter_(-1, due[..., None], 0.0)
        return log_p

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The process itself: nothing goes on beside the steps, and one into the wrong arm cannot be undone."""
        return self.process(batch, history)

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Is it the step that is due after the history, [B, T]? In the wrong arm that is the next node of this arm."""
        due = self._due(batch, history)
        prompt = history.shape[1] - due.shape[1]
        return torch.cat([torch.ones_like(batch.given[:, :prompt]), history[:, prompt:] == due], 1)

    def _due(self, batch: Batch, history: Tensor) -> Tensor:
        """The node that is due at each place of the path after the history before it, [B, L]."""
        nodes = (batch.tokens.shape[1] - 2 + _ARMS) // (_ARMS + 1)
        edges = _ARMS * (nodes - 1)
        source, target = batch.tokens[:, :edges] // _LABELS - 1, batch.tokens[:, :edges] % _LABELS  # [B, E]
        nowhere = torch.full((len(source), _LABELS), -1)
        before = nowhere.scatter(1, target, source)  # [B, N], the node from which each is reached
        path = [batch.tokens[:, edges + 1, None]]  # from the leaf back
        for _ in range(nodes - 1):
            path.append(before.gather(1, path[-1]))
        right = torch.cat(path if self.backwards else path[::-1], 1)  # [B, L]
        step = before if self.backwards else nowhere.scatter(1, source, target).scatter(1, right[:, :1], right[:, 1:2])
        following = step.gather(1, history[:, edges + 2 : -1])  # [B, L - 1]
        return torch.cat([right[:, :1], torch.where(following < 0, right[:, 1:], following)], 1)


class PathStarReversed(PathStar):
    """Find the path from a leaf back to the centre (positive control)."""

    name = "path_star_reversed"
    backwards = True
    floor = 0.0  # labels at random: 20^-L
