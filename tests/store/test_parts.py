import pytest

from keepfit.digest import sha256
from keepfit.errors import Corrupt, Refused, SourceError, UnknownName
from keepfit.records.rows import Column, Part


def part_of(path, *, columns=2, **facts):
    data = path.read_bytes()
    return Part(
        source="rows",
        uri=path.name,
        digest=sha256(data),
        size=len(data),
        format="csv",
        rows=1,
        columns=tuple(Column(name=f"column_{n}", dtype="Int64") for n in range(columns)),
        **facts,
    )


@pytest.fixture
def sources(tmp_path):
    """Some files of rows, each another."""

    def make(count, **facts):
        found = []
        for number in range(count):
            path = tmp_path / f"rows-{number}.csv"
            path.write_text(f"a,b\n{number},{number}\n")
            found.append((part_of(path, **facts), path))
        return found

    return make


def test_a_part_is_stored_once_and_known_to_everybody(registry, open_registry, sources, folder):
    [(part, path)] = sources(1, compression="gz")
    parts = registry.parts("fare")
    assert parts.known(part.digest) is None
    parts.add([(part, path), (part, path)])
    parts.add([(part, path)])
    assert len([p for p in (folder / "m/fare/p").rglob("*") if p.is_file()]) == 1
    others = open_registry("bob").parts("fare")
    assert others.known(part.digest) == part
    assert others.path(part.digest).read_bytes() == path.read_bytes()
    assert others.path(part.digest).name == f"{part.digest}.csv.gz"


def test_a_source_that_changes_while_it_is_read_is_refused(registry, sources, folder):
    [(part, path)] = sources(1)
    path.write_text("a,b\n9,9\n")
    with pytest.raises(SourceError, match="changed while it was read"):
        registry.parts("fare").add([(part, path)])
    assert registry.parts("fare").known(part.digest) is None
    assert not [p for p in (folder / "m/fare/p").rglob("*") if p.is_file()]


def test_a_part_that_was_edited_by_hand_is_not_read(registry, sources):
    [(part, path)] = sources(1)
    parts = registry.parts("fare")
    parts.add([(part, path)])
    stored = parts._objects.local(next(parts._objects.keys("m/fare/p")))
    stored.write_text("a,b\n0,1\n")
    with pytest.raises(Corrupt, match=f"expected digest {part.digest}"):
        parts.path(part.digest)
    stored.unlink()
    with pytest.raises(Corrupt, match="is gone"):
        parts.path(part.digest)


def test_a_part_that_nobody_stored_has_no_path(registry):
    with pytest.raises(UnknownName):
        registry.parts("fare").path("0" * 64)


def test_parts_that_do_not_fit_into_one_record_take_several(registry, sources):
    found = sources(30, columns=200)
    parts = registry.parts("fare")
    parts.add(found)
    state = registry.state("fare")
    assert list(state.parts) == [part.digest for part, _ in found]
    assert 1 < state.next < 10


def test_what_an_interrupted_freeze_has_stored_is_not_known(registry, sources, monkeypatch):
    found = sources(2)
    found[1][1].unlink()
    parts = registry.parts("fare")
    with pytest.raises(Exception, match=r"could not read .*rows-1.csv"):
        parts.add(found)
    assert registry.state("fare").parts == {}


def test_a_version_cannot_need_a_part_that_is_not_stored(registry, sources, writing):
    [(part, path)] = sources(1)
    claim = writing.begin(registry, "op")
    manifest = writing.manifest_of("fare", claim.version, writing.FILES, parts=[part])
    with pytest.raises(Refused, match="is not stored"):
        registry.publish("fare", claim, writing.FILES, manifest)
    registry.parts("fare").add([(part, path)])
    claim = writing.begin(registry, "op")
    state = registry.publish("fare", claim, writing.FILES, manifest)
    assert state.newest.parts == (part.digest,)
