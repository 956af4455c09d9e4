"""Attention of one new query a row over the keys and values of its prefix, by a compiled kernel (extra `kernel`).

It serves float32 on CPU without gradient where numba is installed, torch's batched products elsewhere. The last bits of
the two differ, so every record says which serves. The environment variable EBB_ATTENTION=torch switches the kernel off.

Axes: B batch, H heads, D features of a head.
"""

import os
import warnings
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

import torch
from torch import Tensor

SWITCH = "EBB_ATTENTION"
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


def _right(attend: Callable[..., None], features: int) -> bool:
    """Whether the kernel says what torch says after nine columns, which takes each of its loops."""
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        qkv = torch.randn(1, 3, 2, features, generator=generator)
        held = torch.randn(1, 2, 10, 2, features, generator=generator)
        slopes, mixed = torch.tensor([0.5, 0.25]), torch.empty(1, 2, features)
        attend(qkv.numpy(), held.numpy(), slopes.numpy(), 9, mixed.numpy())
        query, keys, values = qkv[:, 0, :, None], held[:, :, :, 0], held[:, :, :, 1]  # [1, 2, 1 or 10, D]
        scores = query @ keys.mT + slopes[:, None, None] * torch.arange(-9.0, 1.0)  # [1, 2, 1, 10]
        expected = (scores.softmax(-1) @ values)[:, :, 0]
        written = torch.equal(keys[:, :, 9], qkv[:, 1]) and torch.equal(values[:, :, 9], qkv[:, 2])
        return written and torch.allclose(mixed, expected, rtol=_NEAR, atol=_NEAR)
