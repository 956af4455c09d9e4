"""What one core of this machine can do, measured, and what a model asks of it."""

import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from benchmark.contracts.model import SequenceModel
from benchmark.models.fast_linear import linear

_SIZE = 1024  # rows and columns of the matrices
_TIMES = 10
_BEYOND_CACHES, _IN_CACHE = 2**28, 2**21  # bytes


class Machine(NamedTuple):
    """What bounds a computation, for each second of one core.

    Attributes:
        gemm_peak: FLOP of products of large matrices.
        memory_bandwidth: bytes read and written in a copy that fits in no cache.
        cache_bandwidth: the same in a copy of 2 MiB.
        read_bandwidth: bytes read in a dot product of two arrays that fit in no cache.
    """

    gemm_peak: float
    memory_bandwidth: float
    cache_bandwidth: float
    read_bandwidth: float


def machine() -> Machine:
    """Measure this one."""
    copies = copy_bandwidth(_BEYOND_CACHES), copy_bandwidth(_IN_CACHE)
    return Machine(gemm_peak(), *copies, read_bandwidth(_BEYOND_CACHES))


def copy_bandwidth(size: int) -> float:
    """Bytes read and written per CPU-second in a copy of so many bytes."""
    source = torch.ones(size // 4)
    target = torch.empty_like(source)
    times = max(1, _BEYOND_CACHES // size)

    def copies() -> None:
        for _ in range(times):
            target.copy_(source)

    return 2 * size * times / least_cpu_seconds(copies, _TIMES)


def read_bandwidth(size: int) -> float:
    """Bytes read per CPU-second in a dot product of two arrays of so many bytes each; attention reads like this."""
    one, other = torch.ones(size // 4), torch.ones(size // 4)
    return 2 * size / least_cpu_seconds(lambda: torch.dot(one, other), _TIMES)


def gemm_peak() -> float:
    """FLOP per CPU-second of a product of large float32 matrices, by what computes the models' linear layers."""
    one, other = torch.ones(_SIZE, _SIZE), torch.ones(_SIZE, _SIZE)
    with torch.inference_mode():
        return 2 * _SIZE**3 / least_cpu_seconds(lambda: linear(one, other), _TIMES)


def flops_per_evaluation(model: SequenceModel, length: int) -> float:
    """FLOP of one token forward: 2 for each weight that multiplies it, and those of attention over half of the length.

    An evaluation with gradient counts 3 (Kaplan et al. 2020, arXiv 2001.08361, section 2.1).
    """
    weights = sum(
        p.numel() for name, p in model.named_parameters() if p.dim() == 2 and not name.startswith("embedding")
    )
    attention = 2 * int(model.knobs["layers"]) * model.width * length if "heads" in model.knobs else 0
    return 2.0 * weights + attention


def bytes_read_per_column(model: SequenceModel, rows: int) -> int:
    """Bytes by which a column of the prefix of so many rows adds to what every later step reads.

    A transformer reads the float32 keys and values of all its layers; a recurrent model reads no prefix.
    """
    return 4 * 2 * int(model.knobs["layers"]) * model.width * rows if "heads" in model.knobs else 0


def least_cpu_seconds(call: Callable[[], object], times: int = 5) -> float:
    """Process-CPU seconds of the fastest of several calls."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        call()
        spent.append(time.process_time() - began)
    return min(spent)
