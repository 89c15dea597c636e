"""What is put aside on pages answers as if it had stayed: small pages against none at all."""

import random
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keepfit.digest import sha256
from keepfit.errors import Corrupt, Refused, StoreError
from keepfit.records.rows import Column, Part
from keepfit.store import keys
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.backends.objects import Exists, Unknown
from keepfit.store.backends.steps import drive
from keepfit.store.log import archive, checkpoint, events, shortcut, tape
from keepfit.store.log.fold import fold
from keepfit.store.log.log import append, read, read_all
from keepfit.store.log.reading import unchained
from keepfit.store.log.tape import Log

D = "0" * 64
START = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = ("staging", "production")


@pytest.fixture
def small_pages():
    """A page takes four rows, a checkpoint is made each five records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "ROWS", 4)
        patch.setattr(archive, "AT_HAND", 2)
        patch.setattr(archive, "PARTS_AT_HAND", 3)
        patch.setattr(shortcut, "EVERY", 5)
        yield


def run(steps, store):
    return drive(steps, store, lambda _: None)


class Author:
    """Somebody who writes records of all kinds into a log, as a seed decides."""

    def __init__(self, store, seed):
        self.store, self.chance = store, random.Random(seed)
        self.log, self.count = Log("fare"), 0

    def write(self, kind, **facts):
        self.count += 1
        # Clocks of several machines: a later record may bear an earlier time.
        at = START + timedelta(hours=self.count + self.chance.choice([0, 0, 0, -9]))
        op = f"op-{self.count}"
        draft = partial(kind, op=op, actor="ann", at=at.isoformat(), **facts)
        try:
            self.log = run(append(self.log, op, lambda _: draft), self.store)
        except Refused:
            return False
        return True

    def work(self):
        state = self.log.state
        getattr(self, self.chance.choice(WORK))(state)

    def publish(self, state):
        bump = self.chance.choice(["patch", "patch", "minor", "major"])
        version = str(state.next_version(bump, "aff1242"))
        attempt, claim = f"attempt-{self.count}", f"claim-{self.count}"
        facts = {"config": D, "snapshot": D, "code": D, "bump": bump}
        branch = self.chance.choice(["", "", "", "faster"])
        self.write(
            events.Begin, claim=claim, attempt=attempt, version=version, branch=branch, **facts
        )
        if self.chance.random() < 0.2:  # a first try that died
            again = f"attempt-{self.count}"
            self.write(events.Begin, claim=claim, attempt=again, version=version, **facts)
            attempt = again
        if self.chance.random() < 0.9:
            self.finish(self.log.state, attempt)

    def finish(self, state, attempt=None):
        waiting = [a for a, known in state.attempts.items() if known.status == "open"]
        if attempt or waiting:
            attempt = attempt or self.chance.choice(waiting)
            parts = self.chance.sample(sorted(state.parts), min(2, len(state.parts)))
            facts = {"manifest": D, "model": D, "evidence": D, "parts": tuple(parts)}
            self.write(events.Publish, attempt=attempt, **facts)

    def freeze(self, _):
        name = f"rows-{self.chance.randrange(40)}"
        part = Part(
            source="rows",
            uri=name,
            digest=sha256(name.encode()),
            size=1,
            format="csv",
            rows=1,
            columns=(Column(name="a", dtype="Int64"),),
        )
        self.write(events.Freeze, attempt=f"parts-{self.count}", parts=(part,))

    def version(self):
        state = run(read_all("fare"), self.store).state
        return self.chance.choice([*state.versions, "7.7.7-aff1242"])

    def promote(self, state):
        stage = self.chance.choice(STAGES)
        held = state.stages.get(stage)
        how = self.chance.choice(["gate", "rollback"])
        expect = held.seq if held else None
        self.write(events.Promote, version=self.version(), stage=stage, expect=expect, how=how)

    def ask(self, _):
        stage = self.chance.choice(STAGES)
        self.write(events.Request, version=self.version(), stage=stage, evidence=D)

    def keep(self, _):
        kinds = [events.Tombstone, events.Tombstone, events.Untombstone, events.Purge]
        kind = self.chance.choice([*kinds, events.Pin, events.Unpin])
        self.write(kind, version=self.version())

    def reduce(self, _):
        self.write(events.Reduce, version=self.version(), files=("model.json",))

    def reopen(self, _):
        self.write(events.Reopen, version=self.version(), attempt=f"attempt-{self.count}")

    def restore(self, state):
        waiting = [a for a, known in state.attempts.items() if known.version]
        if waiting:
            self.write(events.Restore, attempt=self.chance.choice(waiting), manifest=D)


WORK = ["publish"] * 6 + ["promote"] * 4 + ["freeze", "ask", "keep", "keep", "finish"]
WORK += ["reduce", "reduce", "reopen", "restore"]


def answers(state):
    """All that anybody could ask of a state."""
    rows = list(state.versions.newest_first())
    moments = [START + timedelta(hours=hour) for hour in range(-9, 200, 7)]
    parts = [sha256(f"rows-{n}".encode()) for n in range(40)]
    return {
        "next": (state.next, state.at, state.highest, state.void),
        "versions": {
            row.version: msgspec.structs.replace(row, dead=())
            for row in map(state.versions.get, state.versions)
        },
        "order": [row.version for row in rows],
        "count": len(state.versions),
        "newest": (state.newest_on(""), state.newest_on("faster")),
        "stages": state.stages,
        "before": [state.before(stage) for stage in STAGES],
        "live": [state.live_at(stage, moment) for stage in STAGES for moment in moments],
        "parts": [state.part(digest) and state.part(digest).attempt for digest in parts],
        "requests": state.requests,
    } | {
        major: state.versions.highest(
            lambda v, major=major: v.status == "live" and v.number[0] == major,
            ((major, 0, 0), (major + 1, 0, 0)),
        )
        for major in range(1, 5)
    }


def plain(answered):
    """The same without what was forgotten with a version's attempts."""
    strip = partial(msgspec.structs.replace, dead=())
    told = {
        key: strip(value) if hasattr(value, "dead") else value for key, value in answered.items()
    }
    return told | {"newest": tuple(v and strip(v) for v in answered["newest"])}


