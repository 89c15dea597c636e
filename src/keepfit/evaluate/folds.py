"""A gain over several folds, with two kinds of luck: that of the rows, and that of the training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, variance
from typing import NamedTuple

from keepfit.records.comparison import Comparison


class Luck(NamedTuple):
    """A gain and the interval around it."""

    gain: float
    low: float
    high: float


def over_folds(found: Sequence[Comparison]) -> Luck:
    """The mean gain over folds that judge on different rows, each row counted once.

    The intervals of the folds, which tell how much is luck of the rows, are put together by the
    method of variance estimates recovery (Zou and Donner, 2008, Statistics in Medicine 27,
    1693-1702). A training is luck, too: where gains differ between folds by more than their rows
    explain, that is added, as DerSimonian and Laird do for trials in different places (1986,
    Controlled Clinical Trials 7, 177-188). All intervals hold with the same confidence.
    """
    rows = sum(one.rows for one in found)
    weights = [one.rows / rows for one in found]
    gain = sum(weight * one.gain for weight, one in zip(weights, found, strict=True))
    far = NormalDist().inv_cdf((1 + found[0].confidence) / 2)
    between = far * math.sqrt(_of_training(found, far)) * math.hypot(*weights)
    pairs = list(zip(weights, found, strict=True))
    below = math.hypot(between, *(weight * (one.gain - one.low) for weight, one in pairs))
    above = math.hypot(between, *(weight * (one.high - one.gain) for weight, one in pairs))
    return Luck(gain, gain - below, gain + above)


def _of_training(found: Sequence[Comparison], far: float) -> float:
    """The variance of gains between folds, less what the luck of their rows explains."""
    if len(found) < 2:
        return 0.0
    of_rows = [((one.high - one.low) / 2 / far) ** 2 for one in found]
    return max(0.0, variance(one.gain for one in found) - sum(of_rows) / len(found))
