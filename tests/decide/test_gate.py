import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.gate import Gate, Rule
from keepfit.decide.gate import judge, worst
from keepfit.records.comparison import MetricScore, Overlap, RuleScore, SliceScore
from keepfit.records.disagreement import Disagreements
from keepfit.records.evidence import Reason
from keepfit.records.rows import Finding

RULES = (
    Rule(metric="mae", max=7),
    Rule(metric="r2", min=0.9),
    Rule(metric="r2", max_drop=0.02, severity="warn"),
    Rule(metric="mae", min_gain=5, against="baseline", severity="note"),
)
GATE = Gate(metric="mae", metrics=("r2",), slices=("origin",), rules=RULES)
change = msgspec.structs.replace


def text_of(verdict, rule):
    return next(reason.text for reason in verdict.reasons if reason.rule == rule)


def without(evidence, metric, *fields):
    """The scores with some figures of a metric taken out."""
    lost = dict.fromkeys(fields)
    return tuple(change(s, **lost) if s.metric == metric else s for s in evidence.scores)


def test_what_keeps_every_rule_passes(evidence):
    verdict = judge(evidence(), GATE)
    assert verdict.outcome == "pass"
    assert {reason.outcome for reason in verdict.reasons} == {"pass"}


def test_the_gain_is_told_in_words(evidence):
    assert text_of(judge(evidence(), Gate()), "gain") == (
        "mae 6.61 against 16.20 of the champion: better by 9.59 (95 % sure of 9.39 to 9.79)"
    )


