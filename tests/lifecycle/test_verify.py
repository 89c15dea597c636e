"""`keepfit verify` finds whatever was done to a version, its log or its approvals behind our back.

S6 of the design: each record of many logs is deleted, swapped, edited, cut off and forked.
"""

import json
import os
import random

import pytest
import story

from keepfit.digest import canonical, sha256
from keepfit.errors import Corrupt, StoreError
from keepfit.lifecycle.rebuilding.verify import _log, _past, verify_version
from keepfit.names import Reference
from keepfit.store import keys
from keepfit.store.backends.local import LocalStore
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.log.seen import Seen
from keepfit.store.registry import Registry
from keepfit.store.upkeep.ledger import open_ledger

MODEL = "fare"
LOGS = int(os.environ.get("KEEPFIT_LOGS", "1000"))


def verified(life, selector="production"):
    store = LocalStore(life.root / "store")
    seen = Seen(life.root / "seen.json", "store")
    reference = Reference.parse(f"price@{selector}")
    return verify_version(store, life.registry(), seen, reference, life.project.stages)


def remember(life):
    """What any verb does: read the log, and write down where it ended."""
    seen = Seen(life.root / "seen.json", "store")
    store = LocalStore(life.root / "store")
    Registry(store, clock=lambda: life.now, actor="ana", seen=seen).state("price")
    seen.save()


def told(found, outcome):
    return [point.text for point in found.points if point.outcome == outcome]


@pytest.fixture(scope="module")
def released(tmp_path_factory, begin_at):
    """A project whose first version was approved for production."""
    life = begin_at(tmp_path_factory.mktemp("released"))
    life.months(*range(1, 11))
    life.first_champion()
    remember(life)
    return life


@pytest.fixture
def touched(released):
    """The same, put back in order after a test."""
    store = released.root / "store"
    before = {file: file.read_bytes() for file in store.rglob("*") if file.is_file()}
    yield released
    for file in store.rglob("*"):
        if file.is_file() and file not in before:
            file.unlink()
    for file, data in before.items():
        file.write_bytes(data)


def test_of_a_version_that_nobody_touched_all_is_good(released):
    found = verified(released)
    assert found.outcome == "good"
    assert found.version == released.state.newest.version
    assert {point.what for point in found.points} == {
        "log", "past", "version", "rows", "verdict", "stage",
    }  # fmt: skip
    assert any("approved by boss" in text for text in told(found, "good"))
    last = (released.root / "store" / keys.record("price", found.records - 1)).read_bytes()
    assert found.head == sha256(last)


def files_of(life):
    state = life.registry().state("price").newest
    folder = life.root / "store" / keys.version_folder("price", state.version, state.attempt)
    return sorted(file for file in folder.rglob("*") if file.is_file())


def test_each_file_that_is_changed_removed_or_added_is_found(touched):
    for file in files_of(touched):
        data = file.read_bytes()
        for spoilt in (data[:-1] + bytes([data[-1] ^ 1]), data[:-1], data + b"\n", None):
            file.unlink() if spoilt is None else file.write_bytes(spoilt)
            found = verified(touched)
            assert found.outcome == "broken", (file, spoilt)
            assert any(file.name in text for text in told(found, "broken"))
            file.write_bytes(data)
    (files_of(touched)[0].parent / "more.txt").write_text("who am I?")
    assert told(verified(touched), "broken")[0].endswith(
        f"more.txt is not in the manifest of {touched.state.newest.version}"
    )


def test_rows_that_were_changed_are_found(touched):
    part = next((touched.root / "store").glob("m/price/p/*/*"))
    part.write_bytes(part.read_bytes().replace(b"2024", b"2023", 1))
    assert any("/p/" in text for text in told(verified(touched), "broken"))


def append(life, **facts):
    """A record that somebody with the right to write puts at the end of the log, chained well."""
    store = life.root / "store"
    seq = life.registry().state("price").next
    before = (store / keys.record("price", seq - 1)).read_bytes()
    record = {"actor": "eve", "at": "2025-01-02T00:00:00.000+00:00", "op": f"eve-{seq}"}
    record |= {"seq": seq, "prev": sha256(before)} | facts
    (store / keys.record("price", seq)).write_bytes(canonical(record))


