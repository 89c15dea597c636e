"""A folder under trouble: what it costs, what it says, and what it leaves behind."""

import contextlib
import errno
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from keepfit.errors import StoreError, Unclear
from keepfit.store.backends import disk
from keepfit.store.backends.local import LocalStore
from keepfit.store.backends.objects import Exists


@pytest.fixture
def store(folder):
    return LocalStore(folder)


@pytest.fixture
def syncs(monkeypatch):
    """What was brought down to the disk, in order."""
    seen, real = [], os.fsync

    def fsync(descriptor):
        seen.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell which file a descriptor is")
    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


# --- what it costs ------------------------------------------------------------------------------


def test_beginning_costs_two_fsyncs(registry, writing, syncs):
    writing.begin(registry, "first")
    syncs.clear()
    writing.begin(registry, "second")
    assert len(syncs) == 2


def test_publishing_costs_one_fsync_a_file_and_one_a_folder(registry, writing, syncs, folder):
    writing.publish(registry, "first")
    claim = writing.begin(registry, "second")
    manifest = writing.manifest_of("fare", claim.version, writing.FILES)
    syncs.clear()
    registry.publish("fare", claim, writing.FILES, manifest)
    payload = [path for path in syncs if "/v/" in path]
    attempt = folder / "m/fare/v" / claim.version / claim.attempt
    assert sorted(payload) == sorted(
        [str(attempt), str(attempt.parent)]  # the names of the files, and of their folder
        + [str(attempt / name) for name in (*writing.FILES, "MANIFEST.json")]
    )
    assert str(folder / "m/fare/v") in syncs  # the name of the version's folder
    assert len(syncs) == 5 + 1 + 2 + 2  # files, folder, new parents, the record


def test_a_publish_waits_three_times_for_the_disk(registry, writing, syncs, monkeypatch, folder):
    monkeypatch.setattr(disk, "_AT_ONCE", 1)  # in the order in which they are asked for
    claim = writing.begin(registry, "op")
    manifest = writing.manifest_of("fare", claim.version, writing.FILES)
    syncs.clear()
    registry.publish("fare", claim, writing.FILES, manifest)
    draft = next(path for path in syncs if "/tmp/" in path.removeprefix(str(folder)))
    payload = [path for path in syncs if "/v/" in path]
    assert syncs.index(draft) < syncs.index(payload[-1])  # the record is down with the files
    assert syncs[-1] == str(folder / "m/fare/log/000000")  # and only its name comes after


def test_the_disk_is_waited_for_side_by_side(store, monkeypatch):
    waiting, most, lock = [], [], threading.Lock()

    def fsync(_):
        with lock:
            waiting.append(1)
            most.append(len(waiting))
        time.sleep(0.02)
        with lock:
            waiting.pop()

    monkeypatch.setattr(os, "fsync", fsync)
    store.write("a", {"b": b"1", "c": b"2", "d/e": b"3"})
    assert max(most) > 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_waits_with_threads_of_its_own(store):
    store.write("a", {"b": b"1", "c": b"2"})
    child = os.fork()
    if not child:
        signal.alarm(20)
        with contextlib.suppress(BaseException):  # a child must never come back into pytest
            store.write("d", {"e": b"1", "f": b"2"})
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.get("d/f") == b"2"


def test_whoever_foresaw_another_slot_publishes_in_the_next(folder, open_registry, writing):
    class Overtaken(LocalStore):
        def write(self, prefix, files):
            super().write(prefix, files)
            writing.begin(open_registry("bob"), "other")

    registry = open_registry(objects=Overtaken(folder))
    version = writing.publish(registry, "op")
    assert [entry.void for entry in registry.state("fare").entries] == [None] * 3
    assert registry.files("fare", version) == writing.FILES
    assert list((folder / "tmp").iterdir()) == []


