import pytest

from keepfit.digest import canonical, sha256
from keepfit.errors import Corrupt, StoreError, UnknownName
from keepfit.store import keys
from keepfit.store.backends.local import LocalStore


@pytest.fixture
def version(registry, writing):
    return writing.publish(registry, "op")


@pytest.fixture
def files_of(folder, registry, version):
    held = registry.state("fare").versions[version]
    return folder / keys.version_folder("fare", version, held.attempt)


def test_what_was_published_is_read(registry, version, writing):
    assert registry.files("fare", version) == writing.FILES
    some = registry.files("fare", version, ["evidence.json"])
    assert some == {"evidence.json": writing.FILES["evidence.json"]}


def test_the_manifest_is_the_one_that_was_published(registry, version, writing, files_of):
    manifest = writing.manifest_of("fare", version, writing.FILES)
    assert registry.manifest("fare", version) == manifest
    assert (files_of / "MANIFEST.json").read_bytes() == canonical(manifest)
    assert registry.state("fare").versions[version].manifest == sha256(canonical(manifest))


@pytest.mark.parametrize("name", ["model.json", "evidence.json", "MANIFEST.json"])
def test_a_file_that_was_edited_by_hand_is_not_read(registry, version, files_of, name):
    edited = (files_of / name).read_bytes() + b" "
    (files_of / name).write_bytes(edited)
    with pytest.raises(Corrupt) as found:
        registry.files("fare", version)
    assert name in str(found.value)
    assert f"found {sha256(edited)}" in str(found.value)
    assert found.value.hint


@pytest.mark.parametrize("name", ["model.json", "MANIFEST.json"])
def test_a_file_that_is_gone_is_missed(registry, version, files_of, name):
    (files_of / name).unlink()
    with pytest.raises(Corrupt, match=f"{name} is gone"):
        registry.files("fare", version)


def test_a_file_that_it_never_had_is_named_with_a_guess(registry, version):
    with pytest.raises(UnknownName, match=r"Did you mean `model\.json`"):
        registry.files("fare", version, ["modle.json"])


def test_a_manifest_that_names_other_files_is_not_published(registry, writing):
    claim = writing.begin(registry, "op")
    manifest = writing.manifest_of("fare", claim.version, {"model.json": b"other"})
    with pytest.raises(ValueError, match="other files"):
        registry.publish("fare", claim, writing.FILES, manifest)
    assert registry.state("fare").versions == {}


def test_the_newest_evidence_is_read(registry, version, writing):
    assert registry.evidence("fare", version) == writing.FILES["evidence.json"]
    for later in (b'{"mae":2.4}', b'{"mae":2.5}', b'{"mae":2.5}'):
        digest = registry.keep_evidence("fare", later)
        registry.judged("fare", version, evidence=digest, outcome="warn")
        assert registry.evidence("fare", version) == later


def test_evidence_that_was_edited_by_hand_is_neither_read_nor_relied_upon(
    registry, version, folder
):
    digest = registry.keep_evidence("fare", b"{}")
    registry.judged("fare", version, evidence=digest, outcome="warn")
    (folder / keys.evidence("fare", digest)).write_bytes(b'{"mae":0}')
    with pytest.raises(Corrupt, match=f"expected digest {digest}"):
        registry.evidence("fare", version)
    with pytest.raises(Corrupt, match=f"expected digest {digest}"):
        registry.keep_evidence("fare", b"{}")


class ForgetfulStore(LocalStore):
    """Says that it wrote everything, and kept less of one file."""

    forgets = ""

    def write(self, prefix, files):
        kept = {n: data[:-1] if n == self.forgets else data for n, data in files.items()}
        super().write(prefix, kept)


@pytest.mark.parametrize("name", ["model.json", "MANIFEST.json"])
def test_what_a_store_did_not_keep_is_not_published(folder, open_registry, writing, name):
    store = ForgetfulStore(folder)
    store.forgets = name
    registry = open_registry(objects=store)
    with pytest.raises(StoreError, match="nothing was published"):
        writing.publish(registry, "op")
    assert registry.state("fare").versions == {}
