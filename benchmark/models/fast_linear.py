"""Linear layers by oneDNN for float32 on CPU, where torch's default library may reach less than half of the speed.

The operator and its gradient are those of `F.linear`; where it cannot be used, `F.linear` itself is. The environment
variable EBB_LINEAR=torch switches it off. Which one serves is recorded in every record.

Axes: M rows, K features in, N features out.
"""

import os
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

SWITCH = "EBB_LINEAR"
_SMALLEST = 2**20  # multiplications; below it the operator's overhead outweighs its speed


@cache
def _operator() -> Any:
    """The oneDNN operator, or None where this build or machine has none that gives the right answer."""
    try:
        found = torch.ops.mkldnn._linear_pointwise.default
        x, weight = torch.arange(6.0).view(2, 3), torch.arange(12.0).view(4, 3)
        right = torch.equal(found(x, weight, None, "none", [], ""), x @ weight.t())
    except (AttributeError, RuntimeError, NotImplementedError):
        return None
    return found if right else None


def backend() -> str:
    """Name what float32 linear layers on CPU are computed by: "onednn" or "torch"."""
    return "torch" if os.environ.get(SWITCH, "") == "torch" or _operator() is None else "onednn"


class _OneDNN(torch.autograd.Function):
    """y = x W^T + b for x [M, K], W [N, K], b [N]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _operator()(x, weight, bias, "none", [], "")

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            _operator()(gradient, weight.t(), None, "none", [], "") if of_x else None,  # [M, K]
            _operator()(gradient.t(), x.t(), None, "none", [], "") if of_weight else None,  # [N, K]
            gradient.sum(0) if of_bias else None,
        )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b for x [..., K], W [N, K], b [N]: [..., N]."""
    if not _serves(x, weight):
        return F.linear(x, weight, bias)
    rows = x.reshape(-1, x.shape[-1])  # [M, K]
    if torch.is_grad_enabled():
        return _OneDNN.apply(rows, weight, bias).view(*x.shape[:-1], -1)
    return _operator()(rows, weight, bias, "none", [], "").view(*x.shape[:-1], -1)


def packed(weight: Tensor, rows: int) -> Tensor:
    """A weight [N, K] as oneDNN reads it best in products without gradient with so many rows; unchanged elsewhere."""
    if not _worthwhile(rows * weight.numel(), weight):
        return weight
    return torch.ops.mkldnn._reorder_linear_weight(weight.detach().contiguous(), rows)


def gelu_of(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """GELU of x W^T + b for x [M, K] and W [N, K], without gradient."""
    if _serves(x, weight):
        return _operator()(x, weight, bias, "gelu", [], "none")
    return F.gelu(F.linear(x, weight, bias))


def sum_of(x: Tensor, weight: Tensor, other: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b + other for x [M, K], W [N, K] and other [M, N], without gradient."""
    if _serves(x, weight):
        return torch.ops.mkldnn._linear_pointwise.binary(x, other, weight, bias, "add")
    return F.linear(x, weight, bias) + other


def _serves(x: Tensor, weight: Tensor) -> bool:
    return weight.is_mkldnn or (x.dtype == weight.dtype and _worthwhile(x.numel() * len(weight), weight))


def _worthwhile(multiplications: int, weight: Tensor) -> bool:
    suits = weight.dtype == torch.float32 and weight.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    return suits and multiplications >= _SMALLEST and backend() == "onednn"


class Linear(nn.Linear):
    """A linear layer by `linear`."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  torch names it so
        """[..., K] -> [..., N]."""
        return linear(input, self.weight, self.bias)