MUTATIONS = {
    "no rows": lambda e: change(e, rows=0),
    "no holdout": lambda e: change(e, holdout=""),
    "no scores": lambda e: change(e, scores=()),
    "no score of the gate's metric": lambda e: change(e, scores=e.scores[1:]),
    "no score of another metric": lambda e: change(e, scores=e.scores[:1]),
    "no challenger on mae": lambda e: change(e, scores=without(e, "mae", "challenger")),
    "no champion on mae": lambda e: change(e, scores=without(e, "mae", "champion")),
    "no baseline on mae": lambda e: change(e, scores=without(e, "mae", "baseline")),
    "no challenger on r2": lambda e: change(e, scores=without(e, "r2", "challenger")),
    "no champion on r2": lambda e: change(e, scores=without(e, "r2", "champion")),
    "no comparison": lambda e: change(e, comparison=None),
    "no interval": lambda e: change(e, comparison=change(e.comparison, low=float("nan"))),
    "no upper end": lambda e: change(e, comparison=change(e.comparison, high=float("inf"))),
    "comparison failed": lambda e: change(e, comparison=None, comparison_error="too few rows"),
    "error beside it": lambda e: change(e, comparison_error="too few rows"),
    "less confidence": lambda e: change(e, comparison=change(e.comparison, confidence=0.9)),
    "other metric": lambda e: change(e, comparison=change(e.comparison, metric="rmse")),
    "other rows": lambda e: change(e, comparison=change(e.comparison, rows=999)),
    "metric of another gate": lambda e: change(e, metric="r2"),
    "nameless champion": lambda e: change(e, champion=None),
    "same model": lambda e: change(e, champion=e.challenger),
    "no rule's score": lambda e: change(e, rules=e.rules[1:]),
    "rule held against another side": lambda e: change(
        e, rules=(change(e.rules[0], against="baseline"), e.rules[1])
    ),
    "rule with another bound": lambda e: change(
        e, rules=(change(e.rules[0], bound=-0.5), e.rules[1])
    ),
    "rule without comparison": lambda e: change(
        e, rules=(change(e.rules[0], comparison=None), e.rules[1])
    ),
    "rule not measurable": lambda e: change(
        e, rules=(change(e.rules[0], error="one value only"), e.rules[1])
    ),
    "rule on other rows": lambda e: change(e, rules=(change(e.rules[0], rows=999), e.rules[1])),
    "rule of other figures": lambda e: change(e, rules=(change(e.rules[0], other=0.5), e.rules[1])),
    "rule less sure": lambda e: change(
        e,
        rules=(
            change(e.rules[0], comparison=change(e.rules[0].comparison, confidence=0.9)),
            e.rules[1],
        ),
    ),
    "rule without an end": lambda e: change(
        e,
        rules=(
            change(e.rules[0], comparison=change(e.rules[0].comparison, low=float("-inf"))),
            e.rules[1],
        ),
    ),
    "slices less sure": lambda e: change(
        e,
        slices=tuple(change(s, comparison=change(s.comparison, confidence=0.9)) for s in e.slices),
    ),
    "no slices": lambda e: change(e, slices=()),
    "slices of another column": lambda e: change(
        e, slices=tuple(change(s, column="dest") for s in e.slices)
    ),
    "slice without rows": lambda e: change(e, slices=(change(e.slices[0], rows=0), e.slices[1])),
    "slice without comparison": lambda e: change(
        e, slices=(change(e.slices[0], comparison=None), e.slices[1])
    ),
    "slice without score": lambda e: change(
        e, slices=(change(e.slices[0], challenger=None), e.slices[1])
    ),
    "slice not measurable": lambda e: change(
        e, slices=(change(e.slices[0], comparison=None, error="one class only"), e.slices[1])
    ),
    "all slices too small": lambda e: change(
        e, slices=tuple(change(s, comparison=None, note="too few rows to tell") for s in e.slices)
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_evidence_that_lacks_a_piece_never_passes(mutation, evidence):
    verdict = judge(MUTATIONS[mutation](evidence()), GATE)
    assert verdict.outcome in ("fail", "inconclusive")
    assert verdict.why


def test_a_metric_that_could_not_be_computed_fails_with_its_reason(evidence):
    lost = MetricScore(metric="r2", better="higher", challenger=None, error="one value only")
    verdict = judge(evidence(scores=(evidence().scores[0], lost)), GATE)
    assert verdict.outcome == "fail"
    assert "r2 of the challenger is missing: one value only" in verdict.why
    assert text_of(verdict, "r2 is measured") == "r2 is missing: one value only"


def test_a_figure_that_nobody_asked_for_may_be_missing(evidence):
    lost = MetricScore(metric="smape", better="lower", challenger=None, error="no")
    assert judge(evidence(scores=(*evidence().scores, lost)), GATE).outcome == "pass"


@pytest.mark.parametrize("severity", ["fail", "warn", "note"])
def test_a_missing_figure_fails_whatever_the_severity(severity, evidence):
    gate = Gate(rules=(Rule(metric="f1", min=0.1, severity=severity),))
    assert judge(evidence(), gate).outcome == "fail"


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (0.51, 2.0, "pass"),
        (0.5, 2.0, "inconclusive"),
        (-3.0, 2.0, "inconclusive"),
        (-3.0, 0.51, "inconclusive"),
        (-3.0, 0.5, "fail"),
        (-3.0, -2.0, "fail"),
        (0.5, 0.5, "fail"),
        (0.6, 0.6, "pass"),
    ],
)
def test_the_interval_is_held_against_what_the_gate_asks_for(
    low, high, outcome, evidence, comparison
):
    found = comparison(gain=(low + high) / 2, low=low, high=high)
    assert judge(evidence(comparison=found), Gate(min_gain=0.5)).outcome == outcome


