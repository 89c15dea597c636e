"""Which labels are taken for which."""

from __future__ import annotations

import numpy as np

from keepfit.evaluate.sample import Sample, labels
from keepfit.records.exhibits import Confused, Confusion

MOST_LABELS, MOST_PAIRS = 12, 10


def confusion(sample: Sample) -> tuple[Confusion, tuple[Confused, ...]]:
    """
    The counts of true and predicted labels, the 12 most frequent true ones, and the mistakes made
    most. NotMeasurable on a null.
    """
    truth, said = labels(sample)
    size = len(sample.classes)
    pairs, found = np.unique(truth * size + said, return_counts=True)  # sparse: classes may be many
    rows, columns = np.divmod(pairs, size)
    frequent = np.argsort(-np.bincount(truth, minlength=size), kind="stable")[:MOST_LABELS]
    shown = np.sort(frequent)
    place = np.full(size, -1)
    place[shown] = np.arange(len(shown))
    inside = (place[rows] >= 0) & (place[columns] >= 0)
    counts = np.zeros((len(shown), len(shown)), dtype=np.int64)
    counts[place[rows[inside]], place[columns[inside]]] = found[inside]
    table = Confusion(
        labels=tuple(sample.classes[code] for code in shown.tolist()),
        counts=tuple(map(tuple, counts.tolist())),
        left_out=int(found[~inside].sum()),
    )
    wrong = np.flatnonzero(rows != columns)
    worst = wrong[np.argsort(-found[wrong], kind="stable")[:MOST_PAIRS]].tolist()
    return table, tuple(
        Confused(
            truth=sample.classes[rows[i]], predicted=sample.classes[columns[i]], rows=int(found[i])
        )
        for i in worst
    )
