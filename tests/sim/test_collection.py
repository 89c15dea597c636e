"""T9: collections over months, against trainers, promoters, readers and people who change their
mind: nothing that a rule keeps is lost, what goes has had its days of grace, nothing of anybody
else's is touched, and in the end the store holds what the log needs and not one object more.

Every schedule is a function of its seed. The full size is `make soak` with KEEPFIT_HISTORIES.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from lives import FILES, pinner, promoter, undeleter
from spec import Spec, Violation
from story import WRITING
from world import MODEL, STRANGER, TooLong, World, again

from keepfit.config.schema.release import Keep
from keepfit.digest import sha256
from keepfit.errors import Refused, StoreError, UnknownName
from keepfit.lifecycle import collect as lifecycle_collect
from keepfit.lifecycle.collect import Rules, survey
from keepfit.records.rows import Column, Part
from keepfit.store import keys, registry
from keepfit.store.log import archive, rules, shortcut
from keepfit.store.log.events import Purge, PurgeParts, Tombstone
from keepfit.store.log.reading import unchained
from keepfit.store.upkeep import leftovers
from keepfit.store.upkeep.books import Books

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
GRACE, YOUNG = 7 * DAY, 10 * DAY
RULES = Rules(Keep(versions=1, days=YOUNG.days), frozenset())
ROWS, PARTS_AT_HAND = 2, 3  # few, so that pages take part
EACH = 120  # histories in the quick suite
FULL = int(os.environ.get("KEEPFIT_HISTORIES", "100000"))
FOREIGN = {
    STRANGER: b"keep",
    f"{keys.versions(MODEL)}/1.0.0-aff1242/notes/readme.txt": b"mine",
    f"{keys.parts(MODEL)}/readme.txt": b"mine",
    f"m/{MODEL}/notes.txt": b"mine",
    "notes.txt": b"mine",
}


class Forgetful(Spec):
    """The spec, but that it forgets parts that no version named for long, and uploads of copies."""

    def __init__(self):
        super().__init__()
        self.cold = {}  # what was forgotten -> where the newest copy lies

    def take(self, data):
        counts = super().take(data)
        if len(self.parts) >= ROWS + PARTS_AT_HAND:
            for digest in list(self.parts)[:ROWS]:
                self.cold[digest] = self.parts.pop(digest)
        return counts

    def _tombstone_parts(self, r, seq):
        hot, self.parts = self.parts, self.cold | self.parts
        counts = super()._tombstone_parts(r, seq)
        self.parts = {digest: hot[digest] for digest in hot if digest in self.parts}
        return counts

    def _publish(self, r, seq):
        counts = super()._publish(r, seq)
        for digest in r["parts"] if counts else ():
            self.parts[digest] = self.parts.pop(digest)
        return counts

    def _abort(self, r, seq):
        read = r["attempt"] in {*self.parts.values(), *(attempt for attempt, _ in self.dropped)}
        if r.get("stray") and self.attempts.get(r["attempt"]) == ["", "published"] and not read:
            self.attempts[r["attempt"]] = ["", "aborted"]
            return True
        return super()._abort(r, seq)

    def disagreement(self, state):
        return super().disagreement(AtHand(state))


class AtHand:
    """A state that tells no parts but those at hand."""

    def __init__(self, state):
        self.state = state

    def __getattr__(self, name):
        return getattr(self.state, name)

    def all_parts(self):
        return self.state.parts.values()


class Months(World):
    """A world in which days go by between requests, and that looks at the time of each record."""

    def __init__(self, seed, **options):
        super().__init__(seed, **options)
        self.objects |= FOREIGN
        self.times |= dict.fromkeys(FOREIGN, self.now)
        self.spec = Forgetful()
        self.purged = 0

    def ask(self, who, what, key):
        super().ask(who, what, key)
        self.now += timedelta(hours=self.chance.choice([0, 0, 0, 0, 0, 0, 1, 8]))

    def put(self, key, data, *, if_absent):
        new = key not in self.objects
        if new and keys.seq_of(key) is not None:
            self._in_time(unchained(key, data, seq=keys.seq_of(key)))
        super().put(key, data, if_absent=if_absent)

    def _in_time(self, event):
        """Whether what the record removes had been there for long enough, by the store's clock."""
        state = self.log.state
        if isinstance(event, Tombstone) and event.version in state.versions:
            self._age(state.versions[event.version].seq, YOUNG, event)
            live = [row for row in state.versions.values() if row.status == "live"]
            if event.version == max(live, key=lambda row: row.number).version:
                raise Violation(f"{event.version} is gone that a rule keeps: it is the newest")
        if isinstance(event, Purge) and state.versions[event.version].changed is not None:
            self._age(state.versions[event.version].changed, GRACE, event)
            self.purged += 1
        if isinstance(event, PurgeParts):
            for digest in event.parts:
                if (event.attempt, digest) in state.dropped:
                    self._age(state.dropped[event.attempt, digest], GRACE, event)

    def _age(self, seq, least, event):
        written = self.times[keys.record(MODEL, seq)]
        if self.now - written < least:
            raise Violation(f"{event} came {self.now - written} after record {seq}")

    def drop(self, key):
        if key in FOREIGN:
            raise Violation(f"{key}, which nobody knows, was deleted")
        state = self.log.state
        for held in state.versions.values():
            if held.status == "purged":
                continue
            for digest in held.parts:
                stored = state.part(digest)
                if stored and key == keys.part(MODEL, stored.attempt, stored.part):
                    raise Violation(f"{key}, rows of {held.version}, was deleted")
        super().drop(key)

    def holds_what_the_log_needs(self):
        """Not one object less, and not one more but advice."""
        state = self.log.state
        needed = {keys.FORMAT, *FOREIGN}
        needed |= {keys.record(MODEL, seq) for seq in range(state.next)}
        for held in state.versions.values():
            if held.status != "purged":
                folder = keys.version_folder(MODEL, held.version, held.attempt)
                needed |= {f"{folder}/{name}" for name in (*FILES, keys.MANIFEST)}
                stored = [state.part(digest) for digest in held.parts]
                needed |= {keys.part(MODEL, part.attempt, part.part) for part in stored}
        advice = {keys.hint(MODEL), keys.view(MODEL, "production")}
        advice |= {key for key in self.objects if key.startswith(keys.checkpoints(MODEL))}
        advice |= {key for key in self.objects if key.startswith(keys.pages(MODEL))}
        there = set(self.objects) - advice
        if there != needed:
            raise Violation(f"{sorted(needed - there)} are gone, {sorted(there - needed)} are left")


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Checkpoints and pages of a few records, so that they take part; no threads.

    A trainer has four versions, so what is at hand tells the other that its last one is there: five
    versions beside the one that production holds, which stays for as long as that does.
    """
    monkeypatch.setattr(shortcut, "EVERY", 4)
    monkeypatch.setattr(shortcut, "_LONGEST", 8)
    monkeypatch.setattr(archive, "ROWS", ROWS)
    monkeypatch.setattr(archive, "AT_HAND", 6)
    monkeypatch.setattr(archive, "PARTS_AT_HAND", PARTS_AT_HAND)
    monkeypatch.setattr(registry, "beating", lambda *_: contextlib.nullcontext())


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Files of rows that versions are made from."""
    found = []
    for number in range(6):
        path = tmp_path_factory.mktemp("rows") / f"{number}.csv"
        path.write_text(f"a\n{number}\n")
        found.append((part_of(path), path))
    return found


