import numpy as np
import pytest

from keepfit.errors import NotComparable
from keepfit.evaluate.compare import Measured
from keepfit.evaluate.evidence import different, gather, trim_overlap
from keepfit.records.comparison import Comparison, MetricScore, Overlap, Side
from keepfit.records.rows import Removal, SplitReport
from keepfit.records.training import Candidate

CANDIDATE = Candidate(
    model="fare",
    kind="ridge",
    files={"model.json": "f" * 64},
    digest="c" * 64,
    snapshot="5" * 64,
    split=SplitReport(
        by="time",
        train=10,
        validation=0,
        holdout=5,
        unlabelled=0,
        train_digest="1" * 64,
        holdout_digest="2" * 64,
    ),
    schema=(),
)
MEASURED = Measured(
    metric="mae",
    rows=5,
    scores=(MetricScore(metric="mae", better="lower", challenger=1.0, champion=2.0),),
    comparison=Comparison(
        metric="mae", gain=1.0, low=0.5, high=1.5, confidence=0.95, method="paired t", rows=5
    ),
)
NONE = Overlap(challenger=0, champion=0, trimmed=0)


def keys(*numbers):
    return np.array(numbers, dtype=np.uint64)


def gathered(**more):
    facts = {
        "champion": Side(digest="d" * 64, version="1.0.0-aff1242"),
        "measured": MEASURED,
        "holdout": "2" * 64,
        "overlap": NONE,
    }
    return gather(CANDIDATE, **(facts | more))


def test_rows_that_either_side_has_learned_from_are_taken_out():
    kept, overlap = trim_overlap(keys(5, 1, 2**64 - 1, 7), keys(7, 5), keys(2**64 - 1, 7, 9))
    assert kept.tolist() == [False, True, False, False]
    assert overlap == Overlap(challenger=2, champion=2, trimmed=3)


def test_without_a_champion_only_the_challenger_has_learned():
    kept, overlap = trim_overlap(keys(1, 2), keys(2), None)
    assert kept.tolist() == [True, False]
    assert overlap == Overlap(challenger=1, champion=0, trimmed=1)


def test_sides_that_learned_from_other_rows_keep_the_whole_holdout():
    kept, overlap = trim_overlap(keys(1, 2), keys(3), keys())
    assert kept.all()
    assert overlap == NONE


def test_everything_measured_is_in_the_evidence():
    removal = Removal(rule="paid", condition="fare > 0", rows=3)
    evidence = gathered(removals=(removal,))
    assert evidence.challenger == Side(digest=CANDIDATE.digest)
    assert evidence.champion.version == "1.0.0-aff1242"
    assert (evidence.model, evidence.kind, evidence.metric) == ("fare", "ridge", "mae")
    assert evidence.scores == MEASURED.scores
    assert evidence.comparison == MEASURED.comparison
    assert evidence.rows == 5
    assert evidence.removals == (removal,)


def test_a_model_is_not_compared_with_itself():
    with pytest.raises(NotComparable, match="same model as the champion") as caught:
        different(
            Side(digest=CANDIDATE.digest),
            Side(digest=CANDIDATE.digest, version="1.0.0-aff1242"),
            "fare",
        )
    assert "1.0.0-aff1242" in str(caught.value)
    assert caught.value.hint


def test_rows_that_were_not_measured_are_no_evidence():
    with pytest.raises(NotComparable, match="6 rows and 5 were measured"):
        gathered(rows=6)
