"""Least squares with a penalty on each coefficient, exactly; the shortest answer where many fit."""

from __future__ import annotations

import numpy as np

from keepfit.kinds.encode import Floats
from keepfit.kinds.linear.design import Design
from keepfit.kinds.linear.normal import LARGEST, descend, normal

_SMALL = 2e7  # rows times columns squared, up to which the dense decomposition takes no time


def least_squares(design: Design, target: Floats, penalty: Floats) -> Floats:
    """The coefficients c with least ||target - Xc||^2 + sum of penalty * c^2; of several the
    shortest, not counting the intercept, whose penalty must be 0."""
    if design.height * design.width**2 <= _SMALL:
        return _by_singular_values(design, target, penalty)
    if design.width - max(design.sizes, default=0) <= LARGEST:
        return _by_normal_equations(design, target, penalty)
    return _by_steps(design, target, penalty)


def _by_singular_values(design: Design, target: Floats, penalty: Floats) -> Floats:
    first = int(design.intercept)
    matrix, penalty = design.matrix()[:, first:], penalty[first:]
    ones = design.ones(np.ones(design.height))
    centre = ones @ matrix / design.rows if first else np.zeros(matrix.shape[1])
    level = design.level(target) if first else 0.0
    # ||y - Xw||^2 + ||Pw||^2 is the plain problem with P as further rows
    stacked = np.vstack([matrix - np.outer(ones, centre), np.diag(np.sqrt(penalty))[penalty > 0]])
    wanted = np.append(target - level * ones, np.zeros(stacked.shape[0] - design.height))
    weights = _shortest_solution(stacked, wanted, design.rows)
    return np.append([level - centre @ weights] if first else [], weights)


def _shortest_solution(matrix: Floats, wanted: Floats, rows: int) -> Floats:
    if not matrix.shape[1]:
        return np.zeros(0)
    norms = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    norms[norms == 0] = 1.0  # columns of one length: the rank depends on nobody's unit
    left, values, right = np.linalg.svd(matrix / norms, full_matrices=False)
    kept = values > values[0] * max(rows, *matrix.shape) * np.finfo(np.float64).eps
    weights: Floats = right[kept].T @ ((left[:, kept].T @ wanted) / values[kept]) / norms
    if kept.sum() == matrix.shape[1]:
        return weights
    basis, _ = np.linalg.qr((right[kept] * norms).T)  # of the row space, in the columns' own units
    shortest: Floats = basis @ (basis.T @ weights)
    return shortest


def _by_normal_equations(design: Design, target: Floats, penalty: Floats) -> Floats:
    equations = normal(design, penalty)
    answer = equations.solve(design.transposed_times(target))
    residual = target - design.times(answer)
    # one step of refinement gives back the digits that squaring the matrix has cost
    answer += equations.solve(design.transposed_times(residual) - penalty * answer)
    return equations.shortest(answer, design.penalised)


def _by_steps(design: Design, target: Floats, penalty: Floats) -> Floats:
    squares = design.squares(np.ones(design.height)) + penalty
    squares[squares == 0] = 1.0
    answer = descend(
        lambda c: design.transposed_times(design.times(c)) + penalty * c,
        design.transposed_times(target),
        lambda residual: residual / squares,
        tol=1e-13,
        rounds=10_000,
    )
    return _levelled(design, answer) if not penalty.any() else answer


def _levelled(design: Design, answer: Floats) -> Floats:
    """The same predictions with every category's levels around 0, if all its rows have one."""
    for codes, size, block in zip(design.codes, design.sizes, design.blocks, strict=True):
        if design.intercept and size and codes.max() < size:
            shift = answer[block].mean()
            answer[block] -= shift
            answer[0] += shift
    return answer
