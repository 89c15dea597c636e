"""The doctor finds whatever was done to a store behind keepfit's back, and harms nothing."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import story

from keepfit.digest import sha256
from keepfit.lifecycle.doctor import Visit, examine, look_at_mark, models_in, try_store
from keepfit.store import keys
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.upkeep.removal import Terms

MODEL = "fare"
DAY = timedelta(days=1)
ROWS = b"a,b\n1,2\n"
PART = msgspec.structs.replace(story.PART, digest=sha256(ROWS), size=len(ROWS))


@pytest.fixture(scope="module")
def written():
    """The objects of a store with some history, as keepfit wrote them."""
    store = MemoryStore()
    registry = story.registry(store, "ann")
    attempt = registry.attempt()
    store.create(keys.part(MODEL, attempt, PART), ROWS)
    registry.freeze(MODEL, attempt, [PART])
    for number in range(3):
        story.WRITING["publish"](registry, f"op-{number}")
    evidence = registry.keep_evidence(MODEL, b'{"mae":3}')
    registry.judged(MODEL, story.SECOND, evidence=evidence, outcome="pass")
    expect = None
    for number in range(230):
        version = (story.FIRST, story.SECOND)[number % 2]
        state = registry.promote(MODEL, version, "staging", expect=expect, how="gate")
        expect = state.stages["staging"].seq
    return dict(store._objects)


@pytest.fixture
def store(written):
    return story.held(dict(written))


def examined(store, **visit):
    (one,) = examine(store, [MODEL], Visit(**visit))
    return one


def harms(store, **visit):
    return [(s.kind, s.text) for s in examined(store, **visit).symptoms if s.harm]


def key_of(store, *parts):
    return next(key for key in store.keys("") if all(part in key for part in parts))


def change(store, key):
    data = bytearray(store._objects[key])
    data[len(data) // 2] ^= 1
    store._objects[key] = bytes(data)


def test_a_store_that_nobody_touched_is_healthy(store):
    one = examined(store)
    assert one.healthy
    assert (one.records, one.versions) == (1 + 3 * 2 + 1 + 230, 3)
    assert one.symptoms == ()
    assert list(store.keys("m/fare/ckpt")) != []


def test_examining_writes_nothing(store, written):
    examined(store)
    examined(store, deep=False)
    assert store._objects == written


@pytest.mark.parametrize("number", [0, 1, 7, 100, 199, 200, 236, 237])
def test_a_record_that_was_changed_or_removed_is_found(store, number):
    key = keys.record(MODEL, number)
    data = store._objects[key]
    change(store, key)
    assert harms(store)[0][0] == "log"
    store.delete(key)
    assert harms(store)[0][0] == "log"
    store._objects[key] = data
    assert harms(store) == []


def test_two_records_that_were_swapped_are_found(store):
    one, other = keys.record(MODEL, 20), keys.record(MODEL, 30)
    held = store._objects
    held[one], held[other] = held[other], held[one]
    assert "log damaged" in harms(store)[0][1]


def test_a_log_whose_end_was_cut_off_is_found(store):
    for number in range(150, 238):
        store.delete(keys.record(MODEL, number))
    ((kind, text),) = harms(store)
    assert kind == "log"
    assert f"{keys.record(MODEL, 150)} is missing" in text
    assert "were records up to number 237" in text


@pytest.mark.parametrize("name", ["model.json", "evidence.json", "rows.u64", keys.MANIFEST])
def test_a_file_of_a_version_that_was_changed_or_removed_is_found(store, name):
    key = key_of(store, story.FIRST, name)
    change(store, key)
    ((kind, text),) = harms(store)
    assert kind == "version"
    assert key in text
    assert harms(store, deep=False) == ([] if name != keys.MANIFEST else [(kind, text)])
    store.delete(key)
    ((kind, text),) = harms(store, deep=False)
    assert f"{key} is gone" in text


def test_a_part_that_was_changed_or_removed_is_found(store):
    key = key_of(store, "/p/")
    change(store, key)
    assert [kind for kind, _ in harms(store)] == ["part"]
    assert harms(store, deep=False) == []
    store.delete(key)
    assert [kind for kind, _ in harms(store, deep=False)] == ["part"]


def test_evidence_that_was_gathered_later_is_looked_at(store):
    change(store, key_of(store, "/e/"))
    assert [kind for kind, _ in harms(store)] == ["evidence"]


def test_what_nobody_named_is_told_and_left_alone(store):
    store.create("m/fare/v/9.9.9-aff1242/01K00000000000000000000000/model.json", b"late")
    store.create("m/fare/notes.txt", b"mine")
    store.create("m/fare/log/readme.txt", b"mine")
    one = examined(store, repair=True)
    assert one.healthy
    assert [(s.kind, s.size) for s in one.symptoms] == [
        ("stranger", 0),
        ("stranger", 4),
        ("stranger", 4),
    ]
    assert store.get("m/fare/notes.txt") == b"mine"


def test_what_a_dead_attempt_left_is_told_with_its_size(store):
    registry = story.registry(store)
    claim = story.WRITING["begin"](registry, "op-9")
    store.create(keys.version_folder(MODEL, claim.version, claim.attempt) + "/model.json", b"12345")
    assert examined(store).symptoms == ()  # it may still be at work
    registry.abort(MODEL, claim.attempt)
    ((kind, harm, size),) = [(s.kind, s.harm, s.size) for s in examined(store).symptoms]
    assert (kind, harm, size) == ("leftover", False, 5)


def test_what_was_collected_is_neither_missed_nor_left_over():
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    store = MemoryStore(clock=lambda: now[0])
    registry = story.registry(store)
    for number in range(3):
        story.WRITING["publish"](registry, f"op-{number}")

    def not_the_first(row):
        return None if row.version == story.FIRST else "kept"

    terms = Terms(kept=lambda _: not_the_first, young=DAY)
    for _ in range(2):  # out of sight, and gone once its grace is over
        now[0] += 8 * DAY
        seen = registry.survey(MODEL, terms)
        assert [registry.remove(seen, removal).refused for removal in seen.removals] == [None]
    one = examined(store)
    assert (one.versions, one.symptoms) == (2, ())
    assert [key for key in store.keys("m/fare/v") if story.FIRST in key] == []
    assert examined(store, repair=True).repaired == ()


@pytest.mark.parametrize("lie", ["hint.json", "/ckpt/", "/view/"])
@pytest.mark.parametrize("how", ["damaged", "of another log"])
def test_what_misleads_readers_is_found_and_made_again(store, written, lie, how):
    key = key_of(store, "m/fare", lie)
    if how == "damaged":
        change(store, key)
    else:
        other = other_log()
        store._objects[key] = other.get(key_of(other, "m/fare", lie))
    logs = {key: data for key, data in written.items() if "/log/" in key}
    assert [kind for kind, _ in harms(store)] == ["derived"]
    one = examined(store, repair=True)
    assert one.repaired == (key,)
    assert one.healthy
    assert harms(store) == []
    assert {key: data for key, data in store._objects.items() if "/log/" in key} == logs
    found, right = (story.registry(one).state(MODEL) for one in (store, story.held(written)))
    for state in (found, right):
        state.entries.clear()  # the records that it read last
    assert found == right


def test_a_hint_that_misleads_about_a_stage_is_found_and_made_again(store, written):
    key = key_of(store, "m/fare", "hint.json")
    hint = json.loads(store.get(key))
    hint["held"] = {stage: ["9.9.9-lies", *row[1:]] for stage, row in hint["held"].items()}
    assert hint["held"]
    store._objects[key] = json.dumps(hint, separators=(",", ":")).encode()
    assert [kind for kind, _ in harms(store)] == ["derived"]
    assert examined(store, repair=True).repaired == (key,)
    assert harms(store) == []


def other_log():
    store = MemoryStore()
    registry = story.registry(store, "eve")
    version = story.WRITING["publish"](registry, "evil")
    registry.promote(MODEL, version, "staging", expect=None, how="force")
    for number in range(120):
        story.WRITING["begin"](registry, f"evil-{number}")
    return store


def test_a_damaged_log_is_never_repaired_over(store):
    store.delete(keys.record(MODEL, 50))
    before = dict(store._objects)
    assert not examined(store, repair=True).healthy
    assert store._objects == before


def test_a_model_whose_log_begins_with_a_hole_is_looked_at_too(store):
    store.delete(keys.record(MODEL, 0))
    assert models_in(store, []) == [MODEL]
    assert not examined(store).healthy


def test_the_clock_of_a_store_is_compared_with_ours(store):
    trials = try_store(store, lambda: datetime(2020, 1, 1, tzinfo=UTC))
    assert [trial.promise for trial in trials if not trial.kept] == [
        "its clock and ours agree to 5 minutes"
    ]


def test_the_report_is_json(store):
    from keepfit.digest import canonical

    change(store, key_of(store, story.FIRST, "model.json"))
    (model,) = json.loads(canonical([examined(store)]))
    assert model["symptoms"][0]["kind"] == "version"


def test_the_mark_of_a_store_is_looked_at(store):
    assert look_at_mark(store) == ()
    store._objects[keys.FORMAT] = store._objects[keys.FORMAT][:-4]
    (damaged,) = look_at_mark(store)
    assert damaged.harm
    assert "FORMAT" in damaged.text
    store.delete(keys.FORMAT)
    (gone,) = look_at_mark(store)
    assert not gone.harm
    assert look_at_mark(MemoryStore()) == ()


def test_views_and_hints_that_are_gone_are_made_again(store, written):
    gone = [key_of(store, "/view/"), key_of(store, "hint.json")]
    for key in gone:
        store.delete(key)
    one = examined(store)
    assert one.healthy
    assert [symptom.text.partition(" ")[0] for symptom in one.symptoms] == gone
    assert examined(store, repair=True).repaired == tuple(gone)
    assert examined(store).symptoms == ()
    assert store._objects[gone[0]] == written[gone[0]]


def test_nothing_is_called_a_leftover_that_a_damaged_log_may_name(store):
    change(store, keys.record(MODEL, 0))
    assert [symptom.kind for symptom in examined(store).symptoms] == ["log"]