@given(gain=st.floats(-5, 5), widths=st.tuples(*[st.floats(0, 3)] * 3), asked=st.floats(0, 3))
def test_a_better_interval_never_has_a_worse_outcome(evidence, comparison, gain, widths, asked):
    below, above, shift = widths
    rank = {"fail": 0, "inconclusive": 1, "pass": 2}
    gate = Gate(min_gain=asked)
    one, other = (
        judge(evidence(comparison=comparison(gain=g, low=g - below, high=g + above)), gate).outcome
        for g in (gain, gain + shift)
    )
    assert rank[one] <= rank[other]


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        (13_043, "about 12,000 more rows would settle whether it exceeds 0"),
        (1_001, "about 1 more rows"),
        (None, "no number of rows would settle whether it exceeds 0"),
        (5_000_000, "so close that not even 1,000,000 rows would settle it"),
    ],
)
def test_what_is_inconclusive_says_what_would_settle_it(needed, words, evidence, comparison):
    found = comparison(gain=0.02, low=-0.05, high=0.09, rows_needed=needed)
    verdict = judge(evidence(comparison=found), Gate())
    assert verdict.outcome == "inconclusive"
    assert words in verdict.why
    assert "95 % sure of -0.050 to 0.090" in verdict.why


def test_rows_that_the_metric_leaves_out_for_both_sides_are_told_and_not_missed(evidence):
    def on(found, rows):
        return change(found, comparison=change(found.comparison, rows=rows - 100, left_out=100))

    sound = evidence()
    fewer = change(
        on(sound, 1_000),
        slices=tuple(on(one, 500) for one in sound.slices),
        rules=tuple(on(one, 1_000) for one in sound.rules),
    )
    assert judge(fewer, GATE) == judge(sound, GATE)


def test_the_same_answers_are_no_question_of_luck(evidence, comparison):
    apart = Disagreements(distance="absolute difference", rows=1_000, differing=0, mean=0.0)
    scores = tuple(change(score, champion=score.challenger) for score in evidence().scores)
    none = comparison(gain=0.0, low=0.0, high=0.0)
    same = evidence(comparison=none, disagreements=apart, scores=scores)
    verdict = judge(same, Gate())
    assert verdict.outcome == "fail"
    told = "the same answers as the champion 1.0.0-aff1242 on all 1,000 rows: nothing to release"
    assert text_of(verdict, "gain") == told
    for other in (
        change(same, disagreements=change(apart, differing=1)),
        change(same, disagreements=change(apart, one_sided=1)),  # it refuses other rows
        change(same, disagreements=change(apart, rows=999)),
        change(same, disagreements=None),
        change(same, scores=(scores[0], change(scores[1], champion=0.5))),  # of quantiles, say
    ):
        assert judge(other, Gate()).outcome == "fail"
        assert "neither better nor worse" in text_of(judge(other, Gate()), "gain")


def test_without_a_champion_the_absolute_rules_decide(evidence):
    alone = evidence(
        champion=None,
        comparison=None,
        scores=tuple(change(s, champion=None) for s in evidence().scores),
        slices=tuple(change(s, champion=None, comparison=None) for s in evidence().slices),
    )
    verdict = judge(alone, GATE)
    assert verdict.outcome == "pass"
    assert "no champion" in text_of(verdict, "gain")
    assert text_of(verdict, "gain").endswith("alone decide (mae 6.61, naive 20.00)")
    unlike = change(alone, scores=tuple(change(s, baseline=None) for s in alone.scores))
    assert text_of(judge(unlike, Gate()), "gain").endswith("alone decide (mae 6.61)")
    worse = change(alone, scores=tuple(change(s, baseline=0.0) for s in alone.scores))
    assert text_of(judge(worse, Gate()), "gain").endswith("alone decide (mae 6.61, naive 0.00)")
    strict = Gate(rules=(Rule(metric="mae", max=5),))
    assert judge(alone, strict).outcome == "fail"
    nothing = change(alone, scores=())
    assert judge(nothing, Gate()).outcome == "fail"


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (Rule(metric="mae", max=2.5), "mae <= 2.5", "mae is 6.61; asked for at most 2.5"),
        (Rule(metric="r2", min=0.95), "r2 >= 0.95", "r2 is 0.910; asked for at least 0.95"),
        (
            Rule(metric="mae", min_gain=14, against="baseline"),
            "mae gains >= 14 over the baseline",
            "mae 6.61 against 20.00 of the naive baseline: better by 13.39; asked for 14 better",
        ),
    ],
)
def test_a_broken_bound_is_told_in_words(rule, name, text, evidence, held):
    found = held("mae", "baseline", 14, 6.61, 20.0)
    verdict = judge(evidence(rules=(found,)), Gate(rules=(rule,)))
    assert verdict.outcome == "fail"
    assert text_of(verdict, name) == text


