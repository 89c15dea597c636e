"""What stays in a store and what goes, one rule after the other; the store's clock stands still."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from keepfit.digest import sha256
from keepfit.errors import Refused, StoreError
from keepfit.names import Reference
from keepfit.records.rows import Column, Part
from keepfit.store import keys
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.heartbeat import beating
from keepfit.store.registry import Registry
from keepfit.store.resolve import named
from keepfit.store.upkeep.removal import Terms

DAY = timedelta(days=1)
NOTHING = Terms(kept=lambda _: lambda _: None, young=10 * DAY)


def only(version):
    return lambda held: "mine" if held.version == version else None


def all_but(version):
    return lambda held: None if held.version == version else "mine"


class Time:
    """The store's clock; that of the people is ten years behind."""

    def __init__(self):
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def store(time):
    return MemoryStore(clock=time)


@pytest.fixture
def registry(store, time):
    return Registry(store, clock=lambda: time.now - 3650 * DAY, actor="ann", sleep=lambda _: None)


@pytest.fixture
def three(registry, writing, time):
    """1.0.0, 1.0.1 and 1.0.2, all old."""
    names = [writing.publish(registry, f"op-{number}") for number in range(3)]
    time.now += 20 * DAY
    return names


def collect(registry, terms=NOTHING):
    """What was done, as pairs of what and name."""
    seen = registry.survey("fare", terms)
    done = [registry.remove(seen, removal) for removal in seen.removals]
    return [(one.removal.what, one.removal.name) for one in done if not one.refused]


def files(store, version):
    return list(store.keys(f"{keys.versions('fare')}/{version}"))


def statuses(registry):
    return [held.status for held in registry.state("fare").versions.values()]


def test_what_no_rule_keeps_goes_out_of_sight_and_a_week_later_for_good(
    registry, store, time, three
):
    assert collect(registry) == [("tombstone", name) for name in three]
    assert statuses(registry) == ["tombstoned"] * 3
    assert all(files(store, name) for name in three)
    time.now += 7 * DAY - timedelta(seconds=1)
    assert collect(registry) == []
    time.now += timedelta(seconds=1)
    assert collect(registry) == [("purge", name) for name in three]
    assert statuses(registry) == ["purged"] * 3
    assert not any(files(store, name) for name in three)
    assert registry.state("fare").next_version("patch", "aff1242").number == "1.0.3"


def test_a_deleted_version_is_refused_and_told_how_to_have_it_back(registry, time, three):
    collect(registry)
    for act in (
        lambda: registry.files("fare", three[0]),
        lambda: registry.promote("fare", three[0], "staging", expect=None, how="gate"),
        lambda: registry.resolve(Reference.parse("fare@1.0.0"), ()),
        lambda: registry.pin("fare", three[0], ""),
    ):
        with pytest.raises(Refused, match=r"1\.0\.0-aff1242 was deleted") as refused:
            act()
        assert "keepfit undelete fare@1.0.0" in refused.value.hint
    registry.undelete("fare", three[0])
    registry.undelete("fare", three[0])
    assert statuses(registry) == ["live", "tombstoned", "tombstoned"]
    assert registry.files("fare", three[0])
    time.now += 8 * DAY
    collect(registry, Terms(kept=lambda _: only(three[0])))
    with pytest.raises(Refused, match="deleted for good") as gone:
        registry.undelete("fare", three[1])
    assert "history" in gone.value.hint
    assert statuses(registry) == ["live", "purged", "purged"]


def test_what_a_stage_holds_or_somebody_asks_for_or_is_pinned_stays(registry, three):
    registry.promote("fare", three[0], "production", expect=None, how="gate")
    registry.request("fare", three[1], "production", evidence=EVIDENCE(registry), expect=None)
    registry.pin("fare", three[2], "in the paper")
    seen = registry.survey("fare", NOTHING)
    refused = [registry.remove(seen, removal).refused for removal in seen.removals]
    for reason, word in zip(refused, ("points at", "is asked", "pinned"), strict=True):
        assert word in reason
    assert statuses(registry) == ["live"] * 3
    registry.unpin("fare", three[2])
    registry.unpin("fare", three[2])
    assert collect(registry) == [("tombstone", three[2])]


def EVIDENCE(registry):  # noqa: N802 it reads as a constant
    return next(iter(registry.state("fare").versions.values())).evidence


def test_what_is_young_by_the_store_s_clock_stays_and_says_so(registry, writing, three):
    young = writing.publish(registry, "young")
    seen = registry.survey("fare", NOTHING)
    assert [(kept.version, kept.why) for kept in seen.kept] == [
        (young, "it is younger than 10 days")
    ]


def test_a_collection_says_how_many_bytes_it_frees(registry, store, time, three):
    size = sum(store.size(key) for key in files(store, three[0]))
    assert [removal.size for removal in registry.survey("fare", NOTHING).removals] == [size] * 3
    collect(registry)
    time.now += 8 * DAY
    seen = registry.survey("fare", NOTHING)
    freed = [registry.remove(seen, removal).freed for removal in seen.removals]
    assert freed == [size] * 3


