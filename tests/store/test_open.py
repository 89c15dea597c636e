import sys

import pytest
from bucket_server import BucketServer

from keepfit.errors import NotInstalled, UserError
from keepfit.store.open import open_store


def test_a_relative_address_lies_below_the_root(tmp_path):
    open_store("store", root=tmp_path).create("a/b", b"1")
    assert (tmp_path / "store" / "a" / "b").read_bytes() == b"1"


def test_a_file_address_is_a_folder(tmp_path):
    open_store(f"file://{tmp_path}/my%20store").create("a/b", b"1")
    assert (tmp_path / "my store" / "a" / "b").read_bytes() == b"1"


def test_opening_makes_nothing(tmp_path):
    assert open_store("store", root=tmp_path).get("a/b") is None
    assert list(tmp_path.iterdir()) == []


def test_a_store_stays_where_it_is_when_the_process_moves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("store")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.create("a/b", b"1")
    assert (tmp_path / "store" / "a" / "b").exists()


def test_a_bucket_is_opened_without_asking_it_anything(monkeypatch):
    with BucketServer("s3").running() as server:
        for name, value in server.environ().items():
            monkeypatch.setenv(name, value)
        store = open_store("s3://bucket/models/taxi/")
        assert server.log == []
        store.create("a/b", b"1")
        assert list(server.bucket.keys("")) == ["models/taxi/a/b"]


def test_a_bucket_needs_its_extra(monkeypatch):
    monkeypatch.setitem(
        sys.modules, "keepfit.store.backends.cloud", None
    )  # as if obstore were not there
    with pytest.raises(NotInstalled) as refused:
        open_store("s3://models/taxi")
    assert refused.value.hint == "pip install 'keepfit[cloud]'"


def test_an_account_that_nobody_named_is_asked_for(monkeypatch):
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(UserError, match="Account must be specified") as refused:
        open_store("az://models/taxi")
    assert "docs/how-to/s3.md" in refused.value.hint


@pytest.mark.parametrize("address", ["s3://", "gs:///models"])
def test_an_address_without_a_bucket_is_refused(address):
    with pytest.raises(UserError, match="names no bucket"):
        open_store(address)


@pytest.mark.parametrize("address", ["ftp://host/store", "file://host/store", "file://"])
def test_an_address_that_nobody_knows_is_refused(address):
    with pytest.raises(UserError, match="expected"):
        open_store(address)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "store").write_text("")
    with pytest.raises(UserError, match="is a file"):
        open_store("store", root=tmp_path)