def test_a_drop_against_the_champion_has_its_direction(evidence, held):
    scores = (
        MetricScore(metric="mae", better="lower", challenger=6.0, champion=7.0),
        MetricScore(metric="rmse", better="lower", challenger=9.0, champion=8.0),
        MetricScore(metric="r2", better="higher", challenger=0.80, champion=0.85),
    )
    rules = [Rule(metric=m, max_drop=d) for m, d in (("rmse", 0.9), ("rmse", 1), ("r2", 0.01))]
    found = (
        held("rmse", "champion", -0.9, 9.0, 8.0, apart=0),
        held("rmse", "champion", -1, 9.0, 8.0, apart=0),
        held("r2", "champion", -0.01, 0.80, 0.85, better="higher", apart=0.001),
    )
    sound = evidence(scores=scores, rules=found)
    outcomes = [judge(sound, Gate(rules=(rule,))).outcome for rule in rules]
    assert outcomes == ["fail", "pass", "fail"]
    verdict = judge(sound, Gate(rules=(rules[2],)))
    assert text_of(verdict, "r2 drops by <= 0.01") == (
        "r2 0.800 against 0.850 of the champion: worse by 0.050; allowed is 0.01 worse"
    )


@pytest.mark.parametrize("bound", ["min", "max"])
def test_a_bound_itself_is_kept(bound, evidence):
    assert judge(evidence(), Gate(rules=(Rule(metric="mae", **{bound: 6.61}),))).outcome == "pass"


@pytest.mark.parametrize(
    ("severity", "outcome"), [("fail", "fail"), ("warn", "warn"), ("note", "pass")]
)
def test_a_broken_bound_is_as_grave_as_the_rule_says(severity, outcome, evidence):
    gate = Gate(rules=(Rule(metric="mae", max=1, severity=severity),))
    assert judge(evidence(), gate).outcome == outcome


def test_a_figure_is_never_rounded_onto_its_bound(evidence):
    scores = (MetricScore(metric="mae", better="lower", challenger=2.50004, champion=9.0),)
    verdict = judge(evidence(scores=scores), Gate(rules=(Rule(metric="mae", max=2.5),)))
    assert text_of(verdict, "mae <= 2.5") == "mae is 2.500040; asked for at most 2.5"


def test_a_rule_with_two_bounds_has_two_reasons(evidence):
    verdict = judge(evidence(), Gate(rules=(Rule(metric="mae", min=1, max=7),)))
    assert [r.rule for r in verdict.reasons] == [
        "gain",
        "honest comparison",
        "mae >= 1",
        "mae <= 7",
    ]


def test_a_slice_that_is_significantly_worse_fails_and_is_named(evidence, comparison):
    bad = comparison(gain=-1.5, low=-2.5, high=-0.5, rows=500, confidence=0.975)
    parts = (change(evidence().slices[0], comparison=bad), evidence().slices[1])
    verdict = judge(evidence(slices=parts), GATE)
    assert verdict.outcome == "fail"
    assert verdict.why == (
        "origin: EWR is worse by 1.5 mae on 500 rows (97.5 % sure of 0.5 to 2.5)"
    )


def test_a_slice_that_may_be_worse_by_luck_passes(evidence, comparison):
    unsure = comparison(gain=-1.5, low=-3.5, high=0.5, rows=500, confidence=0.975)
    parts = (change(evidence().slices[0], comparison=unsure), evidence().slices[1])
    assert judge(evidence(slices=parts), GATE).outcome == "pass"


