import msgspec
import pytest

from keepfit.records.certificate import Certificate, Witness
from keepfit.records.comparison import Comparison, MetricScore, Overlap, RuleScore, Side, SliceScore
from keepfit.records.evidence import Evidence
from keepfit.records.rows import SplitReport

replace = msgspec.structs.replace

SPLIT = SplitReport(
    by="time",
    train=10_000,
    validation=0,
    holdout=1_000,
    unlabelled=0,
    train_digest="1" * 64,
    holdout_digest="2" * 64,
)


@pytest.fixture(scope="session")
def comparison():
    """A comparison on mae over 1,000 rows; the challenger wins unless told otherwise."""

    def build(gain=9.59, low=9.39, high=9.79, **more):
        facts = {"metric": "mae", "confidence": 0.95, "method": "paired t", "rows": 1_000}
        return Comparison(gain=gain, low=low, high=high, **(facts | more))

    return build


@pytest.fixture(scope="session")
def held(comparison):
    """A metric of the challenger held against another side, with an interval of a tenth around."""

    def build(metric, against, bound, ours, other, *, better="lower", apart=0.1, **more):
        gain = other - ours if better == "lower" else ours - other
        found = comparison(gain, gain - apart, gain + apart, metric=metric)
        sides = {"challenger": ours, "other": other, "comparison": found, "rows": 1_000}
        facts = {"metric": metric, "better": better, "against": against, "bound": bound}
        return RuleScore(**(facts | sides | more))

    return build


@pytest.fixture(scope="session")
def evidence(comparison, held):
    """Evidence that passes every rule of the tests, but for what a test changes."""
    scores = (
        MetricScore(metric="mae", better="lower", challenger=6.61, champion=16.2, baseline=20.0),
        MetricScore(metric="r2", better="higher", challenger=0.91, champion=0.9, baseline=0.0),
    )
    parts = tuple(
        SliceScore(
            column="origin",
            value=value,
            rows=500,
            challenger=6.6,
            champion=16.2,
            comparison=comparison(rows=500, confidence=0.975),
        )
        for value in ("EWR", "JFK")
    )
    sound = Evidence(
        model="fare",
        kind="ridge",
        metric="mae",
        challenger=Side(digest="c" * 64),
        champion=Side(digest="d" * 64, version="1.0.0-aff1242"),
        snapshot="5" * 64,
        split=SPLIT,
        holdout="2" * 64,
        rows=1_000,
        overlap=Overlap(challenger=0, champion=0, trimmed=0),
        scores=scores,
        comparison=comparison(),
        slices=parts,
        rules=(
            held("r2", "champion", -0.02, 0.91, 0.9, better="higher", apart=0.01),
            held("mae", "baseline", 5, 6.61, 20.0),
        ),
    )

    def build(**changes):
        made = replace(sound, **changes)
        return made if "certificate" in changes else replace(made, certificate=certified(made))

    return build


def certified(evidence):
    """The certificate that belongs to the evidence."""
    digest, rows, overlap = evidence.holdout or "2" * 64, evidence.rows, evidence.overlap
    champion = evidence.champion and Witness(
        digest=evidence.champion.digest,
        fingerprint="8" * 64,
        seen=9_000,
        learned=overlap.champion,
        validated=0,
        answers=rows,
        nulls=0,
    )
    return Certificate(
        challenger=Witness(
            digest=evidence.challenger.digest,
            fingerprint=evidence.split.train_digest,
            seen=10_000,
            learned=overlap.challenger,
            validated=0,
            answers=rows,
            nulls=0,
        ),
        champion=champion,
        offered=rows + overlap.trimmed,
        offered_digest="3" * 64 if overlap.trimmed else digest,
        trimmed=overlap.trimmed,
        rows=rows,
        holdout=evidence.holdout,
        contents="4" * 64,
        used=0,
    )
