"""Proximal policy optimisation: several updates on the same roll-outs (Schulman et al. 2017, arXiv 1707.06347).

Axes: B rows, T time (columns).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_SMALLEST_DEVIATION = 1e-6


def clipped_objective(log_q: Tensor, old_log_q: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """What is minimised for each token, [B, T]: there is no gain from moving its probability further than the clip.

    Args:
        log_q, old_log_q: [B, T] log-likelihood of the token now and when it was drawn.
        advantage: [B, T].
        clip: the ratio of both likelihoods counts within [1 - clip, 1 + clip].
    """
    ratio = (log_q - old_log_q).exp()
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)


def group_relative(returns: Tensor, samples: int) -> Tensor:
    """Returns [B, T] less the mean of their input's samples at each column, over their deviation (GRPO).

    Args:
        returns: the samples of an input in adjoining rows.
        samples: how many an input has, >= 2.
    """
    groups = returns.view(-1, samples, returns.shape[1])  # [N, samples, T]
    deviation = groups.std(1, keepdim=True, correction=0)
    return ((groups - groups.mean(1, keepdim=True)) / (deviation + _SMALLEST_DEVIATION)).view_as(returns)


class RollOuts:
    """Roll-outs that more than one update learns from.

    Attributes:
        tensors: by name.
        figures: what to report about them.
        left: updates that are still to learn from them.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.figures: dict[str, float] = {}
        self.left = 0

    def keep(self, updates: int, figures: dict[str, float], **tensors: Tensor) -> None:
        """Keep new roll-outs for so many updates."""
        self.tensors = {name: tensor.detach() for name, tensor in tensors.items()}
        self.figures, self.left = figures, updates

    def take(self) -> dict[str, Tensor]:
        """Return them for one more update."""
        self.left -= 1
        return self.tensors

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        return {"tensors": dict(self.tensors), "figures": dict(self.figures), "left": self.left}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.tensors, self.figures, self.left = dict(state["tensors"]), dict(state["figures"]), state["left"]