def test_a_small_slice_among_others_is_noted(evidence, comparison):
    small = SliceScore(
        column="origin",
        value="LGA",
        rows=12,
        challenger=1.0,
        champion=1.0,
        note="too few rows to tell",
    )
    one, other = evidence().slices
    less = change(other, rows=488, comparison=comparison(rows=488, confidence=0.975))
    verdict = judge(evidence(slices=(one, less, small)), GATE)
    assert verdict.outcome == "pass"
    assert text_of(verdict, "slice origin") == (
        "origin: none of 2 values is significantly worse; too few rows to tell: LGA"
    )


@pytest.mark.parametrize(
    ("severity", "outcome"), [("fail", "fail"), ("warn", "warn"), ("note", "pass")]
)
def test_a_slice_that_got_worse_is_as_grave_as_the_file_says(
    severity, outcome, evidence, comparison
):
    bad = comparison(gain=-1.5, low=-2.5, high=-0.5, rows=500, confidence=0.975)
    parts = (change(evidence().slices[0], comparison=bad), evidence().slices[1])
    gate = Gate(slices=("origin",), severity={"origin": severity})
    verdict = judge(evidence(slices=parts), gate)
    assert verdict.outcome == outcome
    assert "EWR is worse by 1.5 mae" in text_of(verdict, "slice origin")


def test_a_slice_that_was_not_measured_fails_however_light_it_is(evidence):
    gate = Gate(slices=("origin",), severity={"origin": "note"})
    assert judge(evidence(slices=()), gate).outcome == "fail"


def conditional(made, **more):
    facts = {"column": "km > 9", "value": "true", "rows": 500, "challenger": 6.6, "champion": 7.0}
    found = made(gain=0.4, low=-0.1, high=0.9, rows=500, confidence=0.975)
    return SliceScore(**(facts | {"comparison": found} | more), condition=True)


def test_a_condition_is_told_by_what_it_says(evidence, comparison):
    gate = Gate(slices=("km > 9",))
    bad = comparison(gain=-1.5, low=-2.5, high=-0.5, rows=500, confidence=0.975)
    few = {"comparison": None, "rows": 12, "note": "too few rows to tell"}
    told = {}
    for name, more in {"fine": {}, "worse": {"comparison": bad}, "few": few}.items():
        verdict = judge(evidence(slices=(conditional(comparison, **more),)), gate)
        told[name] = (verdict.outcome, text_of(verdict, "slice km > 9"))
    assert told == {
        "fine": ("pass", "km > 9: not significantly worse on 500 rows"),
        "worse": ("fail", "km > 9: worse by 1.5 mae on 500 rows (97.5 % sure of 0.5 to 2.5)"),
        "few": ("inconclusive", "km > 9: 12 rows, too few rows to tell"),
    }


def test_a_condition_without_rows_fails(evidence, comparison):
    none = conditional(comparison, rows=0, comparison=None, note="there are no such rows")
    verdict = judge(evidence(slices=(none,)), Gate(slices=("km > 9",)))
    assert verdict.outcome == "fail"
    assert verdict.why == "km > 9: there are no such rows"


@pytest.mark.parametrize(
    ("severity", "outcome"), [("fail", "inconclusive"), ("warn", "warn"), ("note", "pass")]
)
def test_a_bound_that_may_be_kept_by_luck_is_not_kept(severity, outcome, evidence, held):
    found = held("mae", "1.4.2", 0, 6.6, 6.7, apart=0.3, side=evidence().champion)
    found = change(found, comparison=change(found.comparison, rows_needed=9_000))
    gate = Gate(rules=(Rule(metric="mae", min_gain=0, against="1.4.2", severity=severity),))
    verdict = judge(evidence(rules=(found,)), gate)
    assert verdict.outcome == outcome
    assert text_of(verdict, "mae gains >= 0 over 1.4.2").endswith(
        "mae 6.60 against 6.70 of 1.4.2: better by 0.10; asked for 0 better: that may be luck "
        "(95 % sure of -0.20 to 0.40); about 8,000 more rows would settle whether it exceeds 0"
    )


