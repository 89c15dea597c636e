"""The certificate counts anew: from keys and answers, exactly."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from keepfit.data.splitting.keys import fingerprint_bytes, read_fingerprint
from keepfit.evaluate.certificate import Precedent, Seen, certify
from keepfit.evaluate.evidence import trim_overlap
from keepfit.kinds.base import Prediction

NUMBERS = st.sets(st.integers(0, 2**64 - 1), max_size=30)
FEW = st.sets(st.integers(0, 40), max_size=30)


def keys(numbers):
    return np.array(sorted(numbers), dtype=np.uint64)


def seen(learned, validated=(), answers=0, digest="c" * 64):
    said = Prediction(pl.Series([1.0] * answers, dtype=pl.Float64))
    return Seen(digest, keys(learned), None if validated is None else keys(validated), said)


def certified(offered, ours, theirs=None, precedent=None, contents=()):
    rows = keys(offered)
    keep = trim_overlap(rows, ours.learned, theirs.learned if theirs else None)[0]
    return certify(
        rows, keep, ours, theirs, contents=keys(contents), precedent=precedent or Precedent()
    )


@given(offered=FEW, learned=FEW, tuned=FEW, theirs=FEW)
def test_planted_overlap_is_counted_exactly(offered, learned, tuned, theirs):
    mine = learned | tuned
    stored = read_fingerprint(fingerprint_bytes(keys(mine)))
    made = certified(offered, seen(stored.tolist(), tuned), seen(theirs, None, digest="d" * 64))
    assert made.challenger.learned == len(offered & mine)
    assert made.challenger.validated == len(offered & tuned)
    assert made.champion.learned == len(offered & theirs)
    assert made.champion.validated == (None if offered & theirs else 0)
    assert made.trimmed == len(offered & (mine | theirs))
    assert made.rows == len(offered - mine - theirs)
    assert made.offered == len(offered)
    assert (made.challenger.seen, made.champion.seen) == (len(mine), len(theirs))


@given(one=NUMBERS, other=NUMBERS)
def test_rows_that_differ_have_another_digest(one, other):
    mine, theirs = (certified(rows, seen(())) for rows in (one, other))
    assert (mine.offered_digest == theirs.offered_digest) == (one == other)
    assert (mine.holdout == theirs.holdout) == (one == other)


def test_what_the_rows_hold_is_told_apart_though_their_keys_are_the_same():
    one, other = (certified({1, 2}, seen(()), contents=held) for held in ({7, 8}, {7, 9}))
    assert one.holdout == other.holdout
    assert one.contents != other.contents


def test_answers_that_are_missing_are_counted():
    said = Prediction(pl.Series([1.0, None, float("nan"), float("inf"), 2.0]))
    side = Seen("c" * 64, keys({9}), keys(()), said)
    assert certified({1, 2, 3, 4, 5}, side).challenger.nulls == 3
    chances = np.array([[0.5, 0.5], [np.nan, 1.0]])
    labels = Seen("c" * 64, keys({9}), keys(()), Prediction(pl.Series(["a", "b"]), chances))
    assert certified({1, 2}, labels).challenger.nulls == 1
    unsaid = Seen("c" * 64, keys({9}), keys(()), Prediction(pl.Series(["a", None])))
    assert certified({1, 2}, unsaid).challenger.nulls == 1


def test_a_holdout_that_judges_again_is_counted_and_another_begins_anew():
    first = certified({1, 2}, seen(()))
    second = certified({1, 2}, seen(()), precedent=Precedent(first))
    third = certified({1, 2}, seen(()), precedent=Precedent(second))
    other = certified({1, 3}, seen(()), precedent=Precedent(third))
    assert [made.used for made in (first, second, third, other)] == [0, 1, 2, 0]


def test_a_count_that_is_not_known_stays_unknown_with_its_reason():
    lost = certified({1, 2}, seen(()), precedent=Precedent(error="it was collected"))
    after = certified({1, 2}, seen(()), precedent=Precedent(lost))
    assert (lost.used, lost.used_error) == (None, "it was collected")
    assert (after.used, after.used_error) == (None, "it was collected")
