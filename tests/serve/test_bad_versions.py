"""H4: a version that is broken never takes over; the one before answers on."""

import json

import pytest

from keepfit.lifecycle.open import fetch_version
from keepfit.names import Reference
from keepfit.serve.follow import Follower, Stage
from keepfit.serve.slots import Slot

TRIP = {"distance_km": 5, "borough": "queens", "riders": 2}


def folder_of(taxi, version):
    [manifest] = taxi.root.glob(f"store/m/fare/v/{version}/*/MANIFEST.json")
    return manifest.parent


def gone(name):
    return lambda folder: (folder / name).unlink()


def cut(name, at=10):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:at])


def spoilt(name):
    def spoil(folder):
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)

    return spoil


def other(name, data=b"{}"):
    return lambda folder: (folder / name).write_bytes(data)


def made_folder(name):
    def make(folder):
        (folder / name).unlink()
        (folder / name).mkdir()

    return make


FILES = ("model/model.json", "evidence.json", "MANIFEST.json")
BREAKS = {
    f"{name} {how.__name__}": how(name)
    for name in FILES
    for how in (gone, cut, spoilt, other, made_folder)
}


@pytest.fixture
def follower(taxi):
    """Follows production, which holds the first version; and what it has told."""
    told = []
    first, _ = taxi.versions
    stage = Stage(taxi.registry(), Reference.parse("fare@production"), STAGES, taxi.root)
    made = Follower(Slot("fare"), stage, lambda *said: told.append(said), lambda: 0.0, 30.0)
    made.slot.served = made.first()
    assert made.slot.served.version == first
    return made, told


STAGES = ("development", "staging", "production")


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_a_version_whose_files_are_not_what_was_published_never_takes_over(taxi, follower, broken):
    following, told = follower
    first, second = taxi.versions
    broken(folder_of(taxi, second))
    taxi.promote(second)
    assert following.look() is None
    assert following.slot.served.version == first
    [(result, text)] = told
    assert result == "refused"
    assert f"fare@{first} answers on" in text
    assert following.slot.alarm


def published_otherwise(monkeypatch, change):
    """What a trainer would have published whose version is whole, and wrong."""
    from keepfit.serve import follow

    def fetch(*arguments, **options):
        return change(fetch_version(*arguments, **options))

    monkeypatch.setattr(follow, "fetch_version", fetch)


def with_proof(fetched, **changes):
    import dataclasses

    import msgspec

    proof = msgspec.structs.replace(fetched.manifest.proof, **changes)
    manifest = msgspec.structs.replace(fetched.manifest, proof=proof)
    return dataclasses.replace(fetched, manifest=manifest)


def with_model(fetched, change):
    import dataclasses

    plain = json.loads(fetched.files["model/model.json"])
    change(plain)
    files = fetched.files | {"model/model.json": json.dumps(plain).encode()}
    return dataclasses.replace(fetched, files=files)


def weights(plain):
    plain["outputs"][0]["intercept"] += 1.0


def nonsense(plain):
    plain["outputs"] = []


WRONG = {
    "another answer to an example": lambda f: with_proof(
        f, predictions=tuple(value + 1 for value in f.manifest.proof.predictions)
    ),
    "an example that its own door refuses": lambda f: with_proof(
        f, examples=({"distance_km": "far"},), predictions=(1.0,)
    ),
    "other weights": lambda f: with_model(f, weights),
    "weights that make no model": lambda f: with_model(f, nonsense),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_version_that_does_not_answer_as_it_did_when_it_was_trained_never_takes_over(
    taxi, follower, monkeypatch, wrong
):
    following, told = follower
    first, second = taxi.versions
    taxi.promote(second)
    published_otherwise(monkeypatch, wrong)
    assert following.look() is None
    assert following.slot.served.version == first
    assert told[0][0] == "refused"


def test_a_refused_version_is_tried_again_later_and_a_better_one_at_once(taxi, follower):
    following, told = follower
    second = taxi.versions[1]
    file = folder_of(taxi, second) / "model/model.json"
    whole = file.read_bytes()
    file.write_bytes(b"{}")
    taxi.promote(second)
    assert following.look() is None
    file.write_bytes(whole)
    assert following.look() is None  # its time has not come
    following.clock = lambda: 31.0
    assert following.look().version == second
    assert following.slot.alarm == ""
    assert len(told) == 1


def test_a_log_that_cannot_be_read_changes_nothing_and_all_is_well_once_it_can(taxi, follower):
    following, told = follower
    records = sorted((taxi.root / "store/m/fare/log").rglob("*.json"))
    after = records[-1].with_name(f"{len(records):020}.json")
    after.write_text("no record")
    assert following.look() is None
    assert following.slot.served is not None
    assert told[0][0] == "refused"
    assert "cannot see what to serve" in following.slot.alarm
    after.unlink()
    assert following.look() is None
    assert following.slot.alarm == ""
