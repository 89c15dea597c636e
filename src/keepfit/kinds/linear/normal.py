"""The normal equations of a design, with its largest category eliminated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keepfit.kinds.encode import Floats
from keepfit.kinds.linear.design import Design, level_sums

LARGEST = 1_500  # columns beside the largest category: more are solved step by step
_NULL = 1e-11  # a direction with less than this share of its column's square is taken for none


@dataclass(frozen=True, slots=True)
class Normal:
    """(X'HX + P) c = g, solved. A category's own part of X'HX is diagonal, so the largest one
    is eliminated (Schur complement) and only what remains is factored."""

    rest: npt.NDArray[np.intp]  # the coefficients that remain
    large: slice  # those of the eliminated category
    cross: Floats  # (rest, large)
    diagonal: Floats  # (large,)
    factor: Floats  # (rest, rank): factor @ factor.T is the pseudo-inverse of the complement
    null: Floats  # (coefficients, nullity): directions that change nothing in X'HX + P

    def solve(self, right: Floats) -> Floats:
        """The coefficients c for the right side `right`."""
        own = right[self.large] / self.diagonal
        answer = np.empty_like(right)
        answer[self.rest] = self.factor @ (self.factor.T @ (right[self.rest] - self.cross @ own))
        answer[self.large] = own - (self.cross.T @ answer[self.rest]) / self.diagonal
        return answer

    def shortest(self, coefficients: Floats, penalised: Floats) -> Floats:
        """The shortest of the equally good coefficients; the intercept's length does not count."""
        if not self.null.shape[1]:
            return coefficients
        flags = penalised[:, None]
        shift, *_ = np.linalg.lstsq(self.null * flags, coefficients * penalised, rcond=None)
        return coefficients - self.null @ shift


def normal(design: Design, penalty: Floats, weights: Floats | None = None) -> Normal:
    """The normal equations with a number a row as H (else 1) and a number a coefficient as P."""
    biggest = int(np.argmax(design.sizes)) if design.sizes else -1
    large = design.blocks[biggest] if design.sizes else slice(design.width, design.width)
    rest = np.delete(np.arange(design.width), large)
    gram = _gram(design, weights, biggest)
    cross = _cross(design, weights, biggest)
    diagonal = penalty[large]
    if design.sizes:
        squares = _squares_of_ones(design, weights)
        diagonal = diagonal + level_sums(design.codes[biggest], design.sizes[biggest], squares)
    complement = gram + np.diag(penalty[rest]) - (cross / diagonal) @ cross.T
    factor, null = _pseudo_inverse(complement, np.diag(gram) + penalty[rest])
    flat = np.zeros((design.width, null.shape[1]))
    flat[rest], flat[large] = null, -(cross.T @ null) / diagonal[:, None]
    return Normal(rest, large, cross, diagonal, factor, flat)


def descend(
    apply: Callable[[Floats], Floats],
    right: Floats,
    precondition: Callable[[Floats], Floats],
    *,
    tol: float,
    rounds: int,
) -> Floats:
    """The x with apply(x) = right, by preconditioned conjugate gradients from 0, when the residual
    is `tol` of what it was or after so many `rounds` (Nocedal and Wright, algorithm 5.3)."""
    answer, residual = np.zeros_like(right), right.copy()
    step = better = precondition(residual)
    length = first = float(np.vdot(residual, better))
    for _ in range(rounds):
        if length <= tol * tol * first:
            break
        image = apply(step)
        size = length / float(np.vdot(step, image))
        answer, residual = answer + size * step, residual - size * image
        better = precondition(residual)
        length, before = float(np.vdot(residual, better)), length
        step = better + (length / before) * step
    return answer


def _pseudo_inverse(matrix: Floats, squares: Floats) -> tuple[Floats, Floats]:
    unit = 1.0 / np.sqrt(np.where(squares > 0, squares, 1.0))  # so that no column's unit counts
    values, vectors = np.linalg.eigh(matrix * unit * unit[:, None])
    kept = values > _NULL
    scaled = vectors * unit[:, None]
    return scaled[:, kept] / np.sqrt(values[kept]), scaled[:, ~kept]


def _gram(design: Design, weights: Floats | None, without: int) -> Floats:
    parts = [-1, *(part for part in range(len(design.sizes)) if part != without)]
    blocks = [[_product(design, weights, one, other) for other in parts] for one in parts]
    return np.block(blocks)


def _cross(design: Design, weights: Floats | None, biggest: int) -> Floats:
    if biggest < 0:
        return np.zeros((design.width, 0))
    parts = [-1, *(part for part in range(len(design.sizes)) if part != biggest)]
    return np.vstack([_product(design, weights, part, biggest) for part in parts])


def _product(design: Design, weights: Floats | None, one: int, other: int) -> Floats:
    """X_one' H X_other, where part -1 is the dense one and the others are categories."""
    if one < 0 and other < 0:
        dense = design.dense if weights is None else design.dense * weights[:, None]
        return design.dense.T @ dense
    if other < 0:
        return _product(design, weights, other, one).T
    codes, size = design.codes[other], design.sizes[other]
    if one < 0:
        sums = [
            level_sums(codes, size, design.ones(column if weights is None else column * weights))
            for column in design.dense.T
        ]
        return np.reshape(sums, (design.dense.shape[1], size))
    squares = _squares_of_ones(design, weights)
    if one == other:
        return np.diag(level_sums(codes, size, squares))
    pairs = design.codes[one] * (size + 1) + codes
    counted = level_sums(pairs, (design.sizes[one] + 1) * (size + 1), squares)
    return counted.reshape(-1, size + 1)[:-1, :-1]


def _squares_of_ones(design: Design, weights: Floats | None) -> Floats | None:
    if design.root is None:
        return weights
    squares = design.root**2
    return squares if weights is None else squares * weights