def test_whoever_is_silent_for_a_day_is_taken_for_dead_and_publishes_nothing(
    registry, store, time, writing
):
    slow, alive = writing.begin(registry, "slow"), writing.begin(registry, "alive")
    store.create(f"{keys.version_folder('fare', slow.version, slow.attempt)}/half", b"half")
    time.now += timedelta(hours=23)
    store.advise(keys.heartbeat("fare", alive.attempt), b"")
    assert collect(registry) == []
    time.now += timedelta(hours=1)
    assert collect(registry) == [("abort", slow.version)]
    assert files(store, slow.version) == []
    manifest = writing.manifest_of("fare", slow.version, writing.FILES)
    with pytest.raises(Refused, match="aborted"):
        registry.publish("fare", slow, writing.FILES, manifest)
    assert files(store, slow.version)  # late files
    assert collect(registry) == [("sweep", f"{slow.version} ({slow.attempt})")]
    assert files(store, slow.version) == []
    assert writing.begin(registry, "slow").version == slow.version
    writing.publish(registry, "alive")


def test_objects_that_no_record_explains_are_told_and_left_alone(registry, store, time, three):
    mine = [
        f"{keys.versions('fare')}/{three[0]}/notes/readme.txt",
        f"{keys.versions('fare')}/notes.txt",
        f"{keys.parts('fare')}/readme.txt",
    ]
    for key in mine:
        store.create(key, b"mine")
    time.now += 400 * DAY
    for _ in range(3):
        assert registry.survey("fare", NOTHING).strangers == mine  # as listed
        collect(registry)
        time.now += 8 * DAY
    assert [store.get(key) for key in mine] == [b"mine"] * 3


@pytest.fixture
def rows(tmp_path):
    """A part and its file."""

    def make(text):
        path = tmp_path / f"{text}.csv"
        path.write_text(f"a\n{text}\n")
        part = Part(
            source="rows",
            uri=path.name,
            digest=sha256(path.read_bytes()),
            size=path.stat().st_size,
            format="csv",
            rows=1,
            columns=(Column(name="a", dtype="Int64"),),
        )
        return part, path

    return make


def made_of(registry, writing, op, *parts):
    claim = writing.begin(registry, op)
    manifest = writing.manifest_of("fare", claim.version, writing.FILES, parts=parts)
    registry.publish("fare", claim, writing.FILES, manifest)
    return claim.version


def test_rows_go_when_no_version_needs_them_in_the_same_two_steps(
    registry, store, time, writing, rows
):
    (old, old_path), (new, new_path) = rows("old"), rows("new")
    registry.parts("fare").add([(old, old_path), (new, new_path)])
    first = made_of(registry, writing, "first", old)
    made_of(registry, writing, "second", new)
    stays = Terms(kept=lambda _: all_but(first), young=10 * DAY)
    time.now += 20 * DAY
    steps = []
    for _ in range(5):
        steps += [what for what, _ in collect(registry, stays)]
        time.now += 8 * DAY
    assert steps == ["tombstone", "purge", "drop parts", "purge parts"]
    left = list(store.keys(keys.parts("fare")))
    assert [key.rpartition("/")[2] for key in left] == [f"{new.digest}.csv"]
    assert registry.parts("fare").path(new.digest).read_bytes() == new_path.read_bytes()


def test_a_version_of_rows_that_were_set_aside_is_refused_and_made_of_new_copies(
    registry, time, writing, rows
):
    part, path = rows("old")
    registry.parts("fare").add([(part, path)])
    time.now += 8 * DAY
    assert [what for what, _ in collect(registry)] == ["drop parts"]
    with pytest.raises(Refused, match="is not stored"):
        made_of(registry, writing, "op", part)
    again = registry.parts("fare")
    assert again.known(part.digest) is None
    again.add([(part, path)])
    version = made_of(registry, writing, "op", part)
    time.now += 8 * DAY
    assert ("purge parts", "rows") in [(what, n[:4]) for what, n in collect(registry)]
    assert registry.parts("fare").path(part.digest).read_bytes() == path.read_bytes()
    assert registry.manifest("fare", version)


def test_an_upload_that_nobody_named_goes_once_a_record_says_that_nobody_may(
    registry, store, time, rows, three
):
    part, _ = rows("lost")
    attempt = registry.attempt()
    store.create(keys.part("fare", attempt, part), b"rows")
    assert keys.part("fare", attempt, part) in registry.survey("fare", NOTHING).strangers
    time.now += 8 * DAY
    assert ("abort", f"rows ({attempt})") in collect(registry)
    assert store.get(keys.part("fare", attempt, part)) is None
    with pytest.raises(Refused, match="used before"):
        registry.freeze("fare", attempt, [part])


def test_a_promotion_between_look_and_deed_wins(registry, three):
    seen = registry.survey("fare", NOTHING)
    registry.promote("fare", three[0], "production", expect=None, how="gate")
    done = [registry.remove(seen, removal) for removal in seen.removals]
    assert "production points at" in done[0].refused
    assert statuses(registry) == ["live", "tombstoned", "tombstoned"]


