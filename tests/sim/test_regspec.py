"""T2: the product beside the executable spec of the design, which lies outside this repository.

Random programs, many of whose steps are void, refused, stopped halfway or done before, are told to
both, and after each step both must say the same. The spec's own generators run over a dict.
"""

from __future__ import annotations

import os
import runpy
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import story
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from lives import AT_ONCE

from keepfit.store.backends.memory import MemoryStore
from keepfit.store.log.events import Abort, Begin, Promote, Publish, Purge, Tombstone, Untombstone
from keepfit.store.log.fold import step
from keepfit.store.log.state import State
from keepfit.store.registry import Registry

SPEC = Path(__file__).parents[3] / "shared" / "tools" / "regspec.py"
EXAMPLES = int(os.environ.get("KEEPFIT_PROGRAMS", "60"))  # 100,000 is the full size
OPS = st.sampled_from(["T1", "T2", "T3", "T4"])
NAMES = st.sampled_from([f"op-{n}" for n in range(12)])
STAGES = st.sampled_from(["staging", "production"])
SMALL = st.integers(0, 4)
MOVES = {"tomb": Tombstone, "untomb": Untombstone, "purge": Purge}
WORDS = {"live": "live", "tombstoned": "tomb", "purged": "purged"}
D = "0" * 64
pytestmark = pytest.mark.skipif(not SPEC.is_file(), reason="regspec.py is not beside the checkout")


@cache
def regspec():
    return SimpleNamespace(**runpy.run_path(str(SPEC)))


def name(number):
    return f"1.0.{number}-aff1242"


def said_by_spec(state):
    return {
        "claims": {op: name(claim["ver"]) for op, claim in state["claims"].items()},
        "published": {name(ver): held["state"] for ver, held in state["pub"].items()},
        "stages": {stage: name(ver) for stage, ver in state["stage"].items()},
        "next": state["nextv"],
    }


def said_by_product(state):
    number = int(state.highest.partition("-")[0].rpartition(".")[2]) + 1 if state.highest else 0
    return {
        "claims": {op: claim.version for op, claim in state.claims.items()},
        "published": {v: WORDS[held.status] for v, held in state.versions.items()},
        "stages": {stage: held.version for stage, held in state.stages.items()},
        "next": number,
    }


class Records(RuleBasedStateMachine):
    """The two folds, record by record."""

    def __init__(self):
        super().__init__()
        self.log, self.state = [], State()

    def tell(self, kind, op, facts, said):
        """The same record in the words of each."""
        seq = len(self.log)
        at = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
        self.log.append({"op": op or f"record-{seq}", **said})
        op = self.log[-1]["op"]
        self.state = step(self.state, kind(seq=seq, prev=None, op=op, actor="ann", at=at, **facts))

    @rule(claim=OPS, skip=st.sampled_from([0, 0, 0, 1]), op=st.none() | NAMES)
    def begin(self, claim, skip, op):
        known, attempt = regspec().fold(self.log), f"{claim}#{len(self.log)}"
        owned = known["claims"].get(claim)
        ver = (owned["ver"] if owned else known["nextv"]) + skip
        digests = dict.fromkeys(("config", "snapshot", "code"), D)
        facts = {"claim": claim, "version": name(ver), "bump": "patch", "attempt": attempt}
        said = {"k": "begin", "claim": claim, "att": attempt, "ver": ver}
        self.tell(Begin, op, facts | digests, said)

    def attempt(self, index):
        known = list(regspec().fold(self.log)["att"])
        return known[-1 - index % len(known)] if known else "nobody's"

    @rule(index=SMALL, op=st.none() | NAMES)
    def abort(self, index, op):
        attempt = self.attempt(index)
        self.tell(Abort, op, {"attempt": attempt}, {"k": "abort", "att": attempt})

    @rule(index=SMALL, op=st.none() | NAMES)
    def publish(self, index, op):
        attempt = self.attempt(index)
        facts = {"attempt": attempt, "manifest": D, "model": D, "evidence": D, "parts": ()}
        self.tell(Publish, op, facts, {"k": "publish", "att": attempt})

    @rule(ver=SMALL, stage=STAGES, stale=st.booleans(), op=st.none() | NAMES)
    def promote(self, ver, stage, stale, op):
        held = self.state.stages.get(stage)
        # The product expects a record, the spec a version: both see that another one is there.
        expect, seq = regspec().fold(self.log)["stage"].get(stage), held.seq if held else None
        if stale:
            expect, seq = (None, None) if held else (99, 10**6)
        facts = {"version": name(ver), "stage": stage, "expect": seq, "how": "gate"}
        said = {"k": "promote", "ver": ver, "stage": stage, "expect": expect}
        self.tell(Promote, op, facts, said)

    @rule(ver=SMALL, kind=st.sampled_from(list(MOVES)), op=st.none() | NAMES)
    def move(self, ver, kind, op):
        self.tell(MOVES[kind], op, {"version": name(ver)}, {"k": kind, "ver": ver})

    @invariant()
    def both_say_the_same(self):
        spec = regspec().fold(self.log)
        assert said_by_product(self.state) == said_by_spec(spec)
        assert self.state.ops == spec["ops"]
        attempts = {a: known.status for a, known in self.state.attempts.items()}
        assert attempts == {a: known["state"] for a, known in spec["att"].items()}


