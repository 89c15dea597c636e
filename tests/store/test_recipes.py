"""Versions of which the recipe is kept: what stays, what has them back, and what does not."""

from datetime import UTC, datetime, timedelta

import pytest

from keepfit.errors import Corrupt, Refused
from keepfit.store import keys
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.log import events
from keepfit.store.registry import Registry
from keepfit.store.upkeep.removal import Recipes, Terms

DAY = timedelta(days=1)
GONE = ("model.json", "rows.u64")


class Time:
    """The store's clock."""

    def __init__(self):
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


def terms(days=365, kept=None):
    """A recipe of all but the model and its rows, for so many days; one version is kept whole."""
    return Terms(
        kept=lambda _: lambda row: "mine" if row.version == kept else None,
        young=timedelta(0),
        recipes=Recipes(GONE.__contains__, lambda since: since + timedelta(days=days)),
    )


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def store(time):
    return MemoryStore(clock=time)


@pytest.fixture
def registry(store, time):
    return Registry(store, clock=time, actor="ann", sleep=lambda _: None)


@pytest.fixture
def version(registry, writing, time):
    """Collected to its recipe."""
    name = writing.publish(registry, "op-1")
    for _ in range(2):
        collect(registry)
        time.now += 7 * DAY
    assert row_of(registry, name).status == "recipe"
    return name


def collect(registry, wanted=None):
    seen = registry.survey("fare", wanted or terms())
    done = [registry.remove(seen, removal) for removal in seen.removals]
    return [one.removal.what for one in done if not one.refused]


def row_of(registry, version):
    return registry.state("fare").versions[version]


def held(store, row):
    folder = keys.version_folder("fare", row.version, row.attempt)
    return {key.removeprefix(f"{folder}/") for key in store.keys(folder)}


def restore(registry, version, files):
    manifest, left = registry.recipe("fare", row_of(registry, version))
    return registry.restore("fare", version, {**left, **files}, manifest)


def test_only_what_a_rebuild_makes_again_goes(registry, store, writing, version):
    row = row_of(registry, version)
    assert row.gone == GONE
    assert held(store, row) == {*writing.FILES, "MANIFEST.json"} - {*GONE}
    manifest, files = registry.recipe("fare", row)
    assert manifest.version == version
    assert files == {name: data for name, data in writing.FILES.items() if name not in GONE}


def test_nobody_uses_it_and_everybody_is_told_how_to_have_it_back(registry, version):
    for act in (
        lambda: registry.files("fare", version),
        lambda: registry.promote("fare", version, "staging", expect=None, how="gate"),
        lambda: registry.undelete("fare", version),
        lambda: registry.pin("fare", version, ""),
    ):
        with pytest.raises(Refused, match="collected to its recipe") as refused:
            act()
        assert refused.value.hint.endswith("keepfit restore fare@1.0.0")


def test_restored_it_is_live_with_all_its_bytes_below_a_new_attempt(
    registry, store, writing, version
):
    before = row_of(registry, version)
    restore(registry, version, writing.FILES)
    row = row_of(registry, version)
    assert (row.status, row.gone, row.manifest) == ("live", (), before.manifest)
    assert row.attempt != before.attempt
    assert registry.files("fare", version) == writing.FILES
    again = registry.restore("fare", version, {}, None)  # it is done
    assert again.versions[version] == row
    assert collect(registry, terms(kept=version)) == ["sweep"]
    assert not held(store, before)


@pytest.mark.parametrize("name", GONE)
def test_other_bytes_are_not_taken_for_it(registry, store, writing, version, name):
    other = {**writing.FILES, name: b"other"}
    with pytest.raises(ValueError, match="other files"):
        restore(registry, version, other)
    assert row_of(registry, version).status == "recipe"


def test_another_manifest_is_refused(registry, writing, version):
    _, left = registry.recipe("fare", row_of(registry, version))
    files = {**left, **writing.FILES, "more.txt": b"?"}
    other = writing.manifest_of("fare", version, files)
    with pytest.raises(Refused, match="it is about manifest"):
        registry.restore("fare", version, files, other)
    assert row_of(registry, version).status == "recipe"