def but_for_copies(told):
    """The same, wherever rows lie: those put aside and then frozen again lie in another folder."""
    return told | {"parts": [attempt is not None for attempt in told["parts"]]}


def fetched(store, state):
    """The state as the outside world gets it, which may read pages; but for what it read last."""

    def fetch(page):
        from keepfit.store.log.pages import unpack

        key = keys.page("fare", page.last, page.digest)
        return unpack(page, key, store.get(key))

    return msgspec.structs.replace(state.reading(fetch), entries=[])


def records(store):
    found = store.keys(keys.log_folder("fare"))
    return [unchained(key, store.get(key), seq=seq) for seq, key in enumerate(found)]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(20, 90))
@example(seed=31608, length=64)  # rows that were put aside are frozen again
def test_a_log_told_from_pages_and_checkpoints_answers_as_one_read_whole(seed, length):
    store = MemoryStore()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "ROWS", 4)
        patch.setattr(archive, "AT_HAND", 2)
        patch.setattr(archive, "PARTS_AT_HAND", 3)
        patch.setattr(shortcut, "EVERY", 5)
        author = Author(store, seed)
        for _ in range(length):
            author.work()
        cold = fetched(store, run(read(Log("fare")), store).state)
        whole = run(read_all("fare"), store).state
        warm = fetched(store, author.log.state)
        told = [plain(answers(state)) for state in (cold, whole, warm)]
    assert told[0] == told[1] == told[2]
    assert but_for_copies(told[0]) == but_for_copies(plain(answers(fold(records(store)))))
    assert len(cold.versions.recent) < 4 + 2 + len(STAGES) * 2


@pytest.fixture
def long_log(small_pages):
    store = MemoryStore()
    author = Author(store, 3)
    for _ in range(60):
        author.work()
    while author.log.state.next % 5 != 3:
        author.freeze(author.log.state)
    return store


