"""Weighted sums of vectors, those of as many terms together.

A sum is added up term after term, each with all numbers of its vector at once. So it is the same
whatever is summed beside it, and no product of matrices, which BLAS adds up in an order that hangs
on the shape of the whole.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

# numbers at a time, half a megabyte: near at hand, and of so many sums that calls count little
_ROOM = 1 << 17


def weighted_sums(vectors: Singles, starts: Places, places: Places, weights: Singles) -> Singles:
    """(sums, width): of each stretch of places and weights, that begins where `starts` says and
    ends where the next begins, the vectors there times their weights, added up."""
    width, sizes = vectors.shape[1], np.diff(starts)
    sums = np.zeros((sizes.size, width), np.float32)
    room = np.empty(max(_ROOM, int(sizes.max(initial=0)) * width), np.float32)
    order = np.argsort(sizes, kind="stable")
    order = order[np.count_nonzero(sizes == 0) :]
    ordered = sizes[order]
    ends = np.cumsum(ordered)
    within = np.arange(places.size) + np.repeat(starts[order] - ends + ordered, ordered)
    places, weights, end = places[within], weights[within], 0
    for same in np.split(order, np.flatnonzero(np.diff(ordered)) + 1) if order.size else ():
        size = int(sizes[same[0]])
        some = max(1, _ROOM // (size * width))
        for first in range(0, same.size, some):
            mine = same[first : first + some]
            begin, end = end, end + mine.size * size
            terms = room[: mine.size * size * width].reshape(mine.size, size, width)
            vectors.take(places[begin:end].reshape(mine.size, size), 0, terms, mode="clip")
            sums[mine] = np.einsum("st,stw->sw", weights[begin:end].reshape(-1, size), terms)
    return sums