def test_who_is_quicker_restores_and_the_other_is_told(registry, store, writing, time, version):
    slow = Registry(store, clock=time, actor="bob", sleep=lambda _: None)
    manifest, left = slow.recipe("fare", row_of(slow, version))
    attempts = open_attempts(registry)
    assert attempts == []
    slow._append("fare", "slow", lambda _: slow._draft(  # it began, and was overtaken
        events.Reopen, "slow", version=version, attempt="01SLOW"))  # fmt: skip
    restore(registry, version, writing.FILES)
    state = slow.state("fare")
    assert state.attempts["01SLOW"].status == "aborted"
    draft = slow._draft(events.Restore, "late", attempt="01SLOW", manifest=DIGEST)
    with pytest.raises(Refused, match="aborted"):
        slow._append("fare", "late", lambda _: draft)
    assert manifest.version == version
    assert left


DIGEST = "0" * 64


def open_attempts(registry):
    known = registry.state("fare").attempts.items()
    return [attempt for attempt, held in known if held.status == "open"]


def test_an_attempt_to_restore_publishes_nothing_and_the_other_way_round(
    registry, writing, version
):
    claim = writing.begin(registry, "op-2")
    for draft, why in (
        (registry._draft(events.Restore, "x", attempt=claim.attempt, manifest=DIGEST), "publish"),
        (registry._draft(events.Reopen, "y", version="9.9.9-aff1242", attempt="01X"), "not publ"),
        (registry._draft(events.Reopen, "y", version=version, attempt=claim.attempt), "used"),
        (registry._draft(events.Reduce, "y", version=version, files=()), "is recipe"),
    ):
        with pytest.raises(Refused, match=why):
            registry._append("fare", "z", lambda _, draft=draft: draft)
    reopen = registry._draft(events.Reopen, "r", version=version, attempt="01R")
    registry._append("fare", "r", lambda _: reopen)
    facts = {"manifest": DIGEST, "model": DIGEST, "evidence": DIGEST, "parts": ()}
    publish = registry._draft(events.Publish, "p", attempt="01R", **facts)
    with pytest.raises(Refused, match="begun to restore"):
        registry._append("fare", "p", lambda _: publish)


def test_an_attempt_to_restore_that_shows_no_life_is_ended_and_deleted(
    registry, store, time, version
):
    reopen = registry._draft(events.Reopen, "r", version=version, attempt="01R")
    registry._append("fare", "r", lambda _: reopen)
    key = f"{keys.version_folder('fare', version, '01R')}/model.json"
    store.create(key, b"half")
    assert collect(registry) == []
    time.now += 2 * DAY
    assert collect(registry) == ["abort"]
    assert store.get(key) is None


def test_a_recipe_goes_for_good_once_its_time_is_over(registry, store, time, version):
    row = row_of(registry, version)
    time.now += 300 * DAY
    assert collect(registry) == []
    time.now += 66 * DAY
    assert collect(registry) == ["purge"]
    assert held(store, row) == set()
    with pytest.raises(Refused, match="for good"):
        registry.recipe("fare", row_of(registry, version))


def test_without_recipes_in_the_file_it_goes_after_the_grace(registry, time, version):
    none = Terms(kept=lambda _: lambda _: None, young=timedelta(0))
    assert collect(registry, none) == ["purge"]


def test_a_version_whose_manifest_is_not_the_published_one_leaves_no_recipe(
    registry, store, writing, time
):
    name = writing.publish(registry, "op-1")
    row = row_of(registry, name)
    key = f"{keys.version_folder('fare', name, row.attempt)}/MANIFEST.json"
    collect(registry)
    store.delete(key)
    store.create(key, b"{}")
    time.now += 8 * DAY
    assert collect(registry) == ["purge"]


def test_files_that_a_stopped_collector_left_are_swept_and_nothing_else(registry, store, version):
    row = row_of(registry, version)
    before = held(store, row)
    folder = keys.version_folder("fare", version, row.attempt)
    store.create(f"{folder}/model.json", b"late")
    assert collect(registry) == ["sweep"]
    assert held(store, row) == before


def test_a_recipe_that_was_changed_is_not_believed(registry, store, version):
    row = row_of(registry, version)
    key = f"{keys.version_folder('fare', version, row.attempt)}/evidence.json"
    store.delete(key)
    with pytest.raises(Corrupt, match=r"evidence\.json is gone"):
        registry.recipe("fare", row)