def cold(store):
    """The log as a new process reads it."""
    log = run(read(Log("fare")), store)
    return msgspec.structs.replace(log, state=fetched(store, log.state))


def test_dead_attempts_are_told_by_the_version_that_they_were_tries_at(long_log):
    tries = {}
    for event in records(long_log):
        if isinstance(event, events.Begin):
            tries.setdefault(event.version, []).append(event.attempt)
    state = cold(long_log).state
    on_pages = {row.version: row for row in state.versions.values() if row.op not in state.claims}
    dead = {version: tuple(tries[version][:-1]) for version in on_pages}
    assert {version: row.dead for version, row in on_pages.items()} == dead
    assert any(dead.values())
    assert not any(attempt in state.attempts for gone in dead.values() for attempt in gone)


def test_every_checkpoint_of_a_record_has_the_same_bytes(long_log):
    for key in list(long_log.keys(keys.checkpoints("fare"))):
        data = long_log.get(key)
        long_log.delete(key)
        seq, _ = keys.checkpoint_of(key)
        log = Log("fare")
        for number in range(seq + 1):
            log = log.taking(long_log.get(keys.record("fare", number)))
        run(shortcut.save(log), long_log)
        assert long_log.get(key) == data


def test_a_reader_that_comes_new_needs_three_requests(small_pages):
    long_log = MemoryStore()
    author = Author(long_log, 3)
    while author.log.state.next < 43:
        author.publish(author.log.state)
    author.freeze(author.log.state)
    asked = []

    class Counting(MemoryStore):
        def get(self, key):
            asked.append(key)
            return long_log.get(key)

    log = run(read(Log("fare")), Counting())
    assert [key.split("/")[2] for key in asked] == ["hint.json", "ckpt", "log"]
    assert log.state.next == run(read_all("fare"), long_log).state.next