def part_of(path):
    data = path.read_bytes()
    return Part(
        source="rows",
        uri=path.name,
        digest=sha256(data),
        size=len(data),
        format="csv",
        rows=1,
        columns=(Column(name="a", dtype="Int64"),),
    )


def trainer(sources):
    """Freezes some rows and publishes a version of them; several, one after the other.

    Killed and started again, it goes on with the one of which it was told nothing.
    """

    def train(world, who):
        for number in range(4):
            if f"{who}-{number}/publish" in world.acknowledged:
                continue
            chosen = world.chance.sample(sources, 2)
            while not again(world, who, lambda r, n=number, c=chosen: publish(r, f"{who}-{n}", c)):
                pass
            world.acknowledged.append(f"{who}-{number}/publish")
        return "ok"

    return train


def publish(registry, op, chosen):
    """Whether it worked; else somebody has collected rows or the attempt, and it is done again."""
    try:
        registry.parts(MODEL).add(chosen)
        claim = WRITING["begin"](registry, op, model=MODEL)
        if not claim.published:
            parts = [part for part, _ in chosen]
            manifest = WRITING["manifest_of"](MODEL, claim.version, FILES, parts=parts)
            registry.publish(MODEL, claim, FILES, manifest)
    except Refused:
        return False
    return True


def keeper(world, who):
    """Collects by the rules, again and again."""

    def command(registry):
        seen = survey(registry, MODEL, RULES)
        return len(list(lifecycle_collect.collect(registry, seen)))

    for _ in range(3):
        again(world, who, command)
        world.now += 4 * DAY
    return "ok"


def reader(world, who):
    """Reads what production holds; while the version is there, all of it is."""
    registry = world.registry(who)
    for _ in range(4):
        held = registry.state(MODEL).stages.get("production")
        if held is None:
            continue
        try:
            if registry.files(MODEL, held.version) != FILES:
                raise Violation(f"{held.version} was read as something else")
        except (StoreError, Refused, UnknownName) as error:
            if world.spec.versions[held.version]["status"] == "live":
                raise Violation(f"{held.version} is live, and yet: {error}") from error
    return "ok"


def lives(sources):
    return {
        "T1": trainer(sources),
        "T2": trainer(sources),
        "P1": promoter(min),
        "P2": promoter(max),
        "K1": pinner,
        "G1": keeper,
        "G2": keeper,
        "U1": undeleter,
        "R1": reader,
    }


