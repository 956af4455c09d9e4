"""What a computation asks of the memory, and on what it spends its time."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark.models.prefix_states import KernelState
from benchmark.reporting.throughput import KINDS


class Work(NamedTuple):
    """What one call did.

    Attributes:
        bytes_moved: sizes of what each operation reads and writes: what a machine without caches would move.
        peak_bytes: the most memory held at once beyond what was held before.
        shares: of the time inside of torch's operations and of the kernel of attention, by `KINDS`; 1 together.
    """

    bytes_moved: int
    peak_bytes: int
    shares: dict[str, float]


_KIND_OF = {
    "addmm": "matrix products",
    "mm": "matrix products",
    "linear": "matrix products",
    "linear_pointwise": "matrix products",
    "reorder_linear_weight": "matrix products",
    "rnn_layer": "matrix products",
    "scaled_dot_product": "attention",
    "bmm": "attention",
    "baddbmm": "attention",
    "attend": "attention",
    "copy": "copies",
    "cat": "copies",
    "fill": "copies",
}
"""Beginnings of the names of operations, without their namespaces; the longest that fits decides."""


def work_of(call: Callable[[], object]) -> Work:
    """Call twice, once watching the operations and once clock and allocator."""
    with _Counting() as counted, _attending_within(counted.attending):
        call()
    profile = _profile(call)
    return Work(counted.bytes_moved, _peak_bytes(profile), _shares(profile))


def peak_bytes(call: Callable[[], object]) -> int:
    """The most memory on the CPU that a call held at once, beyond what was held before it, in bytes."""
    return _peak_bytes(_profile(call))


def _profile(call: Callable[[], object]) -> Any:
    activities = [torch.profiler.ProfilerActivity.CPU]
    named = _attending_within(lambda state, layer: torch.profiler.record_function("ebb::attend"))
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile, named:
        call()
    return profile


@contextmanager
def _attending_within(watch: Callable[[KernelState, int], AbstractContextManager[object]]) -> Iterator[None]:
    """Watch each call of the kernel of attention, which is no operation of torch, by its state and layer."""
    original = KernelState.attend

    def attend(state: KernelState, layer: int, qkv: Tensor, bias: None) -> Tensor:
        with watch(state, layer):
            return original(state, layer, qkv, bias)

    KernelState.attend = attend  # pyright: ignore[reportAttributeAccessIssue]  (self is called state)
    try:
        yield
    finally:
        KernelState.attend = original


def _shares(profile: Any) -> dict[str, float]:
    """Of the time of operations, what each kind of them takes itself."""
    spent: dict[str, float] = dict.fromkeys(KINDS, 0.0)
    for operation in profile.key_averages():
        spent[_kind(operation.key)] += operation.self_cpu_time_total
    total = sum(spent.values()) or 1.0
    return {kind: time / total for kind, time in spent.items()}


def _kind(operation: str) -> str:
    name = operation.rpartition("::")[2].removeprefix("_").removeprefix("mkldnn_")
    found = max((beginning for beginning in _KIND_OF if name.startswith(beginning)), key=len, default="")
    return _KIND_OF.get(found, KINDS[-1])


def _peak_bytes(profile: Any) -> int:
    recorded: Any = profile.profiler
    held = most = 0
    events = [event for event in recorded.kineto_results.events() if event.name() == "[memory]"]
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()  # negative where memory is given back
        most = max(most, held)
    return most


class _Counting(TorchDispatchMode):
    """Counts torch's operations, and what the kernel of attention reads, which torch does not see."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes_moved = 0

    def attending(self, state: KernelState, layer: int) -> AbstractContextManager[object]:
        """Count what the kernel of attention reads in one call."""
        column = state.held[layer][0, :, :, :, 0]  # [B, H, 2, D]
        self.bytes_moved += (state.read + 1) * column.numel() * column.element_size()
        return nullcontext()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        read, written = _tensors((args, kwargs)), _tensors(result)
        if func._schema.is_mutable or not _shares_memory(read, written):  # a view moves nothing
            self.bytes_moved += sum(tensor.numel() * tensor.element_size() for tensor in (*read, *written))
        return result


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _shares_memory(read: list[Tensor], written: list[Tensor]) -> bool:
    own = {_address(tensor) for tensor in read} - {None}
    return any(_address(tensor) in own for tensor in written)


def _address(tensor: Tensor) -> int | None:
    """Where the memory begins; None if it has a layout of its own."""
    return None if tensor.is_mkldnn else tensor.untyped_storage().data_ptr()
