"""The fold against a plain model of the rules, on random programs with many invalid records."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keepfit.store.log.events import (
    Abort,
    Approve,
    Begin,
    Judged,
    Promote,
    Publish,
    Reject,
    Request,
)
from keepfit.store.log.fold import fold, step
from keepfit.store.log.state import State

D, E = "0" * 64, "1" * 64
OPS = st.sampled_from(["op-0", "op-1", "op-2", "op-3"])
BUMPS = st.sampled_from(["patch", "minor", "major"])
STAGES = st.sampled_from(["staging", "production"])
PEOPLE = st.sampled_from(["ann", "bob", "carol"])
EVIDENCE = st.sampled_from([D, D, E])
SMALL = st.integers(0, 3)


def bumped(numbers, bump):
    """The next of a list of triples, worked out without the product's code."""
    if not numbers:
        return (1, 0, 0)
    major, minor, patch = max(numbers)
    following = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0)}
    return following.get(bump, (major, minor, patch + 1))


def text(numbers):
    return ".".join(map(str, numbers)) + "-aff1242"


class FoldMachine(RuleBasedStateMachine):
    """Tells records, valid or not, to the fold and to a model made of plain dicts."""

    def __init__(self):
        super().__init__()
        self.state = State()
        self.events = []
        self.numbers = {}  # claim -> triple
        self.attempts = {}  # attempt -> [claim, status]
        self.evidence = {}  # published version -> evidence
        self.stages = {}  # stage -> (version, seq)
        self.requests = {}  # stage -> version
        self.approvals = set()  # (version, stage, person, evidence)

    def tell(self, kind, *, valid, actor="ann", op=None, **facts):
        seq = len(self.events)
        at = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=seq)).isoformat()
        event = kind(seq=seq, prev=None, op=op or f"record-{seq}", actor=actor, at=at, **facts)
        self.events.append(event)
        self.state = step(self.state, event)
        assert (self.state.entries[-1].void is None) == valid, self.state.entries[-1]
        return valid

    def version(self, index):
        known = [text(numbers) for numbers in self.numbers.values()]
        return known[index % len(known)] if known else "1.0.0-aff1242"

    @rule(claim=OPS, bump=BUMPS, skip=st.sampled_from([0, 0, 0, 1]))
    def begin(self, claim, bump, skip):
        attempt = f"attempt-{len(self.events)}"
        owned = self.numbers.get(claim)
        numbers = owned or bumped(self.numbers.values(), bump)
        numbers = (*numbers[:2], numbers[2] + skip)
        done = any(a == [claim, "published"] for a in self.attempts.values())
        valid = not skip and not done
        facts = {"version": text(numbers), "bump": bump, "config": D, "snapshot": D, "code": D}
        if self.tell(Begin, valid=valid, claim=claim, attempt=attempt, **facts):
            self.numbers[claim] = numbers
            for other in self.attempts.values():
                if other == [claim, "open"]:
                    other[1] = "aborted"
            self.attempts[attempt] = [claim, "open"]

    def attempt(self, index):
        known = list(self.attempts)
        return known[-1 - index % len(known)] if known else "nobody's"

    @rule(index=SMALL)
    def abort(self, index):
        attempt = self.attempt(index)
        valid = self.attempts.get(attempt, [None, None])[1] == "open"
        if self.tell(Abort, valid=valid, attempt=attempt):
            self.attempts[attempt][1] = "aborted"

    @rule(index=SMALL)
    def publish(self, index):
        attempt = self.attempt(index)
        valid = self.attempts.get(attempt, [None, None])[1] == "open"
        facts = {"manifest": D, "model": D, "evidence": D, "parts": ()}
        if self.tell(Publish, valid=valid, attempt=attempt, **facts):
            self.attempts[attempt][1] = "published"
            self.evidence[text(self.numbers[self.attempts[attempt][0]])] = D

    @rule(index=SMALL, evidence=EVIDENCE)
    def judged(self, index, evidence):
        version = self.version(index)
        facts = {"version": version, "evidence": evidence, "outcome": "pass"}
        if self.tell(Judged, valid=version in self.evidence, **facts):
            self.evidence[version] = evidence

    @rule(index=SMALL, stage=STAGES, evidence=EVIDENCE)
    def request(self, index, stage, evidence):
        version = self.version(index)
        valid = self.evidence.get(version) == evidence
        if self.tell(Request, valid=valid, version=version, stage=stage, evidence=evidence):
            self.requests[stage] = version

    @rule(index=SMALL, stage=STAGES, person=PEOPLE, evidence=EVIDENCE)
    def approve(self, index, stage, person, evidence):
        version = self.version(index)
        valid = self.evidence.get(version) == evidence
        facts = {"version": version, "stage": stage, "evidence": evidence}
        if self.tell(Approve, valid=valid, actor=person, **facts):
            self.approvals -= {(version, stage, person, other) for other in (D, E)}
            self.approvals.add((version, stage, person, evidence))

    @rule(index=SMALL, stage=STAGES)
    def reject(self, index, stage):
        version = self.version(index)
        valid = self.requests.get(stage) == version
        if self.tell(Reject, valid=valid, version=version, stage=stage):
            self.close(version, stage)

    @rule(index=SMALL, stage=STAGES, stale=st.booleans())
    def promote(self, index, stage, stale):
        version = self.version(index)
        expect = self.stages.get(stage, (None, None))[1]
        expect = (expect or 0) + 1000 if stale else expect
        valid = version in self.evidence and not stale
        facts = {"version": version, "stage": stage, "expect": expect}
        if self.tell(Promote, valid=valid, **facts):
            self.stages[stage] = (version, len(self.events) - 1)
            self.close(version, stage)

    def close(self, version, stage):
        if self.requests.get(stage) == version:
            del self.requests[stage]
        self.approvals = {a for a in self.approvals if a[:2] != (version, stage)}

    @rule(index=SMALL)
    def repeat(self, index):
        done = list(self.state.ops)
        if done:
            op = done[index % len(done)]
            self.tell(Promote, valid=False, op=op, version=self.version(0), stage="staging")

    @invariant()
    def the_state_is_what_the_model_says(self):
        state = self.state
        assert {c.op: c.version for c in state.claims.values()} == {
            op: text(numbers) for op, numbers in self.numbers.items()
        }
        assert len(set(self.numbers.values())) == len(self.numbers)
        assert {a: [t.claim, t.status] for a, t in state.attempts.items()} == self.attempts
        assert {v: held.evidence for v, held in state.versions.items()} == self.evidence
        assert {s: (p.version, p.seq) for s, p in state.stages.items()} == self.stages
        assert {s: v for v, s in state.requests} == self.requests
        for version, now in self.evidence.items():
            for stage in ("staging", "production"):
                approvers = {
                    a[2] for a in self.approvals if (*a[:2], a[3]) == (version, stage, now)
                }
                assert set(state.approvers(version, stage, now)) == approvers

    def teardown(self):
        assert fold(self.events) == self.state


FoldMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestFold = FoldMachine.TestCase
