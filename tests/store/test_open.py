import pytest

from keepfit.errors import UserError
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


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_a_bucket_is_refused_with_a_way_out(scheme):
    with pytest.raises(UserError, match="bucket") as refused:
        open_store(f"{scheme}://models/taxi")
    assert "folder" in refused.value.hint


@pytest.mark.parametrize("address", ["ftp://host/store", "file://host/store", "file://"])
def test_an_address_that_nobody_knows_is_refused(address):
    with pytest.raises(UserError, match="expected"):
        open_store(address)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "store").write_text("")
    with pytest.raises(UserError, match="is a file"):
        open_store("store", root=tmp_path)
