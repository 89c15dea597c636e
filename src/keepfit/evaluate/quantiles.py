"""Quantiles of Student's t and the beta distribution, without SciPy: its import costs a second."""

from __future__ import annotations

import math
from statistics import NormalDist


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), 0 to 1; NIST DLMF 8.17."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # beyond it the fraction converges slowly
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    log_front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of DLMF 8.17.22, by Lentz's method."""
    c, d = 1.0, _never_zero(1 - (a + b) * x / (a + 1))
    value = d = 1 / d
    step, m = 0.0, 0
    while abs(step - 1) > 1e-15 and m < 100_000:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _never_zero(1 + even * d), _never_zero(1 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _never_zero(1 + odd * d), _never_zero(1 + odd / c)
        step = d * c
        value *= step
    return value


def _never_zero(x: float) -> float:
    return x if abs(x) > 1e-300 else 1e-300


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x at which I_x(a, b) is `p`, by bisection to the last bit but a few."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < p else (low, middle)
    return (low + high) / 2


def t_quantile(confidence: float, freedom: float) -> float:
    """How many standard errors to either side hold `confidence` of Student's t."""
    tail = (1 - confidence) / 2
    normal = NormalDist().inv_cdf(1 - tail)
    if freedom > 1_000_000:  # the difference is below 1e-5 and its first term is known
        return normal + (normal**3 + normal) / (4 * freedom)
    # The tail falls and is convex, so that Newton's steps from the left never overshoot.
    t = normal
    for _ in range(200):
        step = (_upper_tail(t, freedom) - tail) / _density(t, freedom)
        t += step
        if abs(step) <= 1e-14 * t:
            break
    return t


def _upper_tail(t: float, freedom: float) -> float:
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def _density(t: float, freedom: float) -> float:
    log_front = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    log_front -= math.log(freedom * math.pi) / 2
    return math.exp(log_front - (freedom + 1) / 2 * math.log1p(t * t / freedom))
