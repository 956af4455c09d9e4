"""What a computation asks of the memory: the bytes it moves, and the most that it holds at once."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark.models.prefix_states import KernelState


class Work(NamedTuple):
    """What one call did.

    Attributes:
        bytes_moved: sizes of what each operation reads and writes: what a machine without caches would move.
        peak_bytes: the most memory held at once beyond what was held before.
    """

    bytes_moved: int
    peak_bytes: int


def work_of(call: Callable[[], object]) -> Work:
    """Call twice, once watching the operations and once the allocator."""
    with _Counting() as counted:
        call()
    return Work(counted.bytes_moved, peak_bytes(call))


def peak_bytes(call: Callable[[], object]) -> int:
    """The most memory on the CPU that a call held at once, beyond what was held before it, in bytes."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        call()
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
        self._attend = KernelState.attend

    def __enter__(self) -> Self:
        def attend(state: KernelState, layer: int, qkv: Tensor, bias: None) -> Tensor:
            column = state.held[layer][0, :, :, :, 0]  # [B, H, 2, D]
            self.bytes_moved += (state.read + 1) * column.numel() * column.element_size()
            return self._attend(state, layer, qkv, bias)

        KernelState.attend = attend  # pyright: ignore[reportAttributeAccessIssue]  (self is called state)
        return super().__enter__()

    def __exit__(self, *arguments: Any) -> None:
        KernelState.attend = self._attend
        super().__exit__(*arguments)

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
