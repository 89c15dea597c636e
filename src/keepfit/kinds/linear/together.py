"""Many small least squares at once: what a fleet of regressions learns of numbers alone.

Each is solved by its normal equations, with one step of refinement, where its columns are far from
being alike, so that squaring them costs no digits; a model of which that is not so, or whose
numbers are missing, is left to whoever learns it alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepfit.kinds.encode import Floats
from keepfit.kinds.linear.moments import KEPT


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of each model below those of the one before."""

    numbers: Floats  # (rows, columns)
    target: Floats  # (rows,)
    starts: NDArray[np.intp]  # (models,): where the rows of each begin; each has one at least

    @property
    def counts(self) -> NDArray[np.intp]:
        """How many rows each has."""
        return np.diff(self.starts, append=len(self.target))


@dataclass(frozen=True, slots=True)
class Solved:
    """What each model has learned; rows of those that are not `solved` say nothing."""

    solved: NDArray[np.bool_]  # (models,)
    means: Floats  # (models, columns)
    deviations: Floats  # (models, columns), with n
    weights: Floats  # (models, columns), in the columns' own units
    intercepts: Floats  # (models,)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # who overflows is not solved
def solved(rows: Rows, penalty: float, *, scale: bool) -> Solved:
    """The coefficients of each with least ||y - Xw - c||^2 + penalty ||w||^2, of the columns as
    they are, or of mean 0 and deviation 1 with `scale`."""
    values = np.column_stack([rows.numbers, rows.target])
    counts = rows.counts
    whose = np.repeat(np.arange(len(counts)), counts)
    first = values[rows.starts]  # a constant column has exactly its value as its mean
    values = values - first[whose]
    means = np.add.reduceat(values, rows.starts) / counts[:, None]
    values -= means[whose]
    blocks = np.split(values, rows.starts[1:])
    products = np.stack([block.T @ block for block in blocks])
    squares = np.diagonal(products, axis1=1, axis2=2)[:, :-1]
    good = _apart(products, squares)
    deviations = np.sqrt(squares / counts[:, None])
    unit = np.where(good[:, None], deviations, 1.0) if scale else np.ones_like(deviations)
    matrix = products[:, :-1, :-1] / (unit[:, :, None] * unit[:, None, :])
    matrix[~good] = np.eye(matrix.shape[1])
    matrix += penalty * np.eye(matrix.shape[1])
    wanted = (products[:, :-1, -1] / unit)[:, :, None]
    answer = np.linalg.solve(matrix, wanted)
    answer += np.linalg.solve(matrix, wanted - matrix @ answer)
    weights = answer[:, :, 0] / unit
    centre = first + means
    intercepts = centre[:, -1] - np.sum(weights * centre[:, :-1], axis=1)
    good &= np.isfinite(weights).all(axis=1) & np.isfinite(intercepts)
    return Solved(good, centre[:, :-1], deviations, weights, intercepts)


def _apart(products: Floats, squares: Floats) -> NDArray[np.bool_]:
    """Of which models no column is constant or nearly a sum of others."""
    lengths = np.sqrt(squares)
    finite = np.asarray(np.isfinite(products).all(axis=(1, 2)))
    good = finite & (lengths > 0).all(axis=1)
    alike = products[:, :-1, :-1] / (lengths[:, :, None] * lengths[:, None, :])
    alike[~good] = 0.0
    if alike.shape[1]:
        good &= np.linalg.eigvalsh(alike)[:, 0] >= KEPT
    return good
