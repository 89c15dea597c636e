"""T1 and T3: the product's operations in every order that a seed can think of, over a store that
loses, repeats and delays requests, by processes that are killed and come again. After each single
request the promises are checked, and the fold is compared with `spec.Spec`.

Each seed prints nothing unless it fails; `run(seed)` of a failing one replays it exactly. The full
size is `make soak` with KEEPFIT_SCHEDULES=1000000.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter

import pytest
from lives import AT_ONCE, SCENARIOS
from spec import Violation
from world import MODEL, TooLong, World

from keepfit.store import registry
from keepfit.store.backends.steps import Delete, Keys
from keepfit.store.keys import record, version_folder
from keepfit.store.log import rules, shortcut
from keepfit.store.log.events import Publish, Restore
from keepfit.store.registry import Registry
from keepfit.store.upkeep import collect
from keepfit.store.upkeep.collect import Removed

pytestmark = pytest.mark.slow

FAULTS = 4
EACH = 150  # schedules of a scenario in the quick suite
FULL = int(os.environ.get("KEEPFIT_SCHEDULES", "1000000"))
CHUNKS = 20  # so that several processes may share the full size


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Checkpoints every few records, so that they take part; no threads beside the processes."""
    monkeypatch.setattr(shortcut, "EVERY", 4)
    monkeypatch.setattr(shortcut, "_LONGEST", 8)
    monkeypatch.setattr(registry, "beating", lambda *_: contextlib.nullcontext())


def run(scenario, seed, **world):
    """The world after a schedule, all of whose promises held; what is left is then collected."""
    here = World(seed, faults=FAULTS, **world)
    here.run(SCENARIOS[scenario])
    here.faults = 0
    for _ in range(4):  # out of sight, gone, and what that leaves
        registry = here.registry("last")
        seen = registry.survey(MODEL, AT_ONCE)
        for removal in seen.removals:
            registry.remove(seen, removal)
    here.nothing_is_left_over()
    return here


def many(scenario, seeds):
    """How many schedules and requests there were; Violation, with its seed, at the first wrong."""
    counts = Counter()
    for seed in seeds:
        try:
            counts["requests"] += run(scenario, seed).requests
        except TooLong:
            counts["too long"] += 1
        except Exception as error:
            raise Violation(f"{scenario}, seed {seed}: {error}") from error
        counts["schedules"] += 1
    return counts


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_schedule_breaks_a_promise(scenario):
    counts = many(scenario, range(EACH))
    print(f"{scenario}, seeds 0-{EACH - 1}: {dict(counts)}, 0 violations")
    assert counts["schedules"] == EACH
    assert counts["too long"] < EACH / 100


@pytest.mark.soak
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_schedule_of_a_million_breaks_a_promise(scenario, chunk):
    size = FULL // len(SCENARIOS) // CHUNKS + 1
    seeds = range(1_000_000 + chunk * size, 1_000_000 + (chunk + 1) * size)
    counts = many(scenario, seeds)
    print(f"{scenario}, seeds {seeds.start}-{seeds.stop - 1}: {dict(counts)}, 0 violations")
    assert counts["schedules"] == size


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_seed_is_the_same_run(scenario):
    for seed in range(5):
        runs = [run(scenario, seed, trace=True) for _ in range(2)]
        assert runs[0].trace == runs[1].trace
        assert runs[0].objects == runs[1].objects
        assert len(runs[0].trace) > 20


# --- every rule is needed ------------------------------------------------------------------------


def fresh_operations(monkeypatch):
    """An operation gets another name each time it is run."""
    begin, runs = Registry.begin, Counter()

    def fresh(self, model, *, op, **facts):
        runs[op] += 1
        return begin(self, model, op=f"{op}!{runs[op]}", **facts)

    monkeypatch.setattr(Registry, "begin", fresh)


def dead_attempts_restore(monkeypatch):
    real = rules._needs_open_attempt

    def needs_open_attempt(state, event):
        attempt = state.attempts.get(event.attempt)
        dead = isinstance(event, Restore) and attempt and attempt.status == "aborted"
        return None if dead else real(state, event)

    monkeypatch.setattr(rules, "_needs_open_attempt", needs_open_attempt)


def dead_attempts_publish(monkeypatch):
    real = rules._needs_open_attempt

    def needs_open_attempt(state, event):
        attempt = state.attempts.get(event.attempt)
        dead = isinstance(event, Publish) and attempt and attempt.status == "aborted"
        return None if dead else real(state, event)

    monkeypatch.setattr(rules, "_needs_open_attempt", needs_open_attempt)


def without_record(what):
    """The bytes are deleted although no record says that they may be."""

    def remove(monkeypatch):
        real = collect.remove

        def removed(log, removal, op, say, seen):
            if removal.what != what:
                return (yield from real(log, removal, op, say, seen))
            keys = removal.keys
            if what == "tombstone":
                held = log.state.versions[removal.name]
                keys = yield Keys(version_folder(MODEL, held.version, held.attempt))
            for key in keys:
                yield Delete(key)
            return log, Removed(removal)

        monkeypatch.setattr("keepfit.store.upkeep.keeping.remove", removed)

    return remove


def stages_keep_nothing(monkeypatch):
    monkeypatch.setattr(rules, "_needs_unused", lambda *_: None)


def records_are_collected(monkeypatch):
    real = collect.remove

    def removed(log, removal, op, say, seen):
        answer = yield from real(log, removal, op, say, seen)
        yield Delete(record(MODEL, 0))
        return answer

    monkeypatch.setattr("keepfit.store.upkeep.keeping.remove", removed)


def nothing(_):
    pass


# What is removed; the rule of the spec that goes with it, where the fold knows it; what is seen.
REMOVED = {
    "create only where nothing is": (nothing, {"lax": True}, "a slot of the log, changed"),
    "an operation keeps its name": (fresh_operations, {}, "claimed|is not in the log"),
    "dead attempts publish nothing": (dead_attempts_publish, {}, "half visible|was deleted"),
    "abort before deleting": (without_record("abort"), {}, "half visible|was deleted"),
    "tombstone before deleting": (without_record("tombstone"), {}, "was deleted|half visible"),
    "purge before deleting": (without_record("purge"), {}, "was deleted|half visible"),
    "reduce before deleting": (without_record("reduce"), {}, "was deleted|half visible"),
    "dead attempts restore nothing": (dead_attempts_restore, {}, "half visible|was deleted"),
    "what a stage holds stays": (stages_keep_nothing, {}, "points at .* not live"),
    "records stay": (records_are_collected, {}, "a record of the log, was deleted"),
}


@pytest.mark.parametrize("rule", REMOVED)
def test_without_any_one_rule_a_promise_breaks(rule, monkeypatch):
    remove, world, seen = REMOVED[rule]
    remove(monkeypatch)
    seed, found = first_violation(rule, world)
    print(f"without `{rule}`: {found} (seed {seed})")
    assert re.search(seen, found)


def first_violation(rule, world):
    for seed in range(1500):
        for scenario in ("mix", "gc2", "recipe"):
            here = World(seed, faults=FAULTS, without=frozenset({rule}), **world)
            try:
                here.run(SCENARIOS[scenario])
            except TooLong:
                continue
            except Violation as violation:
                return seed, str(violation)
    return None, "nobody noticed"
