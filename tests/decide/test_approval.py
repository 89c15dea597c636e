import pytest

from keepfit.decide.approval import who_must_act
from keepfit.records.evidence import Verdict


@pytest.mark.parametrize(
    ("outcome", "mode", "action"),
    [
        ("pass", "auto", "promote"),
        ("pass", "approval", "ask"),
        ("warn", "auto", "ask"),
        ("warn", "approval", "ask"),
        ("fail", "auto", "refuse"),
        ("fail", "approval", "refuse"),
        ("inconclusive", "auto", "refuse"),
        ("inconclusive", "approval", "refuse"),
    ],
)
def test_only_a_pass_goes_by_itself_and_a_doubt_asks_a_person(outcome, mode, action):
    assert who_must_act(Verdict(outcome=outcome, reasons=()), mode) == action
