from datetime import UTC, datetime, timedelta

import pytest

from keepfit.store.log.events import (
    Abort,
    Approve,
    Begin,
    Freeze,
    Judged,
    Promote,
    Publish,
    Reject,
    Request,
)
from keepfit.store.log.fold import fold, step
from keepfit.store.log.state import State

DIGEST, OTHER = "0" * 64, "1" * 64
START = datetime(2026, 1, 1, tzinfo=UTC)


class Story:
    """A log that is told record by record; each happens an hour after the one before."""

    def __init__(self):
        self.state = State()

    def tell(self, kind, *, op=None, actor="ann", **facts):
        """Why the record is void, or None."""
        seq = self.state.next
        at = (START + timedelta(hours=seq)).isoformat()
        event = kind(seq=seq, prev=None, op=op or f"op-{seq}", actor=actor, at=at, **facts)
        self.state = step(self.state, event)
        return self.state.entries[-1].void

    def begin(self, version, *, claim=None, bump="patch", attempt=None):
        digests = {"config": DIGEST, "snapshot": DIGEST, "code": DIGEST}
        attempt = attempt or f"attempt-{self.state.next}"
        return self.tell(
            Begin, claim=claim or attempt, version=version, bump=bump, attempt=attempt, **digests
        )

    def publish(self, attempt, *, parts=()):
        digests = {"manifest": DIGEST, "model": DIGEST, "evidence": DIGEST}
        return self.tell(Publish, attempt=attempt, parts=parts, **digests)

    def version(self, version, *, bump="patch"):
        attempt = f"attempt-{self.state.next}"
        assert self.begin(version, bump=bump, attempt=attempt) is None
        assert self.publish(attempt) is None

    def promote(self, version, stage="production", *, how="gate", expect=...):
        if expect is ...:
            held = self.state.stages.get(stage)
            expect = held.seq if held else None
        return self.tell(Promote, version=version, stage=stage, expect=expect, how=how)

    def approve(self, version, *, actor="bob", evidence=DIGEST, expires=None):
        facts = {"version": version, "stage": "production", "evidence": evidence}
        return self.tell(Approve, actor=actor, expires=expires, **facts)

    def request(self, version, stage="production", *, evidence=DIGEST):
        return self.tell(Request, version=version, stage=stage, evidence=evidence)


A, B, C = "1.0.0-aff1242", "1.0.1-bff1242", "1.0.2-cff1242"


@pytest.fixture
def story():
    return Story()


@pytest.fixture
def three(story):
    for version in (A, B, C):
        story.version(version)
    return story


@pytest.mark.parametrize(
    ("bump", "expected"), [("patch", "1.0.1"), ("minor", "1.1.0"), ("major", "2.0.0")]
)
def test_the_next_number_follows_the_highest_claimed(story, bump, expected):
    story.begin(A)
    assert story.state.next_version(bump, "bff1242").number == expected
    assert story.begin(f"{expected}-bff1242", bump=bump) is None


def test_the_first_version_is_one(story):
    for bump in ("patch", "minor", "major"):
        assert story.state.next_version(bump, "aff1242").number == "1.0.0"


def test_a_number_is_never_used_twice(story):
    story.begin(A, attempt="first")
    story.tell(Abort, attempt="first")
    assert "is not the next patch version, 1.0.1 is" in story.begin(A)
    assert story.begin(B) is None


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "v1", "", "1" * 5000 + ".0.0-aff1242"])
def test_what_is_no_version_is_void(story, version):
    assert "is not a version" in story.begin(version)


def test_the_same_operation_keeps_its_number_and_ends_its_earlier_attempt(story):
    story.begin(A, claim="op", attempt="first")
    story.begin(B, claim="other")
    assert story.begin(A, claim="op", attempt="second") is None
    assert story.state.attempts["first"].status == "aborted"
    assert "aborted" in story.publish("first")
    assert story.publish("second") is None
    assert story.state.newest.version == A


def test_an_operation_that_published_begins_no_more(story):
    story.begin(A, claim="op", attempt="first")
    story.publish("first")
    assert f"has published {A} already" in story.begin(A, claim="op", attempt="second")


def test_an_operation_cannot_take_another_number(story):
    story.begin(A, claim="op")
    assert f"owns {A}" in story.begin(B, claim="op")


def test_an_attempt_is_never_used_twice(story):
    story.begin(A, attempt="first")
    assert "used before" in story.begin(B, attempt="first")
    assert "used before" in story.tell(Freeze, attempt="first", parts=())


def test_only_an_open_attempt_is_published_or_aborted(story):
    assert "never begun" in story.publish("nobody's")
    assert "never begun" in story.tell(Abort, attempt="nobody's")
    story.begin(A, attempt="first")
    story.publish("first")
    assert "is published" in story.publish("first")
    assert "is published" in story.tell(Abort, attempt="first")


def test_a_version_needs_the_parts_it_names(story):
    story.begin(A, attempt="first")
    assert "is not stored" in story.publish("first", parts=(DIGEST,))
    assert story.state.versions == {}


def test_the_second_record_of_an_operation_is_void(three):
    three.tell(Promote, op="once", version=A, stage="production", how="gate")
    void = three.tell(Promote, op="once", version=B, stage="production", expect=6, how="gate")
    assert "done already, by record 6" in void
    assert three.state.stages["production"].version == A


