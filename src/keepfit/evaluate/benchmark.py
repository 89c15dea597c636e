"""Both sides on named cases with expected answers, and what one got right and the other wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from keepfit.digest import Digest
from keepfit.evaluate.metrics import Mean, Metric
from keepfit.evaluate.names import CLASSIFICATION
from keepfit.evaluate.sample import NotMeasurable, Sample, classes_of
from keepfit.kinds.base import Prediction
from keepfit.records.comparison import BenchmarkScore, CaseChange

SHOWN = 20  # cases that are shown of those lost, and of those gained
_WIDEST = 80  # characters of an answer that are shown

Answers = Prediction | str  # what a side says of the cases, or why it says nothing


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of a benchmark that can be told right from wrong, with what is expected."""

    name: str
    file: str
    digest: Digest | None  # of the file
    before: Digest | None  # of the file that the champion was judged on, if it was
    metric: Metric
    names: pl.Series  # a name a case
    rows: pl.DataFrame  # as a prediction gets them
    expected: pl.Series  # in the target's type
    ambiguous: int  # cases that were left out
    error: str | None = None  # why there are none


def benchmark_score(
    cases: Cases, challenger: Answers | None, champion: Answers | None, task: str
) -> BenchmarkScore:
    """
    The metric of both sides on the cases, and the cases on which they differ.

    What cannot be measured is recorded with its reason. `champion` is None where there is none.
    """
    made = BenchmarkScore(
        name=cases.name,
        file=cases.file,
        digest=cases.digest,
        before=cases.before,
        metric=cases.metric.name,
        better=cases.metric.better,
        cases=len(cases.expected),
        ambiguous=cases.ambiguous,
    )
    if challenger is None or cases.error:
        return _replace(made, error=cases.error or "the challenger was not asked")
    if isinstance(challenger, str):
        return _replace(made, error=f"challenger: {challenger}")
    if isinstance(champion, str):
        return _replace(made, error=f"champion: {champion}")
    ours, theirs = _samples(cases, challenger, champion, task)
    try:
        score = cases.metric.of(ours)
        other = cases.metric.of(theirs) if theirs else None
        return _differing(_replace(made, challenger=score, champion=other), cases, ours, theirs)
    except NotMeasurable as error:
        return _replace(made, error=str(error))


def _samples(
    cases: Cases, challenger: Prediction, champion: Prediction | None, task: str
) -> tuple[Sample, Sample | None]:
    said = [challenger, *([champion] if champion else [])]
    classes = classes_of(cases.expected, *said) if task == CLASSIFICATION else ()
    ours, *theirs = (Sample(cases.expected, each, classes, cases.rows) for each in said)
    return ours, theirs[0] if theirs else None


def _differing(
    made: BenchmarkScore, cases: Cases, ours: Sample, theirs: Sample | None
) -> BenchmarkScore:
    """With the cases that were gained and lost, where the metric is one of single cases."""
    how = cases.metric.how
    if theirs is None or not isinstance(how, Mean):
        return made
    difference = how.terms(ours) - how.terms(theirs)
    gain = difference if cases.metric.better == "higher" else -difference
    gained, lost = np.flatnonzero(gain > 0), np.flatnonzero(gain < 0)
    changes = (
        *_changes(lost, cases, ours, theirs, "champion"),
        *_changes(gained, cases, ours, theirs, "challenger"),
    )
    return _replace(made, gained=len(gained), lost=len(lost), changes=changes)


def _changes(
    places: np.ndarray,
    cases: Cases,
    ours: Sample,
    theirs: Sample,
    better: Literal["challenger", "champion"],
) -> Iterator[CaseChange]:
    for place in places[:SHOWN].tolist():
        yield CaseChange(
            case=_shown(cases.names[place]),
            expected=_shown(cases.expected[place]),
            challenger=_shown(ours.prediction.values[place]),
            champion=_shown(theirs.prediction.values[place]),
            better=better,
        )


def _shown(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _replace(made: BenchmarkScore, **changes: object) -> BenchmarkScore:
    import msgspec

    return msgspec.structs.replace(made, **changes)
