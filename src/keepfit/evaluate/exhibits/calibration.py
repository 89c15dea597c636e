"""Whether probabilities come true."""

from __future__ import annotations

import numpy as np

from keepfit.evaluate.exhibits.rounding import every_nth, parts, rounded
from keepfit.evaluate.sample import Codes, Numbers, Sample, chances
from keepfit.records.exhibits import Calibration, CalibrationBin, TopK

BINS, LEAST = 10, 10
KS = (1, 2, 3, 5, 10)


def calibration(sample: Sample) -> Calibration:
    """
    Mean probability beside observed share, in bins of about equally many rows.

    Of two classes for the second; of more for the label that was predicted. NotMeasurable where
    there are no probabilities.
    """
    truth, probabilities = _looked_at(sample)
    two = len(sample.classes) == 2
    chosen = np.ones_like(truth) if two else probabilities.argmax(axis=1)
    chance = probabilities[np.arange(len(truth)), chosen]
    order = np.argsort(chance, kind="stable")
    chance, came = chance[order], (truth == chosen)[order]
    return Calibration(
        label=sample.classes[1] if two else None,
        bins=tuple(
            CalibrationBin(
                rows=part.stop - part.start,
                predicted=rounded(float(chance[part].mean())),
                observed=rounded(float(came[part].mean())),
            )
            for part in parts(len(chance), LEAST, BINS)
        ),
        rows=len(chance),
    )


def top_k(sample: Sample) -> tuple[TopK, ...]:
    """How often the true label is among the k likeliest, for k below the number of classes."""
    truth, probabilities = _looked_at(sample)
    likelier = (probabilities > probabilities[np.arange(len(truth)), truth][:, None]).sum(axis=1)
    return tuple(
        TopK(k=k, share=rounded(float((likelier < k).mean())))
        for k in KS
        if k < len(sample.classes)
    )


def _looked_at(sample: Sample) -> tuple[Codes, Numbers]:
    truth, probabilities = chances(sample)
    nth = every_nth(len(truth))
    return truth[nth], probabilities[nth]