LIES = {
    "gone": lambda _: None,
    "empty": lambda _: b"",
    "garbage": lambda _: b"\xff{",
    "nested": lambda _: b"[" * 100_000,
    "another's": lambda _: b'{"seq":1,"ckpt":4,"head":"%s","tail":[]}' % (b"1" * 64),
    "beyond the end": lambda data: data.replace(b'"tail":[', b'"tail":[{"k":"pin"},', 1),
    "of a newer keepfit": lambda data: data.replace(b'"k":"', b'"k":"new-', 1),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_hint_that_lies_costs_requests_and_nothing_else(long_log, lie):
    right = cold(long_log)
    told = lie(long_log.get(keys.hint("fare")))
    long_log.delete(keys.hint("fare"))
    if told is not None:
        long_log.advise(keys.hint("fare"), told)
    assert cold(long_log).state == right.state


def test_a_hint_that_is_behind_is_read_on_from(long_log):
    before = long_log.get(keys.hint("fare"))
    author = Author(long_log, 4)
    author.count = 1000
    for _ in range(20):
        author.work()
    long_log.advise(keys.hint("fare"), before)
    assert cold(long_log).state == fetched(long_log, author.log.state)


def test_who_reads_for_months_remembers_few_records_and_can_write_at_last(long_log, monkeypatch):
    monkeypatch.setattr(shortcut, "_LONGEST", 5)
    monkeypatch.setattr(tape, "LONGEST_TAIL", 6)
    log = cold(long_log)
    author = Author(long_log, 4)
    author.count = 1000
    for _ in range(30):
        author.freeze(None)
        log = run(read(log), long_log)
        assert len(log.tail) <= 6
    assert log.head == author.log.head
    another = Author(long_log, 5)
    another.count, another.log = 5000, log
    another.freeze(None)
    assert cold(long_log).head == another.log.head
    assert another.log.anchor is not None


def test_a_hint_that_landed_so_late_that_its_pages_are_collected_is_passed_over(long_log):
    before, early = long_log.get(keys.hint("fare")), pages(long_log)
    author = Author(long_log, 4)
    author.count = 1000
    for _ in range(200):
        author.work()
    for key in early - set(map(page_key, checkpoint.pages_of(author.log.state))):
        long_log.delete(key)
    long_log.advise(keys.hint("fare"), before)
    assert cold(long_log).state == fetched(long_log, author.log.state)
    another = Author(long_log, 5)
    another.count = 5000
    another.freeze(None)
    assert another.log.state.next == author.log.state.next + 1


def pages(store):
    """The keys of all pages."""
    return set(store.keys(keys.pages("fare")))


def page_key(page):
    return keys.page("fare", page.last, page.digest)


def test_nobody_writes_after_a_record_that_only_a_hint_knows(long_log):
    """A hint of a log that went on elsewhere: a backup was restored, and others have written."""
    last = cold(long_log).state.next - 1
    tail = keys.record("fare", last)
    forged = long_log.get(tail).replace(b'"ann"', b'"eve"')
    long_log.delete(tail)
    long_log.create(tail, forged)
    author = Author(long_log, 5)
    author.count = 1000
    author.freeze(None)
    assert run(read_all("fare"), long_log).state.next == last + 2


def test_nobody_writes_into_a_hole_that_a_hint_hides(long_log):
    before = long_log.get(keys.hint("fare"))
    author = Author(long_log, 4)
    author.count = 1000
    for _ in range(3):
        author.freeze(None)
    end = author.log.state.next
    long_log.advise(keys.hint("fare"), before)
    long_log.delete(keys.record("fare", end - 2))
    before = list(long_log.keys(""))
    with pytest.raises(Corrupt, match="later records are there"):
        Author(long_log, 6).freeze(None)
    assert list(long_log.keys("")) == before


def test_a_log_that_ends_before_its_newest_checkpoint_is_damaged(long_log):
    newest = list(long_log.keys(keys.checkpoints("fare")))[-1]
    seq, _ = keys.checkpoint_of(newest)
    for number in range(seq, cold(long_log).state.next):
        long_log.delete(keys.record("fare", number))
    long_log.delete(keys.hint("fare"))
    with pytest.raises(Corrupt, match="is missing, later records are there"):
        cold(long_log)


@pytest.mark.parametrize("damage", [None, b"", b"\x1f\x8b garbage"])
def test_a_damaged_checkpoint_is_passed_over(long_log, damage):
    right = cold(long_log)
    newest = list(long_log.keys(keys.checkpoints("fare")))[-1]
    long_log.delete(newest)
    if damage is not None:
        long_log.create(newest, damage)
    assert cold(long_log).state == right.state
    long_log.delete(keys.hint("fare"))
    assert cold(long_log).state == right.state


@pytest.mark.parametrize("damage", [None, b"garbage"])
def test_a_page_that_is_lost_says_so_and_how_to_make_it_again(long_log, damage):
    state = cold(long_log).state
    page = state.versions.pages[0]
    key = keys.page("fare", page.last, page.digest)
    long_log.delete(key)
    if damage is not None:
        long_log.create(key, damage)
    with pytest.raises(Corrupt, match="cannot be read") as lost:
        list(state.versions)
    assert "keepfit doctor" in lost.value.hint
    assert len(list(run(read_all("fare"), long_log).state.versions)) == len(state.versions)


class Refusing(MemoryStore):
    """A store that takes records and nothing else."""

    error = StoreError

    def create(self, key, data):
        if "/log/" not in key and "/m/" in f"/{key}":
            raise self.error(key)
        super().create(key, data)

    def advise(self, key, data):
        raise self.error(key)


@pytest.mark.parametrize("error", [StoreError, Unknown, Exists])
def test_whoever_may_write_no_checkpoint_still_writes_records(small_pages, error):
    store = Refusing()
    store.error = error
    author = Author(store, 7)
    for _ in range(40):
        author.work()
    assert run(read_all("fare"), store).state == author.log.state
    assert not list(store.keys(keys.checkpoints("fare")))
