"""Each field of the evidence taken away or spoilt, one at a time: the verdict is never a pass.

The fields are found by walking the evidence, so that one that is new must be refused without, or
be named below with the reason why it may be missing.
"""

import json
import math

import msgspec
import pytest

from keepfit.config.schema.gate import Benchmark, Gate, Rule
from keepfit.decide.gate import judge
from keepfit.records.comparison import BenchmarkScore, CaseChange, Overlap
from keepfit.records.evidence import Evidence

GATE = Gate(
    metric="mae",
    metrics=("r2",),
    slices=("origin",),
    rules=(
        Rule(metric="mae", max=7),
        Rule(metric="r2", min=0.9),
        Rule(metric="r2", max_drop=0.02),
        Rule(metric="mae", min_gain=5, against="baseline"),
    ),
)
ASKED = {"known": Benchmark(file="known.csv", min=0.5, max_lost=1)}

GONE = object()
NAMES = "a name for people to read; where evidence is stored says what it is on"
STORY = "how the figures came about, in words; no rule is about it"
COUNTS = "a count of the split; the certificate counts the rows judged on anew"
SHOWN = "shown to people; what the gate decides on stands beside it"
HARMLESS = {
    "model": NAMES,
    "kind": NAMES,
    "snapshot": "the certificate holds the digest of what the rows hold",
    "challenger.version": NAMES,
    "champion.version": NAMES,
    "split.by": STORY,
    "split.train": COUNTS,
    "split.validation": COUNTS,
    "split.holdout": COUNTS,
    "split.unlabelled": COUNTS,
    "split.holdout_digest": "the certificate holds the digest of the rows offered",
    "split.cut": STORY,
    "split.holdout_from": STORY,
    "split.holdout_to": STORY,
    "split.shared": COUNTS,
    "split.known": COUNTS,
    "split.before": COUNTS,
    "split.unasked": COUNTS,
    "scores[].baseline": "harmless only for a metric that no rule holds against the baseline",
    "scores[].champion": "harmless only for a metric that no rule holds against the champion",
    "scores[].error": "the figure is there",
    "comparison.gain": SHOWN,
    "comparison.method": STORY,
    "comparison.rows_needed": "asked for only where nothing is settled",
    "slices[].value": NAMES,  # but for a name that is there already
    "slices[].challenger": SHOWN,
    "slices[].champion": SHOWN,
    "slices[].note": "it says why there is no comparison, and there is one",
    "slices[].comparison.gain": SHOWN,
    "slices[].comparison.low": SHOWN,
    "slices[].condition": "it says how a slice is told",
    "rules[].learned": "rows left out are told; those that were compared are counted",
    "rules[].comparison.method": STORY,
    "slices[].comparison.method": STORY,
    "slices[].comparison.rows_needed": SHOWN,
    "removals": "what cleaning removed is told, not judged",
    "findings": "a finding that is not there cannot be told from data without fault",
    "comparison_error": "there is a comparison",
    "slices[].error": "there is a comparison",
    "benchmarks[].error": "there is a figure",
    "benchmarks[].better": SHOWN,
    "benchmarks[].ambiguous": SHOWN,
    "benchmarks[].before": "a champion that was judged without the benchmark has none",
    "benchmarks[].gained": SHOWN,
    "benchmarks[].changes": SHOWN,
    "benchmarks[].changes[]": SHOWN,
    "benchmarks[].changes[].case": NAMES,
    "benchmarks[].changes[].expected": SHOWN,
    "benchmarks[].changes[].challenger": SHOWN,
    "benchmarks[].changes[].champion": SHOWN,
    "benchmarks[].changes[].better": SHOWN,
    "disagreements": SHOWN,
    "certificate.champion.seen": "a champion that learned from fewer rows is no better for it",
    "certificate.champion.validated": "rows that tuned the champion are left out as those learned",
    "certificate.used_error": "the count is there",
}
HARMLESS_MORE = {  # one more of these is told to people, and nothing else counts them
    "benchmarks[].cases",
    "certificate.used",
}


