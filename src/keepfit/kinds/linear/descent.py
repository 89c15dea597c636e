"""Coordinate descent for lasso and elastic net: the numbers by their Gram matrix, a category's
levels all at once, because no two of them share a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepfit.errors import UserError
from keepfit.kinds.encode import Floats
from keepfit.kinds.linear.design import Design
from keepfit.kinds.linear.normal import LARGEST, normal

_SWEEPS = 100  # over the numbers, which cost no pass over the rows, between two looks at the gap
_LEAPS = 20  # in a round, each of which drops a coefficient: descent finds most of them sooner


@dataclass(frozen=True, slots=True)
class Penalty:
    """l1 |w| + l2 ||w||^2 / 2, beside half the sum of squared errors; never on the intercept."""

    l1: float
    l2: float

    def shrunk(self, pulls: Floats, squares: Floats) -> Floats:
        """The best coefficients of columns that share no row: `pulls` is what each one's column
        says of the residual without it, `squares` its sum of squares."""
        force = np.sign(pulls) * np.maximum(np.abs(pulls) - self.l1, 0.0)
        curvature = squares + self.l2
        answer: Floats = np.divide(force, curvature, out=np.zeros_like(force), where=curvature > 0)
        return answer


@dataclass(frozen=True, slots=True)
class Stop:
    """When to be content, and when to give up."""

    tol: float  # of the duality gap, as a share of the target's sum of squares
    rounds: int


def descend_coordinates(design: Design, target: Floats, penalty: Penalty, stop: Stop) -> Floats:
    """The coefficients with the least ||target - Xc||^2 / 2 + penalty; UserError if they are not
    found in so many rounds. The gap is scikit-learn's: Kim et al. (2007), an interior-point method
    for l1-regularized least squares."""
    first = int(design.intercept)
    numbers = design.dense[:, first:]
    gram = numbers.T @ numbers
    answer = np.zeros(design.width)
    level, ones = (design.level(target) if first else 0.0), design.ones(np.ones(design.height))
    answer[:first] = level
    centred = target - level * ones
    enough = stop.tol * float(centred @ centred)
    residual = centred
    for _ in range(stop.rounds):
        if _gap(design, answer, residual, centred, penalty) <= enough:
            return answer
        last = first + numbers.shape[1]
        _sweep_numbers(answer[first:last], gram, numbers.T @ residual, penalty)
        for _ in range(_LEAPS):
            if not _leap(design, answer, target - design.times(answer), penalty):
                break
        residual = target - design.times(answer)
        for category in range(len(design.sizes)):
            _set_levels(design, category, answer, residual, penalty)
        residual = target - design.times(answer)  # afresh, so that rounding never adds up
        if first:
            rest = design.level(residual)
            answer[0] += rest
            residual -= rest * ones
    raise UserError(
        f"no answer after {stop.rounds} rounds (max_iter), with tol {stop.tol:g}",
        hint="raise params.max_iter or params.tol, raise params.alpha, or set encode.scale = true",
    )


def _leap(design: Design, answer: Floats, residual: Floats, penalty: Penalty) -> bool:
    """A Newton step among the coefficients other than zero, in place, up to where the first of them
    becomes zero; whether one did. It never makes things worse, and is the whole way once descent
    has found which are zero, where descent alone creeps if columns are much alike (feature-sign
    search: Lee et al. 2006)."""
    active = (answer != 0) | (design.penalised == 0)
    part = design.only(active)
    if part.width - max(part.sizes, default=0) > LARGEST:
        return False
    here, signs = answer[active], np.sign(answer[active])
    pull = part.transposed_times(residual) - part.penalised * (
        penalty.l2 * here + penalty.l1 * signs
    )
    equations = normal(part, penalty.l2 * part.penalised)
    free = equations.null @ (equations.null.T @ pull)  # where only the l1 penalty changes anything
    if penalty.l1 > 0 and float(pull @ free) > 1e-9 * penalty.l1 * float(np.abs(free).sum()):
        answer[active] = _towards(here, free, part.penalised, np.inf)
    else:
        answer[active] = _towards(here, equations.solve(pull), part.penalised, 1.0)
    return bool(np.any((answer[active] == 0) & (here != 0)))


def _towards(here: Floats, step: Floats, penalised: Floats, longest: float) -> Floats:
    """`here` + `longest` * `step`, or where on the way there the first penalised number is zero."""
    shares = np.full(here.size, np.inf)
    falls = (penalised > 0) & (here * step < 0)
    shares[falls] = -here[falls] / step[falls]
    share = min(longest, float(shares.min(initial=np.inf)))
    if not np.isfinite(share):
        return here
    return np.where(shares == share, 0.0, here + share * step)


def _sweep_numbers(weights: Floats, gram: Floats, pulls: Floats, penalty: Penalty) -> None:
    """One coordinate after the other, `weights` in place, until nothing moves or for some time."""
    squares = np.diag(gram).tolist()
    for _ in range(_SWEEPS):
        moved = 0.0
        for place, square in enumerate(squares):
            before = float(weights[place])
            after = _shrunk(float(pulls[place]) + square * before, square, penalty)
            if after != before:
                weights[place] = after
                pulls -= gram[place] * (after - before)
                moved = max(moved, abs(after - before) / max(abs(after), abs(before)))
        if moved <= np.finfo(np.float64).eps:
            return


def _shrunk(pull: float, square: float, penalty: Penalty) -> float:
    if square + penalty.l2 == 0 or abs(pull) <= penalty.l1:
        return 0.0
    return (pull - penalty.l1 if pull > 0 else pull + penalty.l1) / (square + penalty.l2)


def _set_levels(
    design: Design, category: int, answer: Floats, residual: Floats, penalty: Penalty
) -> None:
    """The best levels of one category, with the best intercept for them, both in place."""
    codes, size, block = design.codes[category], design.sizes[category], design.blocks[category]
    intercept = design.intercept
    before, base = np.append(answer[block], 0.0), float(answer[0]) if intercept else 0.0
    ones = design.ones(np.ones(design.height))
    # last: rows without a level
    counts = np.bincount(codes, ones**2, minlength=size + 1).astype(np.float64, copy=False)
    sums = np.bincount(codes, residual * ones, minlength=size + 1) + counts * (before + base)
    best = _best_intercept(sums, counts, penalty) if intercept else 0.0
    after = np.append(penalty.shrunk(sums[:size] - counts[:size] * best, counts[:size]), 0.0)
    residual -= ones * ((after - before)[codes] + (best - base))
    answer[block] = after[:size]
    answer[: int(intercept)] = best


def _best_intercept(sums: Floats, counts: Floats, penalty: Penalty) -> float:
    """The b of the best (b, levels) together, for the sum and count of the rows of each level and,
    last, of the rows without one. The slope of the error in b rises with b and is a line between
    the places where a level becomes zero, so halving finds the line that crosses zero."""
    own, rows = sums[:-1], counts[:-1]

    def slope(base: float) -> float:
        levels = penalty.shrunk(own - rows * base, rows)
        return float(np.sum(counts * base - sums) + rows @ levels)

    centre, reach = own[rows > 0] / rows[rows > 0], penalty.l1 / rows[rows > 0]
    knots = np.unique(np.concatenate([centre - reach, centre + reach]))
    if not knots.size:
        return float(sums[-1] / counts[-1])
    knots = np.concatenate([[knots[0] - 1.0], knots, [knots[-1] + 1.0]])
    low, high = 0, knots.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if slope(float(knots[middle])) < 0 else (low, middle)
    left, right = float(knots[low]), float(knots[high])
    at_left, at_right = slope(left), slope(right)
    if at_left == at_right:
        return (left + right) / 2
    return left - at_left * (right - left) / (at_right - at_left)


def _gap(
    design: Design, answer: Floats, residual: Floats, centred: Floats, penalty: Penalty
) -> float:
    """How far at most the answer's error is above the least one."""
    weights = answer * design.penalised
    pulls = (design.transposed_times(residual) - penalty.l2 * weights) * design.penalised
    strongest = float(np.max(np.abs(pulls), initial=0.0))
    shrink = min(1.0, penalty.l1 / strongest) if strongest > 0 else 1.0
    errors, length = float(residual @ residual), float(weights @ weights)
    return (
        0.5 * errors * (1 + shrink**2)
        + penalty.l1 * float(np.abs(weights).sum())
        - shrink * float(residual @ centred)
        + 0.5 * penalty.l2 * (1 + shrink**2) * length
    )
