from datetime import UTC, datetime

import pytest

from keepfit.errors import Conflict, Corrupt, Refused, StoreError, UnknownName, UserError
from keepfit.names import Reference
from keepfit.store.backends.memory import MemoryStore

STAGES = ("development", "staging", "production")


@pytest.fixture
def versions(registry, writing):
    """1.0.0, 1.1.0 and 1.10.0; before the last comes 1.9.0, which would be higher as a text."""
    first = writing.publish(registry, "first", label="aff1242")
    second = writing.publish(registry, "second", bump="minor", label="bff1242")
    for number in range(7):
        writing.begin(registry, f"gap-{number}", bump="minor")
    writing.publish(registry, "ninth", bump="minor", label="90beef1")
    return first, second, writing.publish(registry, "third", bump="minor", label="x01beef")


def resolved(registry, text):
    return registry.resolve(Reference.parse(text), STAGES).version


def test_an_empty_store_has_no_models(registry, folder):
    assert registry.models() == []
    assert registry.state("fare").versions == {}
    assert not folder.exists()


def test_models_are_those_that_have_a_log(registry, writing, folder):
    for model in ("tips", "fare"):
        writing.begin(registry, "op", model=model)
    (folder / "m" / "half").mkdir()
    assert registry.models() == ["fare", "tips"]


def test_a_name_that_breaks_the_grammar_never_reaches_the_store(registry, folder):
    for name in ("../fare", "Fare", "", "a/b"):
        with pytest.raises(UserError, match="cannot name a model"):
            registry.state(name)
        with pytest.raises(UserError, match="cannot name a model"):
            registry.abort(name, "attempt")


def test_the_same_operation_again_gets_its_number_and_a_new_attempt(registry, writing):
    first = writing.begin(registry, "op")
    again = writing.begin(registry, "op")
    assert (first.version, first.published) == (again.version, False)
    assert first.attempt != again.attempt


def test_an_operation_that_is_done_is_not_done_again(registry, open_registry, writing, folder):
    version = writing.publish(registry, "op")
    before = sorted(folder.rglob("*"))
    claim = writing.begin(open_registry("bob"), "op")
    assert (claim.version, claim.published) == (version, True)
    assert sorted(folder.rglob("*")) == before


def test_an_operation_cannot_change_what_it_makes(registry, writing):
    writing.begin(registry, "op")
    digests = {"config": "1" * 64, "snapshot": writing.DIGEST, "code": writing.DIGEST}
    with pytest.raises(UserError, match="another config") as refused:
        registry.begin("fare", op="op", bump="patch", label="aff1242", **digests)
    assert "--op" in refused.value.hint


def test_an_attempt_that_a_later_one_ended_is_not_published(registry, open_registry, writing):
    stalled = writing.begin(registry, "op")
    writing.begin(open_registry("bob"), "op")
    manifest = writing.manifest_of("fare", stalled.version, writing.FILES)
    with pytest.raises(Refused, match="aborted"):
        registry.publish("fare", stalled, writing.FILES, manifest)
    assert registry.state("fare").versions == {}


def test_aborting_what_is_over_changes_nothing(registry, writing):
    claim = writing.begin(registry, "op")
    assert registry.abort("fare", claim.attempt, "stopped by hand").next == 2
    assert registry.abort("fare", claim.attempt).next == 2
    writing.publish(registry, "op")
    assert registry.abort("fare", registry.state("fare").claims["op"].attempt).next == 4


def test_what_a_version_was_made_from_is_told(registry, writing):
    claim = registry.begin(
        "fare",
        op="op",
        bump="patch",
        label="aff1242",
        config="1" * 64,
        snapshot="2" * 64,
        code="3" * 64,
        sources="4" * 64,
        reason="31,204 new rows",
    )
    manifest = writing.manifest_of("fare", claim.version, writing.FILES)
    held = registry.publish("fare", claim, writing.FILES, manifest).versions[claim.version]
    made_from = (held.config, held.snapshot, held.code, held.sources)
    assert made_from == ("1" * 64, "2" * 64, "3" * 64, "4" * 64)
    assert (held.reason, held.actor) == ("31,204 new rows", "ann")


def test_the_second_of_two_promotions_loses(versions, open_registry):
    first, second, third = versions
    ann, bob = open_registry("ann"), open_registry("bob")
    ann.promote("fare", first, "production", expect=None, how="gate")
    seen = bob.state("fare").stages["production"].seq
    ann.promote("fare", second, "production", expect=seen, how="gate")
    with pytest.raises(Conflict) as lost:
        bob.promote("fare", third, "production", expect=seen, how="gate")
    assert lost.value.expected.startswith(first)
    assert lost.value.found.startswith(second)
    assert bob.state("fare").stages["production"].version == second


def test_a_stage_that_went_there_and_back_is_a_conflict(versions, registry):
    first, second, third = versions
    seen = registry.promote("fare", first, "staging", expect=None, how="gate")
    seen = seen.stages["staging"].seq
    moved = registry.promote("fare", second, "staging", expect=seen, how="gate")
    moved = moved.stages["staging"].seq
    registry.promote("fare", first, "staging", expect=moved, how="rollback")
    with pytest.raises(Conflict, match="set by record"):
        registry.promote("fare", third, "staging", expect=seen, how="gate")