def test_a_name_is_on_the_disk_before_anything_lies_below_it(store, syncs, folder):
    store.create("m/fare/log/0", b"record")
    made = [folder, folder / "m", folder / "m/fare", folder / "m/fare/log"]
    for path in made:
        assert syncs.index(str(path.parent)) < len(syncs) - 2
    assert syncs[-2].startswith(str(folder / "tmp"))
    assert syncs[-1] == str(folder / "m/fare/log")


def test_an_empty_folder_of_somebody_else_is_not_relied_upon(store, syncs, folder):
    store.create("a/b", b"")
    (folder / "m").mkdir()  # by a process that has not come to its fsync yet
    syncs.clear()
    LocalStore(folder).create("m/x", b"")
    assert str(folder) in syncs


def test_a_scratch_store_costs_no_fsync(folder, open_registry, writing, syncs):
    writing.publish(open_registry(objects=LocalStore(folder, durable=False)), "op")
    assert syncs == []


# --- the operating system refuses ---------------------------------------------------------------


def acts(store, source):
    return {
        "create": lambda: store.create("a/b", b"x" * 200_000),
        "write": lambda: store.write("a", {"b": b"", "c/d": b"x" * 200_000}),
        "upload": lambda: store.upload("a/b", source),
    }


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"x" * 200_000)
    return path


@pytest.mark.parametrize("act", ["create", "write", "upload"])
def test_a_file_that_may_not_grow_leaves_nothing(store, folder, source, act):
    store.create("first", b"")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StoreError, match=r"could not write .*/a.*: File too large") as failed:
            acts(store, source)[act]()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "ulimit" in failed.value.hint
    assert files_below(folder) == [folder / "first"]
    acts(store, source)[act]()  # the same again, once there is room


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 KiB."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", path]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system here")
    yield path
    subprocess.run(["umount", path], check=True)


@pytest.mark.parametrize("act", ["create", "write", "upload"])
def test_a_full_disk_is_named_and_nothing_is_left(small_disk, source, act):
    store = LocalStore(small_disk)
    with pytest.raises(StoreError, match="No space left on device") as failed:
        acts(store, source)[act]()
    assert "free some space" in failed.value.hint
    assert files_below(small_disk) == []
    assert store.get("a/b") is None


def test_a_full_disk_ends_a_publication_with_nothing_published(small_disk, open_registry, writing):
    registry = open_registry(objects=LocalStore(small_disk))
    claim = writing.begin(registry, "op")
    files = {**writing.FILES, "model.json": os.urandom(60_000)}
    with pytest.raises(StoreError, match="No space left"):
        registry.publish("fare", claim, files, writing.manifest_of("fare", claim.version, files))
    assert registry.abort("fare", claim.attempt, "disk full").versions == {}
    assert writing.publish(registry, "op") == claim.version


def test_a_read_only_disk_is_read_and_not_written(small_disk, open_registry, writing):
    version = writing.publish(open_registry(objects=LocalStore(small_disk)), "op")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    registry = open_registry(objects=LocalStore(small_disk))
    assert registry.files("fare", version) == writing.FILES
    with pytest.raises(StoreError, match="Read-only file system") as failed:
        writing.begin(registry, "other")
    assert "read-only" in failed.value.hint


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, to act as a user without rights")
def test_a_folder_without_permission_is_named():
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        folder = Path(open_to_all, "store")
        LocalStore(folder).create("first", b"1")
        folder.chmod(0o555)
        child = os.fork()
        if not child:
            os._exit(_write_without_rights(folder))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        folder.chmod(0o755)
        assert {path.name for path in folder.iterdir()} == {"first", "tmp"}


def _write_without_rights(folder):
    try:
        if os.getuid() == 0:
            os.setuid(65534)
        store = LocalStore(folder)
        if store.get("first") != b"1":
            return 2
        store.create("a/b", b"2")
    except StoreError as error:
        said = "Permission denied" in str(error) and "permission" in (error.hint or "")
        return 0 if said and str(folder) in str(error) else 3
    except BaseException:  # noqa: BLE001 a child must never come back into pytest
        return 4
    return 5