@pytest.mark.parametrize(("ours", "outcome"), [(7.1, "pass"), (7.5, "inconclusive"), (8.0, "fail")])
def test_a_drop_that_is_allowed_must_be_shown_to_be_no_larger(ours, outcome, evidence, held):
    found = held("mae", "1.4.2", -0.5, ours, 7.0, side=evidence().champion)
    gate = Gate(rules=(Rule(metric="mae", max_drop=0.5, against="1.4.2"),))
    assert judge(evidence(rules=(found,)), gate).outcome == outcome


def test_a_version_judged_on_fewer_rows_says_so(evidence, held, comparison):
    found = held("mae", "1.4.2", -0.5, 8.0, 7.0, side=evidence().champion, rows=800, learned=200)
    found = change(found, comparison=change(found.comparison, rows=800))
    gate = Gate(rules=(Rule(metric="mae", max_drop=0.5, against="1.4.2"),))
    verdict = judge(evidence(rules=(found,)), gate)
    assert "on the 800 rows that it has not learned from" in verdict.why


def test_a_version_that_is_gone_fails_its_rule(evidence):
    gone = RuleScore(
        metric="mae",
        better="lower",
        against="1.4.2",
        bound=0.0,
        rows=0,
        error="fare 1.4.2 was deleted",
    )
    gate = Gate(rules=(Rule(metric="mae", min_gain=0, against="1.4.2", severity="note"),))
    verdict = judge(evidence(rules=(gone,)), gate)
    assert verdict.outcome == "fail"
    assert verdict.why == "mae against 1.4.2 is missing: fare 1.4.2 was deleted"


def test_rows_that_hang_together_are_asked_for_by_what_they_come_in(evidence, comparison):
    found = comparison(
        gain=0.02, low=-0.05, high=0.09, rows_needed=13_000, unit="cluster", units=40
    )
    verdict = judge(evidence(comparison=found), Gate())
    assert "about 12,000 more rows (480 more clusters) would settle" in verdict.why


@pytest.mark.parametrize(
    ("severity", "outcome"), [("fail", "fail"), ("warn", "warn"), ("note", "pass")]
)
def test_a_finding_is_as_grave_as_its_check_says(severity, outcome, evidence):
    finding = Finding(check="nulls", severity=severity, message="half are null", column="km")
    verdict = judge(evidence(findings=(finding,)), GATE)
    assert verdict.outcome == outcome
    assert "half are null" in text_of(verdict, "check nulls km")


def test_a_holdout_that_was_learned_from_is_told(evidence):
    gone = evidence(rows=0, overlap=Overlap(challenger=70, champion=0, trimmed=70))
    assert text_of(judge(gone, Gate()), "holdout") == (
        "there are no rows to judge on: all 70 had been learned from"
    )


@given(st.lists(st.sampled_from(["pass", "warn", "fail", "inconclusive"])))
def test_the_gravest_reason_decides_and_none_at_all_fails(outcomes):
    rank = ["fail", "inconclusive", "warn", "pass"]
    reasons = tuple(Reason(rule="r", outcome=o, text="t") for o in outcomes)
    assert worst(reasons) == min(outcomes, key=rank.index, default="fail")


def test_the_gate_knows_no_numbers_library():
    code = "import keepfit.decide.gate, keepfit.decide.junit, keepfit.decide.approval, sys;"
    run = [sys.executable, "-c", code + "print(*sys.modules)"]
    out = subprocess.run(run, capture_output=True, text=True, check=True)
    assert not {"numpy", "polars", "sklearn", "scipy"} & set(out.stdout.split())


def test_slices_that_do_not_hold_all_rows_fail(evidence):
    verdict = judge(evidence(slices=evidence().slices[:1]), GATE)
    assert verdict.outcome == "fail"
    assert text_of(verdict, "slice origin is whole") == (
        "origin: its slices have 500 rows together; expected 1,000"
    )