def test_a_stage_moves_only_from_what_was_expected(three):
    assert three.promote(A) is None
    assert "expected None" in three.promote(B, expect=None)
    assert three.promote(B) is None
    assert three.state.stages["production"].version == B


def test_there_and_back_again_is_another_state(three):
    three.promote(A)
    seen = three.state.stages["production"].seq
    three.promote(B)
    three.promote(A, how="rollback")
    assert three.state.stages["production"].version == A
    assert three.promote(C, expect=seen) is not None


def test_nothing_is_said_of_a_version_that_is_not_published(story):
    story.begin(A)
    assert "is not published" in story.promote(A)
    assert "is not published" in story.approve(A)
    assert "is not published" in story.request(A)
    judged = story.tell(Judged, version=A, evidence=DIGEST, outcome="pass")
    assert "is not published" in judged


def test_a_newer_request_takes_the_place_of_the_older(three):
    three.request(A)
    three.request(A, "staging")
    three.request(B)
    assert set(three.state.requests) == {(A, "staging"), (B, "production")}


def test_a_promotion_closes_the_request_and_uses_up_its_approvals(three):
    three.request(A)
    three.approve(A)
    three.promote(A, how="approval")
    assert three.state.requests == {}
    assert three.state.approvers(A, "production", DIGEST) == ()


def test_a_rejection_closes_the_request_and_is_kept(three):
    three.request(A)
    three.approve(A)
    assert three.tell(Reject, version=A, stage="production", reason="too early") is None
    assert three.state.requests == {}
    assert [r.reason for r in three.state.rejections] == ["too early"]
    assert three.state.approvers(A, "production", DIGEST) == ()
    assert "nobody asks" in three.tell(Reject, version=A, stage="production")


def test_a_person_counts_once(three):
    for actor in ("bob", "bob", "carol"):
        assert three.approve(A, actor=actor) is None
    assert three.state.approvers(A, "production", DIGEST) == ("bob", "carol")
    assert three.state.approvers(A, "staging", DIGEST) == ()


def test_an_approval_of_other_evidence_is_void(three):
    assert "evidence" in three.approve(A, evidence=OTHER)
    assert "evidence" in three.request(A, evidence=OTHER)


def test_new_evidence_makes_old_approvals_worthless(three):
    three.approve(A)
    three.tell(Judged, version=A, evidence=OTHER, outcome="warn", against=B, why="slower")
    assert three.state.versions[A].evidence == OTHER
    assert three.state.approvers(A, "production", OTHER) == ()
    assert [v.why for v in three.state.versions[A].verdicts] == ["slower"]


def test_an_approval_that_expired_does_not_count(three):
    expires = START + timedelta(hours=10)
    three.approve(A, expires=expires.isoformat())
    counted = [
        three.state.approvers(A, "production", DIGEST, expires + late)
        for late in (-timedelta(seconds=1), timedelta(0))
    ]
    assert counted == [("bob",), ()]


def test_without_a_moment_the_log_itself_tells_the_time(three):
    three.approve(A, expires=(START + timedelta(hours=7)).isoformat())
    assert three.state.approvers(A, "production", DIGEST) == ("bob",)
    three.promote(B, "staging")
    assert three.state.approvers(A, "production", DIGEST) == ()


def test_an_approval_that_expires_at_no_time_is_void(three):
    assert "which is no time" in three.approve(A, expires="tomorrow")


def test_what_was_live_at_a_moment(three):
    three.promote(A)  # record 6, at six o'clock
    three.promote(B)
    moments = [START + timedelta(hours=hour) for hour in (5.9, 6, 6.9, 7, 100)]
    assert [three.state.live_at("production", m) for m in moments] == [None, A, A, B, B]
    assert three.state.live_at("staging", moments[-1]) is None


def test_rollbacks_lead_further_and_further_back(three):
    assert three.state.before("production") is None
    for version in (A, B, C):
        three.promote(version)
    assert three.state.before("production") == B
    three.promote(B, how="rollback")
    assert three.state.before("production") == A
    three.promote(A, how="rollback")
    assert three.state.before("production") is None
    three.promote(C)
    assert three.state.before("production") == A


def test_a_rollback_over_several_versions_undoes_them_all(three):
    for version in (A, B, C):
        three.promote(version)
    three.promote(A, how="rollback")
    assert three.state.before("production") is None


def test_the_newest_version_is_the_highest_published(story):
    story.begin(A, attempt="slow")
    story.begin(B, attempt="quick")
    story.begin(C, attempt="never")
    story.publish("quick")
    story.publish("slow")
    assert story.state.newest.version == B
    assert list(story.state.versions) == [B, A]


def test_a_fold_changes_no_state_that_somebody_holds(three):
    three.promote(A)
    three.approve(B)
    before, copy = three.state, three.state.copy()
    three.promote(B)
    three.approve(C)
    assert before == copy


def test_all_at_once_is_the_same_as_one_by_one(three):
    three.promote(A)
    three.promote(B, expect=99)
    assert fold(entry.event for entry in three.state.entries) == three.state
