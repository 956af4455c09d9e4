"""The kernel of `decode_attention`, in Python that numba compiles; imported only where it is needed.

A prefix is read as several streams side by side, each a share of its columns: in one stream a core waits for memory and
gets less than half of its bandwidth. The number of features is known to the compiler, so that loops over them become
vector instructions. Numbers are not assumed to be finite: what is not a number stays so.

Axes: B batch, H heads, S columns, D features of a head.
"""

from collections.abc import Callable
from typing import Any

import numba  # pyright: ignore[reportMissingImports]
import numpy as np

_FAST: Any = {"reassoc", "contract", "arcp", "nsz"}
_inlined: Any = numba.njit(inline="always", fastmath=_FAST, error_model="numpy")
_real = np.float32


def compiled(features: int) -> Callable[..., None]:
    """Compile, or load from numba's cache on disk, `attend(qkv, cache, slopes, read, mixed)` for so many features.

    It writes the keys and values of the column that is being read into a cache [B, H, S, 2, D], and what the queries
    find there into `mixed` [B, H, D]; qkv is [B, 3, H, D], slopes [H]. All are float32 and contiguous.
    """

    def attend(qkv: Any, cache: Any, slopes: Any, read: int, mixed: Any) -> None:
        columns = read + 1
        weights, powers = np.empty(columns, np.float32), np.empty(columns, np.int32)  # [S]
        for row in range(cache.shape[0]):
            for head in range(cache.shape[1]):
                held, out = cache[row, head], mixed[row, head]  # [S, 2, D], [D]
                for d in range(features):
                    held[read, 0, d], held[read, 1, d] = qkv[row, 1, head, d], qkv[row, 2, head, d]
                top = _score(qkv[row, 0, head], held, slopes[head], weights, columns, features)
                total = _exponentiate(weights, powers, powers.view(np.float32), top, columns)
                _mix(weights, held, out, columns, features)
                for d in range(features):
                    out[d] /= total

    try:
        return numba.njit(cache=True, fastmath=_FAST, error_model="numpy")(attend)
    except RuntimeError:  # there is no place that numba may write its cache to
        return numba.njit(fastmath=_FAST, error_model="numpy")(attend)


@_inlined
def _score(query: Any, held: Any, slope: Any, scores: Any, columns: int, features: int) -> Any:
    """Write key . query - slope * distance of each column, in four streams, and return the largest."""
    top, length = _real(-np.inf), columns // 4
    one, two, three, stride = held[length:], held[2 * length :], held[3 * length :], slope * _real(length)
    for s in range(length):
        a, b, c, e = _real(0), _real(0), _real(0), _real(0)
        for d in range(features):
            a += query[d] * held[s, 0, d]
            b += query[d] * one[s, 0, d]
            c += query[d] * two[s, 0, d]
            e += query[d] * three[s, 0, d]
        far = slope * _real(columns - 1 - s)
        a, b, c, e = a - far, b - (far - stride), c - (far - 2 * stride), e - (far - 3 * stride)
        scores[s], scores[s + length], scores[s + 2 * length], scores[s + 3 * length] = a, b, c, e
        top = max(top, max(max(a, b), max(c, e)))
    for s in range(4 * length, columns):
        a = _real(0)
        for d in range(features):
            a += query[d] * held[s, 0, d]
        scores[s] = a - slope * _real(columns - 1 - s)
        top = max(top, scores[s])
    return top


@_inlined
def _exponentiate(scores: Any, bits: Any, powers: Any, top: Any, columns: int) -> Any:
    """Replace scores by exp(score - top) and return their sum.

    It is 2^k, whose bits are written down, times e^z, a polynomial (relative error < 3e-7). Bits and powers share their
    memory.
    """
    for s in range(columns):
        t = max((scores[s] - top) * _real(1.4426950408889634), _real(-126))
        k = np.int32(t - _real(0.5))  # the nearest integer, as t <= 0
        z = (t - _real(k)) * _real(0.6931471805599453)
        p = z * _real(1 / 720) + _real(1 / 120)
        p = p * z + _real(1 / 24)
        p = p * z + _real(1 / 6)
        p = p * z + _real(1 / 2)
        p = p * z + _real(1)
        scores[s] = p * z + _real(1)
        bits[s] = (k + np.int32(127)) << np.int32(23)
    total = _real(0)
    for s in range(columns):
        scores[s] *= powers[s]
        total += scores[s]
    return total


@_inlined
def _mix(weights: Any, held: Any, mixed: Any, columns: int, features: int) -> None:
    """Write the sum of weight * value over the columns, in eight streams."""
    length = columns // 8
    one, two, three, four = held[length:], held[2 * length :], held[3 * length :], held[4 * length :]
    five, six, seven = held[5 * length :], held[6 * length :], held[7 * length :]
    for d in range(features):
        mixed[d] = _real(0)
    for s in range(length):
        s4 = s + 4 * length
        w0, w1, w2, w3 = weights[s], weights[s + length], weights[s + 2 * length], weights[s + 3 * length]
        w4, w5, w6, w7 = weights[s4], weights[s4 + length], weights[s4 + 2 * length], weights[s4 + 3 * length]
        for d in range(features):
            half = w0 * held[s, 1, d] + w1 * one[s, 1, d] + w2 * two[s, 1, d] + w3 * three[s, 1, d]
            mixed[d] += half + (w4 * four[s, 1, d] + w5 * five[s, 1, d] + w6 * six[s, 1, d] + w7 * seven[s, 1, d])
    for s in range(8 * length, columns):
        for d in range(features):
            mixed[d] += weights[s] * held[s, 1, d]
