"""The kernel of `decode_attention`, in Python that numba compiles; imported only where it is needed.

Columns are kept in pages of `PAGE`, and a page of all rows and heads is read before the next one: memory is read
straight on, from its first byte to its last, at the speed that it has. What each head has found so far is scaled down
where a later page holds a larger score (Milakov and Gimelshein 2018, arXiv 1805.02867). The numbers of features and of
columns in a page are known to the compiler, so that loops over them become vector instructions. Numbers are not assumed
to be finite: what is not a number stays so.

Axes: B batch, H heads, P pages, C columns of a page, D features of a head.
"""

from collections.abc import Callable
from typing import Any

import numba  # pyright: ignore[reportMissingImports]
import numpy as np

from benchmark.models.decode_attention import PAGE

_FAST: Any = {"reassoc", "contract", "arcp", "nsz"}
_inlined: Any = numba.njit(inline="always", fastmath=_FAST, error_model="numpy")
_real = np.float32
_NEVER = np.float32(-1e30)


def compiled(features: int) -> Callable[..., None]:
    """Compile, or load from numba's cache on disk, `attend(qkv, cache, slopes, read, mixed)` for so many features.

    It writes the keys and values of the column that is being read into a cache [P, B, H, 2, C, D], and what the queries
    find there into `mixed` [B, H, D]; qkv is [B, 3, H, D], slopes [H]. All are float32 and contiguous. Values of a page
    that has been begun are finite; what a page holds before that does not matter.
    """

    def attend(qkv: Any, cache: Any, slopes: Any, read: int, mixed: Any) -> None:
        rows, heads = cache.shape[1], cache.shape[2]
        tops, totals = np.empty((rows, heads), np.float32), np.empty((rows, heads), np.float32)
        weights, powers = np.empty(PAGE, np.float32), np.empty(PAGE, np.int32)  # [C]
        for row in range(rows):
            for head in range(heads):
                tops[row, head], totals[row, head] = _NEVER, _real(0)
                _append(qkv[row, 1, head], qkv[row, 2, head], cache[read // PAGE, row, head], read % PAGE, features)
                for d in range(features):
                    mixed[row, head, d] = _real(0)
        for page in range(read // PAGE + 1):
            here = min(PAGE, read + 1 - page * PAGE)  # columns
            for row in range(rows):
                for head in range(heads):
                    held, out, before = cache[page, row, head], mixed[row, head], tops[row, head]
                    _score(qkv[row, 0, head], held[0], slopes[head], read - page * PAGE, weights, features)
                    top = before
                    for c in range(PAGE):
                        weights[c] = weights[c] if c < here else _NEVER
                        top = max(top, weights[c])
                    total = _exponentiate(weights, powers, powers.view(np.float32), top)
                    shrunk = np.exp(before - top)
                    for d in range(features):
                        out[d] *= shrunk
                    _mix(weights, held[1], out, features)
                    tops[row, head], totals[row, head] = top, total + shrunk * totals[row, head]
        for row in range(rows):
            for head in range(heads):
                for d in range(features):
                    mixed[row, head, d] /= totals[row, head]

    try:
        return numba.njit(cache=True, fastmath=_FAST, error_model="numpy")(attend)
    except RuntimeError:  # there is no place that numba may write its cache to
        return numba.njit(fastmath=_FAST, error_model="numpy")(attend)


@_inlined
def _append(key: Any, value: Any, page: Any, column: int, features: int) -> None:
    """Write a key and a value [D] into a page [2, C, D]; with its first column, zeros into the values of the others."""
    if column == 0:
        for c in range(PAGE):
            for d in range(features):
                page[1, c, d] = _real(0)
    for d in range(features):
        page[0, column, d], page[1, column, d] = key[d], value[d]


@_inlined
def _score(query: Any, keys: Any, slope: Any, distance: int, scores: Any, features: int) -> None:
    """Write key . query - slope * distance of each column of a page, four at a time."""
    for c in range(0, PAGE, 4):
        one, two, three, four = _real(0), _real(0), _real(0), _real(0)
        for d in range(features):
            one += query[d] * keys[c, d]
            two += query[d] * keys[c + 1, d]
            three += query[d] * keys[c + 2, d]
            four += query[d] * keys[c + 3, d]
        far = slope * _real(distance - c)
        scores[c], scores[c + 1] = one - far, two - (far - slope)
        scores[c + 2], scores[c + 3] = three - (far - 2 * slope), four - (far - 3 * slope)


@_inlined
def _exponentiate(scores: Any, bits: Any, powers: Any, top: Any) -> Any:
    """Replace scores by exp(score - top) and return their sum; what is far below `top` becomes 0.

    It is 2^k, whose bits are written down, times e^z, a polynomial (relative error < 3e-7). Bits and powers share their
    memory.
    """
    for c in range(PAGE):
        t = max((scores[c] - top) * _real(1.4426950408889634), _real(-127))
        k = np.int32(t - _real(0.5))  # the nearest integer, as t <= 0
        z = (t - _real(k)) * _real(0.6931471805599453)
        p = z * _real(1 / 720) + _real(1 / 120)
        p = p * z + _real(1 / 24)
        p = p * z + _real(1 / 6)
        p = p * z + _real(1 / 2)
        p = p * z + _real(1)
        scores[c] = p * z + _real(1)
        bits[c] = (k + np.int32(127)) << np.int32(23)  # 2^-127 has the bits of 0
    total = _real(0)
    for c in range(PAGE):
        scores[c] *= powers[c]
        total += scores[c]
    return total


@_inlined
def _mix(weights: Any, values: Any, mixed: Any, features: int) -> None:
    """Add the sum of weight * value over the columns of a page, eight at a time."""
    for c in range(0, PAGE, 8):
        w0, w1, w2, w3 = weights[c], weights[c + 1], weights[c + 2], weights[c + 3]
        w4, w5, w6, w7 = weights[c + 4], weights[c + 5], weights[c + 6], weights[c + 7]
        for d in range(features):
            half = w0 * values[c, d] + w1 * values[c + 1, d] + w2 * values[c + 2, d] + w3 * values[c + 3, d]
            rest = w4 * values[c + 4, d] + w5 * values[c + 5, d] + w6 * values[c + 6, d] + w7 * values[c + 7, d]
            mixed[d] += half + rest
