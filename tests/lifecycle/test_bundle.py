"""A version as a plain folder: whole as it was published, or refused with place and digest."""

import json
import os
import shutil

import polars as pl
import pytest

from keepfit.digest import sha256, sha256_file
from keepfit.errors import Corrupt, StoreError, UserError
from keepfit.lifecycle.open import fetch_version, open_version
from keepfit.lifecycle.rebuilding import bundle
from keepfit.lifecycle.rebuilding.bundle import SEAL, fetch_bundle, open_bundle, write_bundle


@pytest.fixture(scope="module")
def version(tmp_path_factory, begin_at):
    """A project with a version that was published."""
    life = begin_at(tmp_path_factory.mktemp("life"))
    life.months(*range(1, 11))
    life.retrained()
    return life


@pytest.fixture(scope="module")
def fetched(version):
    return fetch_version(version.registry(), "price", version.state.newest)


@pytest.fixture
def folder(tmp_path, fetched):
    write_bundle(fetched, tmp_path / "bundle")
    return tmp_path / "bundle"


def files_of(folder):
    return {f.relative_to(folder).as_posix(): f for f in folder.rglob("*") if f.is_file()}


def test_what_is_opened_is_what_was_published(version, fetched, folder, tmp_path):
    theirs = open_version(version.registry(), "price", fetched.state, version.root)
    ours = open_bundle(folder, tmp_path)
    rows = pl.DataFrame(list(ours.manifest.proof.examples))
    assert ours.manifest == theirs.manifest
    assert ours.state.version == theirs.state.version
    assert (ours.keys == theirs.keys).all()
    said = [one.predictor.predict(rows).values.to_list() for one in (ours, theirs)]
    assert said[0] == said[1] == list(ours.manifest.proof.predictions)


def test_the_log_would_tell_the_same_of_it(fetched, folder):
    told, state = fetch_bundle(folder).state, fetched.state
    for name in ("version", "seq", "at", "actor", "model", "evidence", "parts", "config", "code"):
        assert getattr(told, name) == getattr(state, name), name
    assert told.manifest == sha256_file(folder / "MANIFEST.json") == state.manifest


def test_the_same_version_gives_the_same_bytes(fetched, folder, tmp_path):
    write_bundle(fetched, tmp_path / "again")
    again = files_of(tmp_path / "again")
    assert {n: f.read_bytes() for n, f in files_of(folder).items()} == {
        n: f.read_bytes() for n, f in again.items()
    }


def test_every_file_that_was_changed_is_named_with_both_digests(folder):
    for name, file in files_of(folder).items():
        before = file.read_bytes()
        changed = bytes([before[0] ^ 1]) + before[1:]
        file.write_bytes(changed)
        with pytest.raises(Corrupt, match=name) as refused:
            fetch_bundle(folder)
        if name != SEAL:
            assert sha256(changed) in str(refused.value)
            assert sha256(before) in str(refused.value)
        file.write_bytes(before)
    fetch_bundle(folder)


@pytest.mark.parametrize("change", [lambda data: data + b"\n", lambda data: data[:-1]])
def test_a_file_that_grew_or_shrank_is_named_with_the_digest_that_it_had(folder, change):
    file = folder / "evidence.json"
    before = file.read_bytes()
    file.write_bytes(change(before))
    with pytest.raises(Corrupt, match=rf"evidence\.json was changed: .* {sha256(before)}"):
        fetch_bundle(folder)


def test_every_file_that_is_missing_is_named(folder):
    for name, file in files_of(folder).items():
        file.rename(folder.parent / "away")
        with pytest.raises(Corrupt, match=name):
            fetch_bundle(folder)
        (folder.parent / "away").rename(file)