class Operations(RuleBasedStateMachine):
    """What people do: with the product over a store, with the spec's generators over a dict."""

    def __init__(self):
        super().__init__()
        self.world = SimpleNamespace(ctr=0)
        self.slots = {}
        self.count = Counter()
        self.registry = Registry(
            MemoryStore(),
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            actor="ann",
            entropy=self.fresh,
            sleep=lambda _: None,
        )

    def fresh(self, length):
        self.count["names"] += 1
        return self.count["names"].to_bytes(length, "big")

    def spec(self, steps, until=lambda _: False):
        """Let a generator of the spec run to its end, or up to a request that is not made."""
        try:
            request = next(steps)
            while not until(request):
                what, key, value = request
                if what == "create" and key in self.slots:
                    request = steps.throw(regspec().Exists())
                    continue
                if what in ("create", "put"):
                    self.slots[key] = value
                if what == "del":
                    self.slots.pop(key, None)
                request = steps.send(self.slots.get(key) if what == "get" else None)
        except StopIteration:
            pass

    def log(self):
        return [value for key, value in self.slots.items() if key[0] == "log"]

    @rule(op=OPS)
    def train(self, op):
        story.WRITING["publish"](self.registry, op)
        self.spec(regspec().trainer(self.world, op))

    @rule(op=OPS)
    def train_and_be_killed(self, op):
        story.WRITING["begin"](self.registry, op)
        self.spec(regspec().trainer(self.world, op), until=lambda request: request[1][0] == "data")

    @rule(which=st.sampled_from([min, max]), op=NAMES)
    def promote(self, which, op):
        self.spec(regspec().promoter(which)(self.world, op))
        state = self.registry.state("fare")
        live = [row for row in state.versions.values() if row.status == "live"]
        if live:
            version, held = (
                which(live, key=lambda row: row.number).version,
                state.stages.get("prod"),
            )
            expect = held.seq if held else None
            self.registry.promote("fare", version, "prod", expect=expect, how="gate", op=op)

    @rule()
    def collect(self):
        self.world.ctr += 1
        self.spec(regspec().gc(self.world, f"gc-{self.world.ctr}"))
        for _ in range(2):  # out of sight, then gone
            seen = self.registry.survey("fare", AT_ONCE)
            for removal in seen.removals:
                self.registry.remove(seen, removal)  # refused where a stage holds it

    @rule()
    def collect_and_be_killed_before_the_first_purge(self):
        self.world.ctr += 1
        steps = regspec().gc(self.world, f"gc-{self.world.ctr}")
        self.spec(steps, until=lambda request: "purge" in str(request[2]))
        seen = self.registry.survey("fare", AT_ONCE)
        staged = [held.version for held in seen.log.state.stages.values()]
        rows = self.registry.state("fare").versions.values()
        first = [r.version for r in rows if r.status != "purged" and r.version not in staged][:1]
        for removal in seen.removals:
            if removal.what == "abort" or (removal.what == "tombstone" and removal.name in first):
                self.registry.remove(seen, removal)

    @rule(op=NAMES)
    def undelete(self, op):
        self.spec(regspec().undelete(self.world, f"{op}/back"))
        rows = self.registry.state("fare").versions.values()
        hidden = [row.version for row in rows if row.status == "tombstoned"]
        if hidden:
            self.registry.undelete("fare", hidden[0], op=f"{op}/back")

    @invariant()
    def both_have_the_same(self):
        spec, state = regspec().fold(self.log()), self.registry.state("fare")
        assert said_by_product(state) == said_by_spec(spec)
        assert not state.void
        for ver, held in spec["pub"].items():
            files = [key for key in self.slots if key[:2] == ("data", held["att"])]
            folder = f"m/fare/v/{name(ver)}/{state.versions[name(ver)].attempt}"
            there = list(self.registry._objects.keys(folder))
            assert bool(files) == bool(there) == (held["state"] != "purged")


@pytest.mark.parametrize("machine", [Records, Operations])
def test_the_product_is_the_design(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