class Histories(Months):
    def check(self):
        """What was acknowledged is there."""
        for op in self.acknowledged:
            if op not in self.spec.ops:
                raise Violation(f"{op} was acknowledged and is not in the log")


def run(seed, sources):
    """The world after a history, collected until nothing more may go."""
    world = Histories(seed, faults=3)
    world.run(lives(sources))
    world.faults = 0
    quiet = 0
    for _ in range(20):  # out of sight, gone, the rows of what is gone, and what that leaves
        world.now += 11 * DAY
        registry = world.registry("last")
        done = list(lifecycle_collect.collect(registry, survey(registry, MODEL, RULES)))
        quiet = 0 if done else quiet + 1
        if quiet == 2:
            break
    world.holds_what_the_log_needs()
    rules_hold(world)
    return world


def rules_hold(world):
    """What is left is what a rule keeps, and what a rule keeps is left."""
    state = world.log.state
    live = {v: held for v, held in state.versions.items() if held.status == "live"}
    promoted = [json.loads(world.objects[key]) for key in records(world)]
    held = [r["version"] for r in promoted if r["k"] == "promote"]
    used = set(list(dict.fromkeys(reversed(held)))[:6])
    newest = {max(live, key=lambda v: live[v].number)} if live else set()
    pinned = {v for v, kept in live.items() if kept.pinned is not None}
    if not live.keys() >= used & live.keys() | pinned | newest:
        raise Violation("something is gone that a rule keeps")
    if extra := live.keys() - used - newest - pinned:
        raise Violation(f"{sorted(extra)} are kept by no rule")


def records(world):
    return [keys.record(MODEL, seq) for seq in range(world.log.state.next)]


def many(seeds, sources):
    counts = Counter()
    for seed in seeds:
        try:
            world = run(seed, sources)
        except TooLong:
            counts["too long"] += 1
            continue
        except Exception as error:
            raise Violation(f"seed {seed}: {error}") from error
        counts += Counter(histories=1, requests=world.requests, purged=world.purged)
    return counts


def test_no_history_loses_what_a_rule_keeps_or_leaves_what_none_does(sources):
    counts = many(range(EACH), sources)
    print(f"T9, seeds 0-{EACH - 1}: {dict(counts)}, 0 violations")
    assert counts["too long"] < EACH / 20
    assert counts["purged"] > EACH


@pytest.mark.soak
@pytest.mark.parametrize("chunk", range(20))
def test_no_history_of_a_hundred_thousand_does(sources, chunk):
    size = FULL // 20
    seeds = range(1_000_000 + chunk * size, 1_000_000 + (chunk + 1) * size)
    counts = many(seeds, sources)
    print(f"T9, seeds {seeds.start}-{seeds.stop - 1}: {dict(counts)}, 0 violations")


# --- every rule is needed ------------------------------------------------------------------------


def nothing_is_ever_young(patch):
    patch.setattr(Books, "older", lambda *_: True)


def rows_are_set_aside_whoever_needs_them(patch):
    patch.setattr(rules, "_reads", lambda *_: False)


def the_newest_is_not_kept(patch):
    patch.setattr(lifecycle_collect, "_newest_on_main", lambda *_: set())


def pins_do_not_count(patch):
    def needs_unused(state, version):
        held = [promotion.version for promotion in state.stages.values()]
        return "a stage points at it" if version in held else None

    patch.setattr(rules, "_needs_unused", needs_unused)
    why_kept = lifecycle_collect.why_kept

    def unpinned(state, rules):
        why = why_kept(state, rules)
        return lambda row: None if "pinned" in (told := why(row) or "") else told or None

    patch.setattr(lifecycle_collect, "why_kept", unpinned)


def what_nobody_knows_is_deleted(patch):
    known = leftovers._fates

    def fates(books):
        dead, attempts = known(books)
        return dead | {"notes": "1.0.0-aff1242"}, attempts

    patch.setattr(leftovers, "_fates", fates)


def leftovers_stay(patch):
    patch.setattr(lifecycle_collect, "collect", only_records)


def only_records(registry, seen):
    for removal in seen.removals:
        yield registry.remove(seen, replace(removal, keys=()))


REMOVED = {
    nothing_is_ever_young: "came .* after record",
    rows_are_set_aside_whoever_needs_them: "True by the product|None by the product|rows of",
    the_newest_is_not_kept: "is gone that a rule keeps",
    pins_do_not_count: "None by the product",
    what_nobody_knows_is_deleted: "which nobody knows, was deleted",
    leftovers_stay: "are left",
}


@pytest.mark.parametrize("rule", REMOVED, ids=lambda rule: rule.__name__)
def test_without_any_one_rule_somebody_notices(rule, sources, monkeypatch):
    rule(monkeypatch)
    for seed in range(300):
        try:
            run(seed, sources)
        except TooLong:
            continue
        except Violation as violation:
            print(f"without it: {str(violation)[:160]} (seed {seed})")
            assert re.search(REMOVED[rule], str(violation))  # noqa: PT017 the first one, whichever
            return
    pytest.fail("nobody noticed")