def test_a_version_that_was_had_back_and_deleted_again_has_all_of_its_grace(
    registry, store, time, three
):
    collect(registry)
    time.now += 7 * DAY
    seen = registry.survey("fare", NOTHING)  # by which it may go for good
    registry.undelete("fare", three[0])
    assert ("tombstone", three[0]) in collect(registry)
    done = [registry.remove(seen, removal) for removal in seen.removals]
    assert done[0].refused == f"fare {three[0]} stays: its grace has begun anew"
    assert statuses(registry) == ["tombstoned", "purged", "purged"]
    assert files(store, three[0])


def test_a_collector_that_was_killed_before_the_bytes_went_is_finished_by_the_next(
    registry, store, time, three, monkeypatch
):
    collect(registry)
    time.now += 8 * DAY
    seen = registry.survey("fare", NOTHING)

    def fail(_):
        raise StoreError("the network is gone")

    monkeypatch.setattr(store, "delete", fail)
    with pytest.raises(StoreError):
        registry.remove(seen, seen.removals[0])
    monkeypatch.undo()
    assert files(store, three[0])
    assert "sweep" in {what for what, _ in collect(registry)}
    assert not files(store, three[0])


def test_evidence_that_was_gathered_later_goes_with_its_version(registry, store, time, three):
    for number, name in enumerate(three[:2]):
        evidence = registry.keep_evidence("fare", f'{{"mae":{number}}}'.encode())
        registry.judged("fare", name, evidence=evidence, outcome="pass")
    stays = Terms(kept=lambda _: only(three[1]))
    for _ in range(3):
        time.now += 100 * DAY
        collect(registry, stays)
    assert len(list(store.keys(keys.all_evidence("fare")))) == 1
    assert registry.evidence("fare", three[1]) == b'{"mae":1}'


def test_old_checkpoints_and_unfinished_writes_go_and_the_rest_is_as_before(
    registry, store, time, three
):
    for _ in range(460):
        registry.pin("fare", three[0], "again")
    store.create("tmp/draft", b"half")
    time.now += 8 * DAY
    before = registry.state("fare")
    made = list(store.keys(keys.checkpoints("fare")))
    collect(registry, Terms(kept=lambda _: lambda _: "mine"))
    assert list(store.keys(keys.checkpoints("fare"))) == made[-1:]
    assert [registry.sweep(draft).freed for draft in registry.drafts()] == [4]
    assert store.get("tmp/draft") is None
    fresh = Registry(store, clock=time, actor="bob", sleep=lambda _: None)
    for one in (before, read := fresh.state("fare")):
        one.entries.clear()  # the records that it read last
    assert read == before


def test_history_tells_what_was_deleted_when_by_whom_and_why(registry, time, three):
    collect(registry)
    time.now += 8 * DAY
    collect(registry)
    told = [
        (entry.event.__struct_config__.tag, entry.event.actor, entry.event.version)
        for entry in registry.history("fare", 6)
    ]
    assert told == [(kind, "ann", name) for kind in ("tombstone", "purge") for name in three]


def test_the_view_of_a_stage_tells_people_what_it_holds_and_nobody_reads_it(registry, store, three):
    registry.promote("fare", three[1], "production", expect=None, how="force", reason="urgent")
    key = keys.view("fare", "production")
    told = json.loads(store.get(key))
    assert (told["version"], told["how"], told["reason"]) == (three[1], "force", "urgent")
    assert store.get(f"{told['files']}/{keys.MANIFEST}")
    store.advise(key, b"nonsense")
    assert registry.resolve(Reference.parse("fare@production"), ("production",)).version == three[1]


def test_a_branch_hides_and_replaces_nothing_of_the_main_one(registry, writing):
    main = writing.publish(registry, "main")
    digests = dict.fromkeys(("config", "snapshot", "code"), writing.DIGEST)
    facts = {"bump": "minor", "label": "bff1242", "branch": "faster", **digests}
    claim = registry.begin("fare", op="op", **facts)
    manifest = writing.manifest_of("fare", claim.version, writing.FILES)
    state = registry.publish("fare", claim, writing.FILES, manifest)
    assert claim.version == "1.1.0-bff1242"
    assert state.newest.version == main
    assert state.newest_on("faster").version == claim.version
    assert registry.resolve(Reference.parse("fare@latest"), ()).version == main
    assert registry.resolve(Reference.parse("fare@1.1.0"), ()).version == claim.version


def test_a_deleted_version_is_still_found_by_who_wants_it_back(registry, three):
    collect(registry)
    state = registry.state("fare")
    assert named(state, Reference.parse("fare@1.0.1")).version == three[1]
    assert state.newest is None
    assert state.before("production") is None


def test_a_long_publication_gives_signs_of_life_and_a_short_one_none():
    beaten = threading.Event()

    class Listening(MemoryStore):
        def advise(self, key, data):
            super().advise(key, data)
            beaten.set()

    store = Listening()
    with beating(store, "m/fare/hb/slow", every=0.001):
        assert beaten.wait(10)
    with beating(store, "m/fare/hb/quick"):
        pass
    assert list(store.keys("m")) == ["m/fare/hb/slow"]
