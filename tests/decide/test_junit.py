from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.gate import Gate, Rule
from keepfit.decide.gate import judge
from keepfit.decide.junit import junit
from keepfit.records.evidence import Reason, Verdict

RULES = (Rule(metric="mae", max=1), Rule(metric="r2", min=0.95, severity="warn"))


def test_each_reason_is_a_case_and_refusals_are_failures(evidence):
    verdict = judge(evidence(), Gate(rules=RULES))
    suite = ET.fromstring(junit(evidence(), verdict, "fare 1.0.1"))
    counts = {key: int(suite.get(key)) for key in ("tests", "failures", "skipped", "errors")}
    assert counts == {"tests": 4, "failures": 1, "skipped": 1, "errors": 0}
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["gain"].findtext("system-out") == verdict.reasons[0].text
    assert cases["mae <= 1"].find("failure").get("message") == verdict.reasons[2].text
    assert "a person decides" in cases["r2 >= 0.95"].find("skipped").get("message")
    assert suite.get("name") == cases["gain"].get("classname") == "fare 1.0.1"


def test_what_is_inconclusive_is_no_success(evidence, comparison):
    unsure = evidence(comparison=comparison(gain=0.1, low=-1, high=1))
    suite = ET.fromstring(junit(unsure, judge(unsure, Gate()), "fare"))
    assert suite.get("failures") == "1"
    assert suite.find("testcase/failure").get("type") == "inconclusive"


def test_the_evidence_is_named_by_its_digests(evidence):
    suite = ET.fromstring(junit(evidence(), judge(evidence(), Gate()), "fare"))
    facts = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert facts["outcome"] == "pass"
    assert facts["holdout"] == evidence().holdout
    assert facts["champion"] == evidence().champion.digest
    assert facts["rows"] == "1000"


def test_the_same_verdict_gives_the_same_bytes(evidence):
    verdict = judge(evidence(), Gate(rules=RULES))
    assert junit(evidence(), verdict, "fare") == junit(evidence(), verdict, "fare")


@given(text=st.text(st.characters(exclude_categories=())))
def test_any_text_makes_valid_xml(evidence, text):
    reasons = (
        Reason(rule=text, outcome="fail", text=text),
        Reason(rule="r", outcome="pass", text=text),
    )
    verdict = Verdict(outcome="fail", reasons=reasons)
    suite = ET.fromstring(junit(evidence(), verdict, text))
    assert len(suite.findall("testcase")) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x00b", "a\\x00b"), ("\ud800", "\\ud800"), ("<&>\"'é漢", "<&>\"'é漢"), ("a\nb", "a\nb")],
)
def test_what_xml_cannot_hold_is_spelt_out(text, shown, evidence):
    verdict = Verdict(outcome="fail", reasons=(Reason(rule="r", outcome="fail", text=text),))
    suite = ET.fromstring(junit(evidence(), verdict, "fare"))
    assert suite.find("testcase/failure").get("message") == shown
