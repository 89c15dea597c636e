"""Lost, repeated and late answers: what happened is reported as it happened, and happens once."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.errors import Conflict, Refused, Unclear
from keepfit.store.log.events import Publish
from keepfit.store.registry import Registry

LIES = ["lost", "applied", "repeated", "refused", "late", "blind"]
DIGEST = "0" * 64


def opened(store, actor="ann"):
    def clock():
        return datetime(2026, 1, 1, tzinfo=UTC)

    return Registry(store, clock=clock, actor=actor, sleep=lambda _: None)


def begin(registry, op):
    digests = {"config": DIGEST, "snapshot": DIGEST, "code": DIGEST}
    return registry.begin("fare", op=op, bump="patch", label="aff1242", **digests)


@pytest.mark.parametrize("where", range(4))
@pytest.mark.parametrize("lie", LIES)
def test_every_lie_at_every_request_is_seen_through(faulty, lie, where):
    store = faulty(["ok"] * where + [lie])
    registry = opened(store)
    claims = [begin(registry, f"op-{n}") for n in range(3)]
    assert store.seen[lie] == 1
    assert [claim.version for claim in claims] == [f"1.0.{n}-aff1242" for n in range(3)]
    state = opened(store).state("fare")
    assert [entry.event.claim for entry in state.entries] == ["op-0", "op-1", "op-2"]
    assert not any(entry.void for entry in state.entries)


def test_a_store_that_never_answers_is_unclear_and_a_rerun_finds_out(faulty):
    store = faulty(["ok", "ok"] + ["lost"] * 20)
    registry = opened(store)
    begin(registry, "first")
    with pytest.raises(Unclear, match="nobody can say") as unclear:
        begin(registry, "second")
    assert "run the same command again" in unclear.value.hint
    assert unclear.value.exit_code == 6
    store.fates = iter(())
    assert begin(registry, "second").version == "1.0.1-aff1242"
    assert opened(store).state("fare").next == 2


def test_what_landed_after_everybody_gave_up_is_found_by_the_rerun(faulty):
    store = faulty(["ok", "late"] + ["lost"] * 7)
    # The eighth try is over before the late one lands: it was sent first and is still on its way.
    store._land, land = (lambda: None), store._land
    registry = opened(store)
    with pytest.raises(Unclear):
        begin(registry, "op")
    store._land = land
    store._land()
    assert begin(registry, "op").version == "1.0.0-aff1242"
    state = opened(store).state("fare")
    assert [entry.event.claim for entry in state.entries] == ["op", "op"]
    assert len(state.claims) == 1


def test_a_late_request_loses_its_slot_to_whoever_was_quicker(faulty):
    store = faulty(["ok", "ok", "late"] + ["lost"] * 7)
    land, store._land = store._land, lambda: None
    ann, bob = opened(store), opened(store, "bob")
    begin(bob, "first")
    with pytest.raises(Unclear):
        begin(ann, "second")
    begin(bob, "third")
    land()
    assert store.seen["too late"] == 1
    assert begin(ann, "second").version == "1.0.2-aff1242"
    assert list(opened(store).state("fare").claims) == ["first", "third", "second"]


def publish_record(registry, claim):
    """The record alone: these tests are about the log, not about files."""
    op = f"{claim.op}/publish"
    draft = registry._draft(
        Publish,
        op,
        attempt=claim.attempt,
        manifest=DIGEST,
        model=DIGEST,
        evidence=DIGEST,
        parts=(),
    )
    return registry._append("fare", op, lambda _: draft)


ACTORS = ("ann", "bob", "carol")


@given(
    fates=st.lists(st.sampled_from(["ok", "ok", "ok", *LIES]), max_size=60),
    work=st.lists(
        st.tuples(st.sampled_from(ACTORS), st.sampled_from(["begin", "publish", "promote"])),
        min_size=1,
        max_size=20,
    ),
)
def test_no_mix_of_lies_loses_or_doubles_what_was_acknowledged(faulty, fates, work):
    store = faulty(fates)
    registries = {actor: opened(store, actor) for actor in ACTORS}
    acknowledged = []
    for number, (actor, what) in enumerate(work):
        op = f"op-{number}"
        try:
            act(registries[actor], what, op)
        except (Unclear, Refused, Conflict, LookupError):
            continue
        acknowledged.append((actor, what))
    store._land()
    state = opened(store).state("fare")
    assert not any(entry.void for entry in state.entries)
    assert [entry.event.seq for entry in state.entries] == list(range(state.next))
    ops = [entry.event.op for entry in state.entries]
    assert len(set(ops)) == len(ops)
    for what, kind in (("begin", "Begin"), ("publish", "Publish"), ("promote", "Promote")):
        for actor in ACTORS:
            told = acknowledged.count((actor, what))
            kept = [e.event for e in state.entries if type(e.event).__name__ == kind]
            assert told <= sum(event.actor == actor for event in kept)


def act(registry, what, op):
    state = registry.state("fare")
    if what == "begin":
        begin(registry, op)
    elif what == "publish":
        open_claims = [c for c in state.claims.values() if not c.published]
        publish_record(registry, open_claims[0])
    else:
        version = list(state.versions)[-1]
        held = state.stages.get("staging")
        registry.promote("fare", version, "staging", expect=held.seq if held else None, how="gate")
