"""A device that is not the CPU, on the CPU: what code must do for an accelerator, tested where there is none.

Tensors of the device wrap tensors of the host. As with an accelerator, an operation on tensors of both raises, and so
do factories that forget the device; unlike there, each result is bit for bit the host's.
"""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "emulated"
ATEN = torch.ops.aten
CROSSING = {ATEN.copy_.default, ATEN._to_copy.default}  # what may take from both devices
INDEXED = {ATEN.index.Tensor, ATEN.index_put_.default, ATEN.index_put.default, ATEN._index_put_impl_.default}
READ_BY_HOST = {ATEN._local_scalar_dense.default, ATEN.equal.default}

_setup_privateuseone_for_python_backend(NAME)


class Elsewhere(torch.Tensor):
    """A tensor of the device."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "Elsewhere":
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype,
            device=torch.device(NAME, 0),
        )  # fmt: skip
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise RuntimeError(f"{func} was called outside of `OtherDevice`")


class OtherDevice(TorchDispatchMode):
    """While it is entered, the device can be used.

    Attributes:
        looks: how often the host has waited for a number of the device.
    """

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, torch.Tensor)]
        there = [t for t in tensors if isinstance(t, Elsewhere)]
        self._check(func, args, tensors)
        self.looks += func in READ_BY_HOST and bool(there)
        goes_there = bool(there)
        if kwargs.get("device") is not None:
            goes_there = torch.device(kwargs["device"]).type == NAME
            kwargs["device"] = torch.device("cpu")
        elif func is ATEN.copy_.default:
            goes_there = isinstance(args[0], Elsewhere)
        plain_args, plain_kwargs = tree_map_only(Elsewhere, lambda t: t.held, (args, kwargs))
        result = func(*plain_args, **plain_kwargs)
        if not goes_there:
            return result
        known = {id(t.held): t for t in there}  # what an operation changed in place is still the same tensor
        return tree_map_only(torch.Tensor, lambda t: known[id(t)] if id(t) in known else Elsewhere(t), result)

    @staticmethod
    def _check(func: Any, args: Any, tensors: list[torch.Tensor]) -> None:
        if func in CROSSING:
            return
        if func in INDEXED:  # an accelerator takes indices from the host
            tensors = [args[0], *args[2:3]] if func is not ATEN.index.Tensor else [args[0]]
        kinds = {isinstance(t, Elsewhere) for t in tensors if isinstance(t, torch.Tensor) and t.dim() > 0}
        if len(kinds) > 1:
            raise RuntimeError(f"{func}: tensors of both devices: {[(t.device.type, tuple(t.shape)) for t in tensors]}")