def test_a_file_in_place_of_a_folder_is_named(store, folder):
    folder.mkdir()
    (folder / "m").write_text("")
    with pytest.raises(StoreError, match="Not a directory") as failed:
        store.create("m/fare/log/0", b"")
    assert "a file is where a folder should be" in failed.value.hint
    with pytest.raises(StoreError, match="Not a directory"):
        store.get("m/fare/log/0")


def test_a_folder_that_vanished_beneath_a_writer_is_made_again(store, folder):
    store.create("m/a", b"1")
    for path in [*files_below(folder), folder / "m"]:
        path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(StoreError, match="No such file"):
        store.create("m/a", b"1")
    store.create("m/a", b"1")
    assert store.get("m/a") == b"1"


# --- an fsync fails -----------------------------------------------------------------------------


def failing(number, monkeypatch):
    """The fsync with this number fails, as a dying disk would have it."""
    left, real = [number], os.fsync

    def fsync(descriptor):
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_file_whose_fsync_failed_is_thrown_away(store, folder, monkeypatch):
    store.create("a/first", b"1")
    failing(1, monkeypatch)
    with pytest.raises(StoreError, match="Input/output error") as failed:
        store.create("a/b", b"2")
    assert not isinstance(failed.value, Unclear)
    assert files_below(folder) == [folder / "a/first"]
    store.create("a/b", b"2")


@pytest.mark.parametrize("number", range(1, 6))
def test_of_several_fsyncs_none_may_fail(store, folder, monkeypatch, number):
    store.create("a/first", b"1")
    failing(number, monkeypatch)
    with pytest.raises(StoreError, match="Input/output error"):
        store.write("a/x/y", {"b": b"2", "c": b"3"})  # two files, three folders
    assert files_below(folder) == [folder / "a/first"]


def test_a_name_whose_fsync_failed_is_neither_success_nor_failure(registry, writing, monkeypatch):
    writing.begin(registry, "first")
    failing(2, monkeypatch)
    with pytest.raises(Unclear, match="may or may not be kept"):
        writing.begin(registry, "second")
    monkeypatch.undo()
    assert writing.begin(registry, "second").version == "1.0.1-aff1242"


# --- file systems without hard links ------------------------------------------------------------


@pytest.fixture
def no_links(monkeypatch):
    def link(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)


def test_without_hard_links_the_first_still_wins(store, no_links, folder):
    store.create("a/b", b"first")
    with pytest.raises(Exists):
        store.create("a/b", b"second")
    assert store.get("a/b") == b"first"
    assert files_below(folder) == [folder / "a/b"]


def test_without_links_and_without_a_safe_rename_nothing_is_written(
    store, no_links, folder, monkeypatch
):
    monkeypatch.setattr(disk, "_RENAME_NOREPLACE", 1 << 20)  # flags that no file system knows
    with pytest.raises(StoreError, match="two writers could not be told apart") as refused:
        store.create("a/b", b"1")
    assert "another file system" in refused.value.hint
    assert files_below(folder) == []


def test_a_link_that_was_applied_before_it_failed_counts(store, monkeypatch):
    real = os.link

    def link(source, target):
        real(source, target)
        raise OSError(errno.EIO, os.strerror(errno.EIO))  # as NFS may, when the answer is lost

    monkeypatch.setattr(os, "link", link)
    store.create("a/b", b"1")
    assert store.get("a/b") == b"1"


def test_a_link_that_may_have_been_applied_is_looked_for(registry, writing, monkeypatch):
    writing.begin(registry, "first")
    real, tries = os.link, []

    def link(source, target):
        tries.append(target)
        if len(tries) < 3:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    assert writing.begin(registry, "second").version == "1.0.1-aff1242"
    assert len(set(tries)) == 1  # the same slot each time
