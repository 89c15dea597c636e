"""Weighted sums of vectors, those of as many terms together.

A sum is added up as numpy adds up along an axis: by halves while it is long, eight terms beside
each other, the first term last. So it is the same whatever is summed beside it, and it is what
`numpy.add.reduceat` says, whose loops go from row to row of a matrix and take longer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

_ROOM = (
    1 << 18
)  # numbers at a time, 1 MB: near at hand, and of so many sums that calls count little
_LONG, _BESIDE = 128, 8


def weighted_sums(vectors: Singles, starts: Places, places: Places, weights: Singles) -> Singles:
    """(sums, width): of each stretch of places and weights, that begins where `starts` says and
    ends where the next begins, the vectors there times their weights, added up."""
    width, sizes = vectors.shape[1], np.diff(starts)
    sums = np.zeros((sizes.size, width), np.float32)
    room = np.empty(max(_ROOM, int(sizes.max(initial=0)) * width), np.float32)
    order = np.argsort(sizes, kind="stable")
    order = order[np.count_nonzero(sizes == 0) :]
    for same in np.split(order, np.flatnonzero(np.diff(sizes[order])) + 1) if order.size else ():
        size = int(sizes[same[0]])
        some = max(1, _ROOM // (size * width))
        for first in range(0, same.size, some):
            mine = same[first : first + some]
            within = starts[mine, None] + np.arange(size)
            terms = room[: within.size * width].reshape(*within.shape, width)
            vectors.take(places[within], axis=0, out=terms, mode="clip")
            terms *= weights[within][:, :, None]
            sums[mine] = _first_last(terms)
    return sums


def _first_last(terms: Singles) -> Singles:
    """(sums, width) of (sums, terms, width)."""
    if terms.shape[1] == 1:
        return terms[:, 0]
    total: Singles = terms[:, 0] + _added(terms[:, 1:])
    return total


def _added(terms: Singles) -> Singles:
    sums, count, width = terms.shape
    if count < _BESIDE:
        short: Singles = np.add.reduce(terms, axis=1)
        return short
    if count > _LONG:
        half = count // 2 // _BESIDE * _BESIDE
        return _added(terms[:, :half]) + _added(terms[:, half:])
    whole = count // _BESIDE * _BESIDE
    rows = terms[:, :whole].reshape(sums, whole // _BESIDE, _BESIDE * width)
    total = np.add.reduce(rows, axis=1).reshape(sums, _BESIDE, width)
    while total.shape[1] > 1:
        total = total[:, 0::2] + total[:, 1::2]
    added: Singles = total[:, 0]
    for place in range(whole, count):
        added += terms[:, place]
    return added