@pytest.fixture
def sound(evidence):
    """Evidence with everything that evidence can hold, some rows of overlap included."""
    known = BenchmarkScore(
        name="known",
        file="known.csv",
        digest="b" * 64,
        before="b" * 64,
        metric="accuracy",
        better="higher",
        cases=10,
        ambiguous=1,
        challenger=0.9,
        champion=0.9,
        gained=1,
        lost=1,
        changes=(
            CaseChange(case="1", expected="a", challenger="b", champion="a", better="champion"),
        ),
    )
    return evidence(overlap=Overlap(challenger=20, champion=30, trimmed=40), benchmarks=(known,))


def places(value, path=()):
    """The path of everything that a record holds, inner before outer."""
    if not isinstance(value, dict | list):
        return
    for key, held in value.items() if isinstance(value, dict) else enumerate(value):
        yield from places(held, (*path, key))
        yield (*path, key)


def complete(record):
    """A record as plain data, with the fields that its canonical form leaves out as defaults."""
    if isinstance(record, msgspec.Struct):
        return {name: complete(getattr(record, name)) for name in record.__struct_fields__}
    return [complete(each) for each in record] if isinstance(record, tuple) else record


def spelt(path):
    return "".join("[]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def harmless(path):
    parts = spelt(path).split(".")
    return any(".".join(parts[:end]) in HARMLESS for end in range(1, len(parts) + 1))


def spoilt(value):
    """What may stand in the place of a value: nothing, something empty, something else."""
    yield None
    match value:
        case bool():
            yield not value
        case int():
            yield from (0, value + 1, -1)
        case float():
            yield math.nan
        case str():
            yield from ("", "another")
        case list():
            yield []
        case dict():
            yield {}


def instead(place, held):
    """What is put in the place of a value; nothing that it is already."""
    if held not in (None, [], {}):
        yield GONE
    for value in spoilt(held):
        if value != held and not (place in HARMLESS_MORE and value == held + 1):
            yield value


def changed(plain, path, value):
    copy = json.loads(json.dumps(plain))
    held = copy
    for part in path[:-1]:
        held = held[part]
    if value is GONE:
        del held[path[-1]]
    else:
        held[path[-1]] = value
    return copy


def outcome_of(plain):
    """What the gate says; `unreadable` where no record can be made of it."""
    try:
        made = msgspec.convert(plain, Evidence)
    except msgspec.ValidationError:
        return "unreadable"
    return judge(made, GATE, ASKED).outcome


def is_still(plain, evidence):
    """Whether a record that can be made of it is that evidence."""
    try:
        return msgspec.convert(plain, Evidence) == evidence
    except msgspec.ValidationError:
        return False


def test_the_evidence_passes_before_anything_is_taken_away(sound):
    assert judge(sound, GATE, ASKED).outcome == "pass"
    assert outcome_of(complete(sound)) == "pass"
    assert msgspec.convert(complete(sound), Evidence) == sound


def test_no_field_can_be_missing_or_spoilt_and_the_verdict_a_pass(sound):
    plain = complete(sound)
    tried, through = 0, []
    for path in places(plain):
        if harmless(path):
            continue
        held = plain
        for part in path:
            held = held[part]
        for value in instead(spelt(path), held):
            other = changed(plain, path, value)
            if value is GONE and is_still(other, sound):
                continue  # a default, which stood there
            tried += 1
            if outcome_of(other) == "pass":
                through.append((spelt(path), path, "gone" if value is GONE else value))
    assert through == [], "\n".join(map(str, through))
    assert tried > 200


def test_what_may_be_missing_is_in_the_evidence_and_has_a_reason(sound):
    known = {spelt(path) for path in places(complete(sound))}
    assert set(HARMLESS) - known == set()
    assert all(HARMLESS.values())


@pytest.mark.parametrize("side", ["challenger", "champion", "baseline"])
def test_a_figure_that_a_rule_hangs_on_cannot_be_missing(sound, side):
    plain = complete(sound)
    (mae, r2) = range(2)
    needed = {"challenger": (mae, r2), "champion": (mae, r2), "baseline": (mae,)}
    for place in needed[side]:
        assert outcome_of(changed(plain, ("scores", place, side), None)) != "pass"