def test_promoting_what_is_not_published_names_what_is(versions, registry):
    with pytest.raises(UnknownName, match=r"1\.1\.0-bff1242"):
        registry.promote("fare", "1.1.0-bff1243", "staging", expect=None, how="gate")


def test_asking_approving_and_rejecting(versions, registry, open_registry):
    first, second, _ = versions
    evidence = registry.state("fare").versions[first].evidence
    registry.request("fare", first, "production", evidence=evidence, expect=None)
    state = open_registry("bob").approve("fare", first, "production", evidence=evidence)
    assert state.approvers(first, "production", evidence) == ("bob",)
    state = registry.promote("fare", first, "production", expect=None, how="approval")
    assert state.requests == {}
    registry.request("fare", second, "staging", evidence=evidence, expect=None)
    assert registry.reject("fare", second, "staging", reason="no").requests == {}
    with pytest.raises(Refused, match="nobody asks"):
        registry.reject("fare", second, "staging")


def test_a_verdict_is_kept_with_the_version(versions, registry):
    facts = {"evidence": "5" * 64, "outcome": "fail", "against": versions[0], "why": "worse"}
    held = registry.judged("fare", versions[1], **facts).versions[versions[1]]
    assert [v.outcome for v in held.verdicts] == ["fail"]


@pytest.mark.parametrize(
    ("selector", "index"),
    [
        ("1.0.0", 0),
        ("1.1", 1),
        ("1.1.0", 1),
        ("1.10", 2),
        ("1", 2),
        ("latest", 2),
        ("aff1242", 0),
        ("bff1", 1),
        ("x01beef", 2),
        ("1.1.0-bff1242", 1),
        ("production", 0),
    ],
)
def test_what_a_reference_names(versions, registry, selector, index):
    registry.promote("fare", versions[0], "production", expect=None, how="gate")
    assert resolved(registry, f"fare@{selector}") == versions[index]


@pytest.mark.parametrize("selector", ["1.2", "1.0.1", "dead", "staging", "prodution"])
def test_a_reference_to_nothing_tells_what_there_is(versions, registry, selector):
    registry.promote("fare", versions[0], "production", expect=None, how="gate")
    with pytest.raises(UnknownName, match=r"production|Known"):
        resolved(registry, f"fare@{selector}")


def test_a_reference_to_an_unknown_model_tells_the_models(versions, registry):
    with pytest.raises(UnknownName, match="Did you mean `fare`"):
        resolved(registry, "fair@latest")


def test_a_store_is_marked_once_and_keeps_its_name(registry, open_registry, writing, folder):
    writing.begin(registry, "op")
    mark = (folder / "FORMAT").read_bytes()
    writing.begin(open_registry(), "other")
    assert (folder / "FORMAT").read_bytes() == mark
    assert b'"min_reader":1' in mark


def test_a_store_of_a_newer_format_is_left_alone(registry, writing, folder):
    folder.mkdir()
    mark = b'{"format":2,"hash":"sha256","id":"x","min_reader":2}'
    (folder / "FORMAT").write_bytes(mark)
    for act in (registry.models, lambda: writing.begin(registry, "op")):
        with pytest.raises(StoreError, match="newer keepfit"):
            act()
    assert [path.name for path in folder.iterdir()] == ["FORMAT"]


def test_a_folder_with_another_kind_of_mark_is_left_alone(registry, folder):
    folder.mkdir()
    (folder / "FORMAT").write_text("ext4")
    with pytest.raises(Corrupt, match="FORMAT"):
        registry.models()


def test_times_are_written_in_utc(open_registry, writing):
    registry = open_registry(clock=lambda: datetime(2026, 7, 1, 12, tzinfo=UTC))
    writing.begin(registry, "op")
    assert registry.state("fare").entries[0].event.at == "2026-07-01T12:00:00.000+00:00"


def test_everything_works_in_memory_too(open_registry, writing):
    registry = open_registry(objects=MemoryStore())
    version = writing.publish(registry, "op")
    assert registry.files("fare", version) == writing.FILES


class CountingStore(MemoryStore):
    """Remembers what was asked of it."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def get(self, key):
        self.asked.append(key)
        return super().get(key)

    def keys(self, prefix):
        self.asked.append(prefix)
        return super().keys(prefix)


def test_what_was_read_is_not_read_again(open_registry, writing):
    store = CountingStore()
    for number in range(5):
        writing.begin(open_registry(objects=store), f"op-{number}")
    registry = open_registry(objects=store)
    store.asked.clear()
    registry.state("fare")
    # The hint, the mark, the listing, the records, and no more.
    assert len(store.asked) == 1 + 1 + 1 + 5 + 1
    store.asked.clear()
    registry.state("fare")
    assert store.asked == ["m/fare/log/000000/00000000000000000005.json"]
