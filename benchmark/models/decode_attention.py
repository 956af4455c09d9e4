"""Attention of one new query a row over the keys and values of its prefix, by a compiled kernel (extra `kernel`).

It serves float32 on CPU without gradient where numba is installed, torch's batched products elsewhere. The last bits of
the two differ, so every record says which serves. The environment variable EBB_ATTENTION=torch switches the kernel off.

Axes: B batch, H heads, S columns, P pages, C columns of a page, D features of a head.
"""

import os
import warnings
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

import torch
import torch.nn.functional as F
from torch import Tensor

SWITCH = "EBB_ATTENTION"
PAGE = 16
"""Columns that the kernel reads of every row and head before it goes on."""

_NEAR = 1e-5  # of the kernel's answer to torch's
_failed: list[str] = []  # why the kernel cannot be had here


def backend() -> str:
    """Name what attends, without loading it: "numba" and its version, or "torch"."""
    if os.environ.get(SWITCH, "") == "torch" or _failed or find_spec("numba") is None:
        return "torch"
    return f"numba {version('numba')}"


def kernel_for(like: Tensor, features: int) -> Callable[..., None] | None:
    """The kernel for so many features of a head, where it serves tensors like this one; None where torch does."""
    suits = like.dtype == torch.float32 and like.device.type == "cpu" and not torch.is_grad_enabled()
    return load(features) if suits and not torch.is_autocast_enabled("cpu") else None


def load(features: int) -> Callable[..., None] | None:
    """Load the kernel for so many features of a head, or compile it: once in a process."""
    return None if backend() == "torch" else _loaded(features)


@cache
def _loaded(features: int) -> Callable[..., None] | None:
    try:
        from benchmark.models.kernels.decode import compiled

        found = compiled(features)
        if _right(found, features):
            return found
        _failed.append("its answer is not torch's")
    except Exception as problem:  # numba and this Python, NumPy or processor may not suit each other in many ways
        _failed.append(f"{type(problem).__name__}: {problem}")
    warnings.warn(f"the kernel of attention cannot be used, and torch serves instead: {_failed[-1]}", stacklevel=2)
    return None


def paged(keys: Tensor, values: Tensor) -> Tensor:
    """Lay out keys and values [B, H, S, D] as the kernel reads them: [P, B, H, 2, C, D], zeros behind the last."""
    columns = keys.shape[2]
    pages = -(-columns // PAGE)
    both = F.pad(torch.stack((keys, values), 2), (0, 0, 0, pages * PAGE - columns))  # [B, H, 2, P C, D]
    return both.unflatten(3, (pages, PAGE)).permute(3, 0, 1, 2, 4, 5).contiguous()


def _right(attend: Callable[..., None], features: int) -> bool:
    """Whether the kernel says what torch says where it reads a second page, which it has to begin."""
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        qkv = torch.randn(1, 3, 2, features, generator=generator)
        before = torch.randn(2, 1, 2, PAGE, features, generator=generator)  # keys and values, [1, 2, S, D] each
        held = torch.cat((paged(*before), torch.full((1, 1, 2, 2, PAGE, features), float("nan"))))
        slopes, mixed = torch.tensor([0.5, 0.25]), torch.empty(1, 2, features)
        attend(qkv.numpy(), held.numpy(), slopes.numpy(), PAGE, mixed.numpy())
        query, key, value = qkv[:, :, :, None].unbind(1)  # [1, 2, 1, D] each
        scores = query @ torch.cat((before[0], key), 2).mT + slopes[:, None, None] * torch.arange(-float(PAGE), 1)
        expected = (scores.softmax(-1) @ torch.cat((before[1], value), 2))[:, :, 0]  # [1, 2, D]
        written = torch.equal(held[1, :, :, :, 0], qkv[:, 1:].transpose(1, 2))
        return written and torch.allclose(mixed, expected, rtol=_NEAR, atol=_NEAR)
