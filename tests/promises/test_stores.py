"""What every store of objects promises, whatever it is made of."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from bucket_server import BucketServer

from keepfit.digest import sha256
from keepfit.errors import StoreError
from keepfit.store.backends.cloud import CloudStore
from keepfit.store.backends.local import LocalStore
from keepfit.store.backends.memory import MemoryStore
from keepfit.store.backends.objects import Exists
from keepfit.store.backends.probe import probe, prove

STORES = {
    "folder": lambda path: LocalStore(path / "store"),
    "scratch folder": lambda path: LocalStore(path / "store", durable=False),
    "memory": lambda _: MemoryStore(),
}

OUTSIDE = ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/./b", "a\\b", "a\0b", "a/"]


BUCKETS = ["s3", "gs", "az"]


@pytest.fixture(params=[*STORES, *BUCKETS])
def store(request, tmp_path, monkeypatch):
    if make := STORES.get(request.param):
        yield make(tmp_path)
        return
    with BucketServer(request.param).running() as server:
        for name, value in server.environ().items():
            monkeypatch.setenv(name, value)
        yield CloudStore(server.address, before_writing=prove)


def test_it_keeps_what_it_is_given(store):
    store.create("a/b/c", b"\0bytes")
    assert store.get("a/b/c") == b"\0bytes"
    assert store.size("a/b/c") == 6
    assert store.local("a/b/c").read_bytes() == b"\0bytes"


def test_it_says_that_there_is_nothing(store):
    assert store.get("a/b") is None
    assert store.size("a/b") is None
    assert list(store.keys("a")) == []
    assert store.folders("a") == []
    with pytest.raises(StoreError):
        store.local("a/b")


def test_it_never_creates_twice_and_keeps_the_first(store):
    store.create("a/b", b"first")
    with pytest.raises(Exists):
        store.create("a/b", b"second")
    assert store.get("a/b") == b"first"


def test_of_many_who_create_the_same_key_one_wins(store):
    def won(number):
        try:
            store.create("log/0", str(number).encode())
        except Exists:
            return None
        return number

    with ThreadPoolExecutor(16) as threads:
        winners = [n for n in threads.map(won, range(32)) if n is not None]
    assert [store.get("log/0")] == [str(n).encode() for n in winners]


def test_it_writes_all_files_below_a_prefix(store):
    store.write("v/1", {"model/weights": b"w", "MANIFEST.json": b"{}"})
    assert list(store.keys("v")) == ["v/1/MANIFEST.json", "v/1/model/weights"]
    assert store.get("v/1/model/weights") == b"w"


def test_it_uploads_a_file_and_tells_what_it_wrote(store, tmp_path):
    source = tmp_path / "rows.csv"
    source.write_bytes(b"a,b\n1,2\n" * 500_000)
    assert store.upload("p/rows.csv", source) == sha256(source.read_bytes())
    assert store.get("p/rows.csv") == source.read_bytes()


def test_it_lists_keys_in_order_and_never_those_of_a_neighbour(store):
    for key in ("a/2", "a/10", "ab/1", "a/1/x"):
        store.create(key, b"")
    assert list(store.keys("a")) == ["a/1/x", "a/10", "a/2"]
    assert store.folders("a") == ["1"]


def test_advice_is_overwritten(store):
    store.advise("hint.json", b"1")
    store.advise("hint.json", b"2")
    assert store.get("hint.json") == b"2"


def test_it_tells_when_something_was_written_by_its_own_clock(store):
    before = store.now()
    store.create("a/b", b"1")
    store.advise("hint.json", b"1")
    written = [store.modified("a/b"), store.modified("hint.json")]
    assert written == sorted(written)
    assert all(before <= moment <= store.now() for moment in written)
    assert store.modified("a/c") is None
    assert before.tzinfo is not None


def test_it_stands_every_trial_and_nothing_is_left_of_them(store):
    trials = list(probe(store, clock=store.now))
    assert [trial.promise for trial in trials if not trial.kept] == []
    assert len(trials) == 6
    assert [key for key in store.keys("tmp") if store.size(key) is not None] == []
    assert list(store.keys("")) == []


def test_deleting_twice_is_no_error(store):
    store.create("a/b", b"1")
    store.delete("a/b")
    store.delete("a/b")
    assert store.get("a/b") is None


@pytest.mark.parametrize("key", OUTSIDE)
def test_it_refuses_keys_that_could_lead_outside(store, key):
    for act in (store.get, store.size, store.delete, lambda k: store.create(k, b"")):
        with pytest.raises(StoreError):
            act(key)
    with pytest.raises(StoreError):
        store.write("v/1", {key: b""})