@pytest.mark.parametrize("name", ["more.txt", "model/._model.json", "code/evil.py", ".hidden"])
def test_a_file_too_many_is_named(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    with pytest.raises(Corrupt, match="does not name it"):
        fetch_bundle(folder)


def test_a_link_to_the_very_bytes_is_no_file(folder, tmp_path):
    file = folder / "model" / "model.json"
    shutil.move(file, tmp_path / "kept")
    file.symlink_to(tmp_path / "kept")
    with pytest.raises(Corrupt, match="a link"):
        fetch_bundle(folder)


def test_a_linked_folder_is_not_followed(folder, tmp_path):
    shutil.move(folder / "model", tmp_path / "kept")
    (folder / "model").symlink_to(tmp_path / "kept")
    with pytest.raises(Corrupt, match="a link"):
        fetch_bundle(folder)


def test_a_file_with_a_second_name_is_refused(folder, tmp_path):
    os.link(folder / "evidence.json", tmp_path / "second")
    with pytest.raises(Corrupt, match="another name"):
        fetch_bundle(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_refused_and_not_waited_for(folder):
    (folder / "evidence.json").unlink()
    os.mkfifo(folder / "evidence.json")
    with pytest.raises(Corrupt, match="a pipe"):
        fetch_bundle(folder)


@pytest.mark.parametrize(
    "path", ["../outside", "/etc/hostname", "model/../../outside", "a\\b", "MANIFEST.json"]
)
def test_a_manifest_that_names_what_is_not_of_the_folder_is_refused(folder, path):
    (folder.parent / "outside").write_text("x")
    _forge(folder, lambda manifest: manifest["files"][0].update(path=path))
    with pytest.raises(Corrupt):
        fetch_bundle(folder)


def test_a_manifest_that_names_a_file_twice_is_refused(folder):
    _forge(folder, lambda manifest: manifest["files"].append(manifest["files"][0]))
    with pytest.raises(Corrupt, match="twice"):
        fetch_bundle(folder)


def test_who_knows_the_digest_of_the_manifest_is_not_fooled_by_one_that_was_forged(folder):
    known = sha256_file(folder / "MANIFEST.json")
    assert fetch_bundle(folder, expect=known)
    _forge(folder, lambda manifest: manifest.update(version="9.9.9-x000000"))
    assert fetch_bundle(folder).state.version == "9.9.9-x000000"
    with pytest.raises(Corrupt, match=known):
        fetch_bundle(folder, expect=known)


def _forge(folder, change):
    """Another manifest, with a seal to it."""
    manifest = json.loads((folder / "MANIFEST.json").read_bytes())
    change(manifest)
    data = json.dumps(manifest).encode()
    (folder / "MANIFEST.json").write_bytes(data)
    seal = json.loads((folder / SEAL).read_bytes())
    (folder / SEAL).write_text(json.dumps({**seal, "manifest": sha256(data)}))


@pytest.mark.parametrize("text", ["", "[", "[" * 100_000, '{"manifest": 1}', '{"format": 2}'])
def test_a_seal_that_says_nothing_is_refused(folder, text):
    (folder / SEAL).write_text(text)
    with pytest.raises(Corrupt, match=SEAL):
        fetch_bundle(folder)


def test_a_seal_of_a_later_format_says_so(folder):
    seal = json.loads((folder / SEAL).read_bytes())
    (folder / SEAL).write_text(json.dumps({**seal, "format": 2}))
    with pytest.raises(Corrupt, match="format 2; this keepfit reads 1"):
        fetch_bundle(folder)


def test_a_folder_of_other_things_is_left_alone(fetched, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(UserError, match=r"notes\.txt"):
            write_bundle(fetched, tmp_path, overwrite=overwrite)
    assert [f.name for f in tmp_path.iterdir()] == ["notes.txt"]


def test_a_bundle_is_replaced_only_where_that_is_said(fetched, folder):
    with pytest.raises(UserError, match="a bundle already"):
        write_bundle(fetched, folder)
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "old.py").write_text("x")
    write_bundle(fetched, folder, overwrite=True)
    assert fetch_bundle(folder)


def test_a_bundle_that_was_cut_off_is_refused_and_can_be_written_again(
    fetched, tmp_path, monkeypatch
):
    """Whatever file the machine stops at."""
    steps = len(fetched.files) + 2
    whole = bundle.fill
    for last in range(steps):
        left = [last]

        def fail_at(folder, files, left=left):
            for name, data in files.items():
                if not left[0]:
                    raise OSError(28, "No space left on device")
                left[0] -= 1
                whole(folder, {name: data})

        monkeypatch.setattr(bundle, "fill", fail_at)
        with pytest.raises(StoreError, match="No space left"):
            write_bundle(fetched, tmp_path / "cut", overwrite=True)
        with pytest.raises(Corrupt, match="no whole bundle"):
            fetch_bundle(tmp_path / "cut")
        monkeypatch.setattr(bundle, "fill", whole)
        write_bundle(fetched, tmp_path / "cut")
        assert fetch_bundle(tmp_path / "cut")


def test_no_folder_is_no_damage(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        fetch_bundle(tmp_path / "nothing")


def test_its_own_function_runs_where_the_project_has_moved_on(version, tmp_path, begin_at):
    life = begin_at(tmp_path)
    life.months(*range(1, 11))
    life.code("features", "def same(rows):\n    return rows\n")
    life.change(
        'types  = { sold_on = "date" }', 'types = { sold_on = "date" }\ntransform = "features:same"'
    )
    life.retrained()
    fetched = fetch_version(life.registry(), "price", life.state.newest)
    write_bundle(fetched, tmp_path / "bundle")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    opened = open_bundle(tmp_path / "bundle", elsewhere)
    rows = pl.DataFrame(list(opened.manifest.proof.examples))
    said = opened.predictor.predict(rows).values.to_list()
    assert said == list(opened.manifest.proof.predictions)