def test_a_promotion_that_nobody_approved_is_told(touched):
    version = touched.state.newest.version
    held = touched.state.stages["production"].seq
    append(touched, k="promote", version=version, stage="production", expect=held, how="approval")
    append(touched, k="promote", version=version, stage="live", how="approval")
    found = verified(touched)
    assert found.outcome == "refused"
    assert told(found, "refused") == [  # an earlier yes of boss is there, but not for a second time
        "production from 2025-01-02T00:00: by eve, and nobody has approved it",
        "live from 2025-01-02T00:00: by eve, and nobody has approved it",
    ]


def test_what_was_forced_is_told_for_ever(touched):
    version = touched.state.newest.version
    append(touched, k="promote", version=version, stage="live", how="force", reason="fire")
    assert told(verified(touched), "note") == [
        "live from 2025-01-02T00:00: forced past the gate by eve: fire"
    ]


def test_a_verdict_that_the_evidence_does_not_bear_is_told(life):
    life.change("max = 20000", "max = 1")
    life.retrained()
    found = verified(life, "latest")
    assert found.outcome == "good"
    assert "the gate says of its evidence what the log says: fail" in told(found, "good")
    state = life.state.newest
    file = life.root / "store" / keys.record("price", state.verdicts[0].seq)
    record = json.loads(file.read_bytes())
    assert record["outcome"] == "fail"
    file.write_bytes(canonical(record | {"outcome": "pass"}))
    for later in sorted(file.parent.glob("*.json")):
        if later.name > file.name:
            later.unlink()
    (told_of,) = told(verified(life, "latest"), "refused")
    assert told_of.startswith("the log says pass, and the gate says of its evidence: fail")


# --- S6: the log ---------------------------------------------------------------------------------


def some_log(chance):
    """A store with the log of a short life, and its keys."""
    store = MemoryStore()
    registry = story.registry(store, "ann")
    for number in range(chance.randint(1, 4)):
        story.WRITING["publish"](registry, f"op-{number}")
    expect = None
    for _ in range(chance.randint(0, 4)):
        version = chance.choice(list(registry.state(MODEL).versions))
        state = registry.promote(MODEL, version, "staging", expect=expect, how="gate")
        expect = state.stages["staging"].seq
    for number in range(chance.randint(0, 3)):
        first = next(iter(registry.state(MODEL).versions))
        registry.judged(MODEL, first, evidence="0" * 64, outcome="pass", why=str(number))
    return store, [keys.record(MODEL, seq) for seq in range(registry.state(MODEL).next)]


def edited(data, chance):
    """The record with one bit changed: still JSON or not."""
    spoilt = bytearray(data)
    spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(7)
    return bytes(spoilt)


def forked(store, slots, start):
    """From `start` on other records, each of which follows from the one before, as many."""
    for number, key in enumerate(slots[start:], start):
        prev = sha256(store._objects[slots[number - 1]]) if number else None
        record = json.loads(store._objects[key]) | {"actor": "eve", "prev": prev}
        store._objects[key] = canonical(record)


def is_found(store, path):
    try:
        ledger = open_ledger(store, MODEL)
    except StoreError:  # a record whose kind nobody knows: no reader goes beyond it
        return True
    seen = Seen(path, "store")
    points = [*_log(ledger), *_past(store, ledger, seen)]
    return any(point.outcome == "broken" for point in points)


def tampered(seed, path):
    """How many changes of a log were tried; each was found."""
    chance = random.Random(seed)
    store, slots = some_log(chance)
    seen = Seen(path, "store")
    story.registry(store, "ann", seen).state(MODEL)
    seen.save()
    whole = dict(store._objects)
    assert not is_found(store, path)
    tried = 0
    for number, key in enumerate(slots):
        other = chance.choice([slot for slot in slots if slot != key])
        for change in ("delete", "swap", "edit", "truncate", "fork"):
            held = store._objects
            if change == "delete":
                del held[key]
            elif change == "swap":
                held[key], held[other] = held[other], held[key]
            elif change == "edit":
                held[key] = edited(held[key], chance)
            elif change == "truncate":
                for slot in slots[number:]:
                    del held[slot]
                for advice in [k for k in held if "hint" in k or "/ckpt/" in k]:
                    del held[advice]
            else:
                forked(store, slots, number)
            if held != whole and (number or change != "truncate"):
                assert is_found(store, path), f"seed {seed}: {change} of record {number}"
                tried += 1
            store._objects.clear()
            store._objects.update(whole)
    return tried


