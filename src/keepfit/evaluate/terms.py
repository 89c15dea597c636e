"""Metrics that are means over the rows: one number a row."""

from __future__ import annotations

import numpy as np

from keepfit.evaluate.sample import NotMeasurable, Numbers, Sample, chances, labels, numbers


def absolute_error(sample: Sample) -> Numbers:
    """How far each prediction is off, in the target's unit."""
    truth, said = numbers(sample)
    return np.abs(truth - said)


def squared_error(sample: Sample) -> Numbers:
    """The square of how far each prediction is off."""
    truth, said = numbers(sample)
    return np.square(truth - said)


def percentage_error(sample: Sample) -> Numbers:
    """How far each prediction is off as a share of the truth; NotMeasurable where that is 0."""
    truth, said = numbers(sample)
    if zeros := np.count_nonzero(truth == 0):
        raise NotMeasurable(f"the truth is 0 in {zeros:,} rows, and an error has no share of 0")
    return np.asarray(np.abs((truth - said) / truth))


def symmetric_error(sample: Sample) -> Numbers:
    """How far each prediction is off as a share of both sizes' mean, 0 to 2; 0 where both are 0."""
    truth, said = numbers(sample)
    size = (np.abs(truth) + np.abs(said)) / 2
    return np.divide(np.abs(truth - said), size, out=np.zeros_like(size), where=size > 0)


def within(sample: Sample, limit: float) -> Numbers:
    """1 for each prediction that is off by at most `limit`, in the target's unit."""
    return (absolute_error(sample) <= limit).astype(np.float64)


def share_within(sample: Sample, percent: float) -> Numbers:
    """1 for each prediction that is off by at most `percent` of the truth."""
    truth, said = numbers(sample)
    close = 100 * np.abs(truth - said) <= percent * np.abs(truth)
    return np.asarray(close, dtype=np.float64)


def right(sample: Sample) -> Numbers:
    """1 for each label that is the true one."""
    truth, said = labels(sample)
    return np.asarray(truth == said, dtype=np.float64)


def prefix(sample: Sample, length: int) -> Numbers:
    """1 for each label whose first `length` characters are those of the true one."""
    truth, said = labels(sample)
    heads = np.array([str(label)[:length] for label in sample.classes])
    return np.asarray(heads[truth] == heads[said], dtype=np.float64)


def among_top(sample: Sample, labels_shown: int) -> Numbers:
    """1 for each true label among the `labels_shown` likeliest; of equally likely, by their order.

    A label to which the model gives no chance is not among them.
    """
    truth, probabilities = chances(sample)
    chance = probabilities[np.arange(len(truth)), truth][:, None]
    earlier = np.arange(probabilities.shape[1]) < truth[:, None]
    before = (probabilities > chance) | ((probabilities == chance) & earlier)
    return np.asarray((before.sum(axis=1) < labels_shown) & (chance[:, 0] > 0), dtype=np.float64)


def surprise(sample: Sample) -> Numbers:
    """Minus the logarithm of the true label's probability, clipped as scikit-learn clips it."""
    truth, probabilities = chances(sample)
    least = np.finfo(np.float64).eps
    chance = probabilities[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.clip(chance, least, 1 - least)))


def squared_chance(sample: Sample) -> Numbers:
    """
    The squared distance of the probabilities from the truth (Brier, 1950).

    For two classes that of the second class alone, 0 to 1, as everybody reports it; for more the
    sum over all classes, 0 to 2.
    """
    truth, probabilities = chances(sample)
    distance = probabilities.copy()
    distance[np.arange(len(truth)), truth] -= 1
    total = np.square(distance).sum(axis=1)
    return np.asarray(total / 2 if len(sample.classes) == 2 else total)
