"""What a bucket answers, in the words of a store; what goes over the wire, and how often."""

import os
from datetime import timedelta

import pytest
from bucket_server import BucketServer
from dialects import Answer

from keepfit.digest import sha256
from keepfit.errors import Corrupt, StoreError
from keepfit.store.backends.cloud import CloudStore
from keepfit.store.backends.objects import Exists, Unknown

QUICKLY = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=5),
    "backoff": {
        "init_backoff": timedelta(milliseconds=1),
        "max_backoff": timedelta(milliseconds=2),
    },
}


@pytest.fixture(params=["s3", "gs", "az"])
def server(request, monkeypatch):
    with BucketServer(request.param).running() as running:
        for name, value in running.environ().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def slept():
    return []


@pytest.fixture
def store(server, slept):
    return CloudStore(server.address, retries=QUICKLY, sleep=slept.append)


def always(server, fault):
    server.programme.rule = lambda _number, _asked: fault


@pytest.mark.parametrize("fault", ["500 before", "500 after", "reset before", "reset after"])
def test_a_create_is_sent_once_and_its_lost_answer_is_unknown(store, server, fault):
    server.programme.faults = {0: fault}
    with pytest.raises(Unknown):
        store.create("a/b", b"1")
    assert len(server.log) == 1
    assert store.get("a/b") == (b"1" if "after" in fault else None)


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_bucket_that_asks_for_patience_gets_it(store, server, slept, fault):
    server.programme.faults = {0: fault}
    with pytest.raises(Unknown):
        store.create("a/b", b"1")
    assert slept == [1.0]


def test_a_conflict_of_two_writes_is_told_as_exists_and_the_place_tells_the_rest(store, server):
    server.programme.faults = {0: "409"}
    with pytest.raises(Exists):
        store.create("a/b", b"1")
    assert store.get("a/b") is None


def test_a_conflict_of_another_request_is_never_told_as_exists(store, server):
    store.create("a/b", b"1")
    always(server, "409")
    for act in (
        lambda: store.get("a/b"),
        lambda: store.delete("a/b"),
        lambda: store.write("a", {"b": b"2"}),
    ):
        with pytest.raises(StoreError, match="could not") as refused:
            act()
        assert type(refused.value) is StoreError


def test_reads_are_asked_again(store, server):
    store.create("a/b", b"1")
    server.programme.faults = {1: "500 before", 2: "reset before"}
    assert store.get("a/b") == b"1"
    assert len(server.log) == 4


def test_damage_on_the_way_is_asked_for_again(store, server):
    store.create("a/b", b"12345678")
    server.programme.faults = {1: "flipped", 2: "truncated"}
    assert store.get("a/b") == b"12345678"


def test_damage_that_stays_is_told(store, server):
    store.create("a/b", b"12345678")
    always(server, "flipped")
    with pytest.raises(Corrupt, match="models/a/b was changed"):
        store.get("a/b")


def test_objects_that_others_put_there_are_read_as_they_are(store, server):
    server.bucket.put("models/a/b", b"by hand", {}, if_absent=True)
    assert store.get("a/b") == b"by hand"


def test_a_store_that_never_answers_is_an_error_of_the_store(store, server):
    always(server, "reset before")
    for act in (
        lambda: store.get("a/b"),
        lambda: store.size("a/b"),
        lambda: store.write("a", {"b": b"1"}),
        lambda: list(store.keys("a")),
        lambda: store.folders("a"),
        lambda: store.delete("a/b"),
        store.now,
    ):
        with pytest.raises(StoreError, match="could not"):
            act()


def test_advice_that_cannot_be_given_is_not_told(store, server):
    always(server, "500 before")
    store.advise("hint.json", b"1")
    assert len(server.log) == 1


def test_a_missing_right_is_told_with_the_rights_that_are_needed(store, server, monkeypatch):
    def forbid(_bucket, _asked):
        return Answer(403, b"<Error><Code>AccessDenied</Code></Error>")

    monkeypatch.setattr(server.serving.dialect, "answer", forbid)
    for act in (lambda: store.get("a/b"), lambda: store.create("a/b", b"1")):
        with pytest.raises(StoreError, match="may not") as refused:
            act()
        assert "right to list" in refused.value.hint
        assert type(refused.value) is StoreError  # nothing was written, for sure


def test_a_missing_bucket_is_told(server):
    store = CloudStore(server.address.replace("bucket", "other"), retries=QUICKLY)
    for act in (
        lambda: store.get("a/b"),
        lambda: store.create("a/b", b"1"),
        lambda: store.write("a", {"b": b"1"}),
        lambda: list(store.keys("a")),
    ):
        with pytest.raises(StoreError, match="there is no bucket") as refused:
            act()
        assert type(refused.value) is StoreError


def test_listings_have_as_many_pages_as_they_need(store, server, monkeypatch):
    monkeypatch.setattr(server.serving.dialect, "most", 7, raising=False)
    names = [f"{number:02}" for number in range(30)]
    store.write("a", {f"{name}/x": b"" for name in names})
    assert list(store.keys("a")) == [f"a/{name}/x" for name in names]
    assert store.folders("a") == names
    assert len(store.get_many([f"a/{name}/x" for name in (*names, "99")])) == 31


def test_large_files_go_up_in_pieces_and_come_down_once(store, server, tmp_path):
    source = tmp_path / "rows"
    source.write_bytes(os.urandom(1 << 20) * 20)
    digest = store.upload("p/rows", source)
    assert digest == sha256(source.read_bytes())
    assert len([seen for seen in server.log if seen.method in ("PUT", "POST")]) >= 4
    asked = len(server.log)
    assert store.local("p/rows").read_bytes() == source.read_bytes()
    assert store.local("p/rows") == store.local("p/rows")
    assert len(server.log) == asked + 1


def test_a_file_that_cannot_be_read_is_told(store, tmp_path):
    with pytest.raises(StoreError, match="nothing: No such file"):
        store.upload("p/rows", tmp_path / "nothing")


def test_what_is_tried_before_writing_is_tried_once_and_binds_every_way_to_write(server, tmp_path):
    tried = []

    def refuse(objects):
        tried.append(objects)
        raise StoreError("not this one")

    store = CloudStore(server.address, before_writing=refuse)
    (tmp_path / "rows").write_bytes(b"1")
    for act in (
        lambda: store.create("a", b"1"),
        lambda: store.write("a", {"b": b"1"}),
        lambda: store.upload("a", tmp_path / "rows"),
        store.now,
    ):
        with pytest.raises(StoreError, match="not this one"):
            act()
    store.advise("a", b"1")
    assert len(tried) == 5
    assert server.log == []
    store = CloudStore(server.address, before_writing=tried.append)
    store.create("a", b"1")
    store.create("b", b"1")
    assert len(tried) == 6