def test_whatever_is_done_to_a_record_is_found(tmp_path):
    assert sum(tampered(seed, tmp_path / f"{seed}.json") for seed in range(15)) > 400


@pytest.mark.soak
def test_whatever_is_done_to_a_record_of_a_thousand_logs_is_found(tmp_path):
    tried = sum(tampered(seed, tmp_path / f"{seed}.json") for seed in range(LOGS))
    print(f"S6: {LOGS:,} logs, {tried:,} records deleted, swapped, edited, cut off, forked: 100 %")


# --- what every verb remembers -------------------------------------------------------------------


def reader(store, path):
    seen = Seen(path, "store")
    return story.registry(store, "ann", seen), seen


def test_a_log_that_goes_on_is_read_on(tmp_path):
    store = MemoryStore()
    for number in range(3):
        registry, seen = reader(store, tmp_path / "seen.json")
        story.WRITING["publish"](registry, f"op-{number}")
        seen.save()
    assert Seen(tmp_path / "seen.json", "store").end(MODEL).seq == 5
    assert Seen(tmp_path / "seen.json", "another").end(MODEL) is None


@pytest.mark.parametrize("change", ["shorter", "other"])
def test_a_log_with_another_past_is_neither_read_nor_written(tmp_path, change):
    store = MemoryStore()
    registry, seen = reader(store, tmp_path / "seen.json")
    for number in range(3):
        story.WRITING["publish"](registry, f"op-{number}")
    seen.save()
    slots = [keys.record(MODEL, seq) for seq in range(6)]
    if change == "shorter":
        for slot in slots[4:]:
            del store._objects[slot]
    else:
        forked(store, slots, 3)
        store._objects[keys.record(MODEL, 6)] = canonical(
            json.loads(store._objects[slots[5]])
            | {"seq": 6, "op": "eve", "prev": sha256(store._objects[slots[5]])}
        )
    before = dict(store._objects)
    for act in (
        lambda registry: registry.state(MODEL),
        lambda registry: story.WRITING["publish"](registry, "op-9"),
    ):
        with pytest.raises(Corrupt, match=r"shorter|another past") as caught:
            act(reader(store, tmp_path / "seen.json")[0])
        assert "keepfit verify fare --accept" in caught.value.hint
    assert store._objects == before
    seen.forget(MODEL)
    seen.save()
    assert reader(store, tmp_path / "seen.json")[0].state(MODEL).next == (
        4 if change == "shorter" else 7
    )


def test_a_store_that_was_begun_anew_is_no_fraud(tmp_path):
    registry, seen = reader(MemoryStore(), tmp_path / "seen.json")
    story.WRITING["publish"](registry, "op-0")
    seen.save()
    registry, seen = reader(MemoryStore(), tmp_path / "seen.json")
    story.WRITING["publish"](registry, "op-0")
    seen.save()
    assert Seen(tmp_path / "seen.json", "store").end(MODEL).seq == 1


def test_two_who_remember_at_once_both_do(tmp_path):
    path = tmp_path / "seen.json"
    store = MemoryStore()
    one, seen_of_one = reader(store, path)
    other, seen_of_other = reader(store, path)
    story.WRITING["publish"](one, "op", model="fare")
    story.WRITING["publish"](other, "op", model="tips")
    seen_of_one.save()
    seen_of_other.save()
    assert Seen(path, "store").end("fare").seq == Seen(path, "store").end("tips").seq == 1


def test_a_memory_that_is_damaged_is_begun_again(tmp_path):
    path = tmp_path / "seen.json"
    path.write_bytes(b"{")
    registry, seen = reader(MemoryStore(), path)
    story.WRITING["publish"](registry, "op-0")
    seen.save()
    assert Seen(path, "store").end(MODEL).seq == 1
