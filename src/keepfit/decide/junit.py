"""The verdict as JUnit XML, for whatever shows test results; equal verdicts give equal bytes."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from keepfit.records.evidence import Evidence, Reason, Verdict

# what XML 1.0 cannot hold, however it is escaped
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(evidence: Evidence, verdict: Verdict, name: str) -> bytes:
    """One test case a reason: pass, failure (also what is inconclusive), or skip for a warning."""
    refused = sum(reason.outcome in ("fail", "inconclusive") for reason in verdict.reasons)
    skipped = sum(reason.outcome == "warn" for reason in verdict.reasons)
    counts = {"tests": len(verdict.reasons), "failures": refused, "skipped": skipped, "errors": 0}
    attributes = {key: str(count) for key, count in counts.items()}
    suite = ET.Element("testsuite", {"name": _clean(name), **attributes})
    _properties(suite, evidence, verdict)
    for reason in verdict.reasons:
        _case(suite, reason, name)
    ET.indent(suite)
    return bytes(ET.tostring(suite, encoding="utf-8", xml_declaration=True)) + b"\n"


def _properties(suite: ET.Element, evidence: Evidence, verdict: Verdict) -> None:
    facts = {
        "outcome": verdict.outcome,
        "model": evidence.model,
        "metric": evidence.metric,
        "challenger": evidence.challenger.digest,
        "champion": evidence.champion.digest if evidence.champion else "",
        "snapshot": evidence.snapshot,
        "holdout": evidence.holdout,
        "rows": str(evidence.rows),
        "trimmed": str(evidence.overlap.trimmed),
    }
    properties = ET.SubElement(suite, "properties")
    for key, value in facts.items():
        ET.SubElement(properties, "property", {"name": key, "value": _clean(value)})


def _case(suite: ET.Element, reason: Reason, name: str) -> None:
    names = {"classname": _clean(name), "name": _clean(reason.rule)}
    case = ET.SubElement(suite, "testcase", names)
    text = _clean(reason.text)
    if reason.outcome == "pass":
        ET.SubElement(case, "system-out").text = text
    elif reason.outcome == "warn":
        ET.SubElement(case, "skipped", {"message": f"a person decides: {text}"})
    else:
        ET.SubElement(case, "failure", {"type": reason.outcome, "message": text})


def _clean(text: str) -> str:
    """The text with what XML cannot hold spelt as Python would: \\x00."""
    return _FORBIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)
