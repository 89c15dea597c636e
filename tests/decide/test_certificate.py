"""A comparison that was not honest is refused, and says why."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.gate import Gate
from keepfit.decide.certificate import RULE
from keepfit.decide.gate import judge
from keepfit.records.comparison import MetricScore, Overlap, Side

change = msgspec.structs.replace
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)


def said(verdict):
    return next(reason for reason in verdict.reasons if reason.rule == RULE)


def ours(evidence, **changes):
    made = evidence()
    witness = change(made.certificate.challenger, **changes)
    return change(made, certificate=change(made.certificate, challenger=witness))


def overlapping(evidence, challenger=0, champion=0, trimmed=0, rows=1_000):
    return evidence(
        rows=rows, overlap=Overlap(challenger=challenger, champion=champion, trimmed=trimmed)
    )


def test_an_honest_comparison_is_told_in_words(evidence):
    assert said(judge(evidence(), Gate())).text == (
        "judged on 1,000 rows that neither side has learned from, each answered by both"
    )
    some = overlapping(evidence, champion=20, trimmed=20)
    assert "; 20 more were left out" in said(judge(some, Gate())).text
    again = change(evidence().certificate, used=3)
    assert said(judge(evidence(certificate=again), Gate())).text.endswith(
        "; they have judged 3 times before"
    )


@given(digest=HEX, versions=st.tuples(*[st.none() | st.just("1.0.0-aff1242")] * 2))
def test_a_model_that_is_compared_with_itself_never_passes(evidence, digest, versions):
    sides = (Side(digest=digest, version=version) for version in versions)
    verdict = judge(evidence(**dict(zip(("challenger", "champion"), sides, strict=True))), Gate())
    assert verdict.outcome == "fail"
    assert "both sides are the same model, byte for byte" in said(verdict).text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"validated": 1, "learned": 1}, "1 holdout rows stopped or tuned the challenger"),
        ({"validated": None}, "whether the holdout stopped or tuned the challenger is not known"),
        ({"answers": 999}, "the challenger answered 999 of 1,000 rows"),
        ({"nulls": 3}, "the challenger has no answer for 3 of 1,000 rows"),
        ({"digest": "e" * 64}, "the certificate is of another challenger: eeeeeeeeeeee"),
        ({"fingerprint": "e" * 64}, "fingerprint: eeeeeeeeeeee; the evidence says 111111111111"),
        ({"seen": 0}, "which rows the challenger learned from is not known"),
    ],
)
def test_a_challenger_that_was_not_treated_fairly_is_refused(changes, text, evidence):
    verdict = judge(ours(evidence, **changes), Gate())
    assert verdict.outcome == "fail"
    assert text in said(verdict).text


@pytest.mark.parametrize(
    ("trimmed", "rows", "outcome"), [(500, 500, "pass"), (501, 499, "fail"), (999, 1, "fail")]
)
def test_more_overlap_than_may_be_left_out_is_refused(trimmed, rows, outcome, evidence, comparison):
    made = overlapping(evidence, champion=trimmed, trimmed=trimmed, rows=rows)
    verdict = judge(change(made, comparison=comparison(rows=rows)), Gate())
    assert said(verdict).outcome == outcome
    if outcome == "fail":
        assert "at most 50 % may be left out (gate.max_overlap)" in said(verdict).text
    strict = judge(change(made, comparison=comparison(rows=rows)), Gate(max_overlap=0.0))
    assert said(strict).outcome == "fail"


def test_evidence_of_a_release_that_gave_no_certificate_is_refused(evidence):
    verdict = judge(evidence(certificate=None), Gate())
    assert verdict.outcome == "fail"
    assert "judge it again" in said(verdict).text


def test_a_champion_that_was_tuned_on_rows_that_were_left_out_is_no_reason(evidence):
    made = overlapping(evidence, champion=20, trimmed=20)
    witness = change(made.certificate.champion, validated=None)
    told = change(made, certificate=change(made.certificate, champion=witness))
    assert judge(told, Gate()).outcome == "pass"


def loss(evidence, metric, challenger, baseline=20.0, rows=1_000):
    score = MetricScore(metric=metric, better="lower", challenger=challenger, baseline=baseline)
    return judge(evidence(rows=rows, scores=(*evidence().scores[1:], score)), Gate())


def leaks(verdict):
    return [r.outcome for r in verdict.reasons if r.rule == "too good to be true"]


@pytest.mark.parametrize("metric", ["mae", "log_loss"])
def test_what_is_too_good_to_be_true_is_refused(metric, evidence):
    assert leaks(loss(evidence, metric, 0.0)) == ["fail"]
    assert leaks(loss(evidence, metric, 1.9e-5)) == ["fail"]
    assert leaks(loss(evidence, metric, 2.1e-5)) == []
    assert leaks(loss(evidence, metric, 0.0, rows=29)) == []
    assert leaks(loss(evidence, "share_of_nothing", 0.0)) == []


def test_a_file_may_believe_anything(evidence):
    score = MetricScore(metric="mae", better="lower", challenger=0.0, baseline=20.0)
    assert leaks(judge(evidence(scores=(score,)), Gate(too_good=0))) == []
