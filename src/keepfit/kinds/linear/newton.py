"""Logistic regression by Newton's method; each step by conjugate gradients on the design itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keepfit.errors import UserError
from keepfit.kinds.encode import Floats
from keepfit.kinds.linear.design import Design
from keepfit.kinds.linear.normal import LARGEST, descend, normal

_HALVINGS = 40  # of a step, before it is taken for none


@dataclass(frozen=True, slots=True)
class Problem:
    """Least sum of weight * log loss + ||w||^2 / 2; two classes share one row of scores, which is
    the log odds of the second; more have a row each."""

    design: Design
    truth: Floats  # (scores, rows): 1 where the row is of the class
    weights: Floats  # (rows,): how much each row counts

    def scores(self, coefficients: Floats) -> Floats:
        """(scores, rows) for (scores, coefficients)."""
        return np.stack([self.design.times(row) for row in coefficients])

    def loss(self, scores: Floats, coefficients: Floats) -> float:
        """What is to be least."""
        rows = _log_sum(scores) - np.einsum("ij,ij->j", self.truth, scores)
        penalised = coefficients * self.design.penalised
        return float(self.weights @ rows) + 0.5 * float(np.sum(penalised**2))

    def gradient(self, shares: Floats, coefficients: Floats) -> Floats:
        """(scores, coefficients): the slope of the loss."""
        errors = (shares - self.truth) * self.weights
        return self._back(errors) + coefficients * self.design.penalised

    def curve(self, shares: Floats, step: Floats) -> Floats:
        """The Hessian times `step`."""
        change = self.scores(step)
        if len(shares) > 1:
            change -= np.einsum("ij,ij->j", shares, change)
        else:
            change *= 1.0 - shares  # the first of two classes has no scores that could change
        return self._back(shares * change * self.weights) + step * self.design.penalised

    def _back(self, values: Floats) -> Floats:
        return np.stack([self.design.transposed_times(row) for row in values])


def fit_scores(problem: Problem, *, tol: float, rounds: int) -> Floats:
    """The (scores, coefficients) of the least loss, once no slope is above `tol` of the steepest at
    the start; UserError if that takes more than so many rounds."""
    answer = np.zeros((len(problem.truth), problem.design.width))
    scores = problem.scores(answer)
    loss, steepest = problem.loss(scores, answer), 0.0
    for _ in range(rounds):
        shares = shares_of(scores)
        slope = problem.gradient(shares, answer)
        steep = float(np.abs(slope).max())
        steepest = max(steepest, steep)
        if steep <= tol * steepest:
            return answer
        step = _newton_step(problem, shares, slope, tol=min(0.1, steep / steepest))
        gain = -float(np.vdot(slope, step))
        if gain <= 1e-22 * loss:
            return answer  # nothing is left but rounding
        answer, scores, loss = _as_far_as_it_helps(problem, answer, step, loss, gain)
    raise UserError(
        f"logistic: no answer after {rounds} rounds (max_iter), with tol {tol:g}",
        hint="raise params.max_iter or params.tol, or lower params.C",
    )


def shares_of(scores: Floats) -> Floats:
    """(scores, rows): the probability of the class of each row of scores."""
    return np.exp(scores - _log_sum(scores))


def _log_sum(scores: Floats) -> Floats:
    # the first of two classes has no row of its own: its score is 0
    highest = np.maximum(scores.max(axis=0), 0.0) if len(scores) == 1 else scores.max(axis=0)
    total: Floats = np.exp(scores - highest).sum(axis=0)
    if len(scores) == 1:
        total += np.exp(-highest)
    logarithm: Floats = highest + np.log(total)
    return logarithm


def _newton_step(problem: Problem, shares: Floats, slope: Floats, *, tol: float) -> Floats:
    return descend(
        lambda step: problem.curve(shares, step),
        -slope,
        _preconditioner(problem, shares),
        tol=tol,
        rounds=slope.size,
    )


def _preconditioner(problem: Problem, shares: Floats) -> Callable[[Floats], Floats]:
    """Every row of scores for itself: exact for two classes, so that one step is enough."""
    design, penalty = problem.design, problem.design.penalised
    curvatures = shares * (1.0 - shares) * problem.weights
    if design.width - max(design.sizes, default=0) > LARGEST:
        squares = np.stack([design.squares(row) for row in curvatures]) + penalty
        squares[squares == 0] = 1.0
        return lambda residual: _level(residual / squares)
    equations = [normal(design, penalty, row) for row in curvatures]
    return lambda residual: _level(
        np.stack([one.solve(row) for one, row in zip(equations, residual, strict=True)])
    )


def _level(step: Floats) -> Floats:
    """The part of a step that matters: what all classes have in common changes no probability, and
    would leave the conjugate gradients a direction with next to no curvature."""
    return step - step.mean(axis=0) if len(step) > 1 else step


def _as_far_as_it_helps(
    problem: Problem, answer: Floats, step: Floats, loss: float, gain: float
) -> tuple[Floats, Floats, float]:
    """Answer, scores and loss after the whole step, or half of it, or half of that, as soon as the
    loss falls by a share of what the slope promises (Armijo)."""
    share = 1.0
    for _ in range(_HALVINGS):
        tried = answer + share * step
        scores = problem.scores(tried)
        found = problem.loss(scores, tried)
        if found <= loss - 1e-4 * share * gain + 1e-14 * loss:  # as exact as the sum of losses is
            return tried, scores, found
        share /= 2
    return answer, problem.scores(answer), loss
