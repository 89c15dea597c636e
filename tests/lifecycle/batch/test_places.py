"""Where rows come from and where predictions go: files, folders and patterns."""

import gzip

import polars as pl
import pytest

from keepfit.errors import Refused, SinkError, UserError


@pytest.fixture
def months(houses, tmp_path):
    """Four files of ten houses in a folder and one below, each of another format."""
    folder = tmp_path / "rows"
    (folder / "more").mkdir(parents=True)
    parts = [houses[start : start + 10] for start in range(0, 40, 10)]
    parts[0].write_csv(folder / "a.csv")
    parts[1].write_parquet(folder / "b.parquet")
    parts[2].write_ndjson(folder / "c.jsonl")
    (folder / "more" / "d.csv.gz").write_bytes(gzip.compress(parts[3].write_csv().encode()))
    (folder / "notes.txt").write_text("no rows")
    (folder / "_SUCCESS").touch()
    (folder / ".hidden.csv").write_text("no rows")
    return folder


def names(folder):
    return sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())


def ids(*files):
    return [int(i) for file in files for i in pl.read_csv(file)["house_id"]]


def test_a_folder_becomes_a_folder_with_the_same_names(batch, months, houses, tmp_path):
    written = batch(months, tmp_path / "out")
    assert (written.rows, written.files) == (40, 4)
    out = tmp_path / "out"
    assert names(out) == ["a.csv", "b.parquet", "c.jsonl", "more/d.csv"]
    assert (
        ids(out / "a.csv", out / "more/d.csv")
        == houses["house_id"][[*range(10), *range(30, 40)]].to_list()
    )
    assert sorted(f.name for f in tmp_path.iterdir()) == ["out", "rows"]


def test_a_folder_becomes_one_file_where_the_output_names_one(batch, months, houses, tmp_path):
    assert (
        batch(months, tmp_path / "out.csv", pace={"text": 300, "rows": 3, "streamed": 3}).rows == 40
    )
    assert ids(tmp_path / "out.csv") == houses["house_id"].to_list()


def test_keys_of_several_types_meet_in_one_file_of_parquet(batch, months, houses, tmp_path):
    batch(months, tmp_path / "out.parquet")
    keys = pl.read_parquet(tmp_path / "out.parquet")["house_id"]
    assert keys.cast(pl.Int64).to_list() == houses["house_id"].to_list()


def test_a_pattern_becomes_a_folder_of_a_format_that_is_asked_for(batch, months, tmp_path):
    written = batch(months / "*.[cpj]*", tmp_path / "out", format="parquet", pace={"text": 200})
    assert names(tmp_path / "out") == ["a.parquet", "b.parquet", "c.parquet"]
    assert written.rows == sum(pl.read_parquet(f).height for f in (tmp_path / "out").iterdir())


def test_one_file_goes_into_a_folder_where_the_output_ends_with_a_slash(batch, months, tmp_path):
    batch(months / "a.csv", f"{tmp_path}/out/")
    assert names(tmp_path / "out") == ["a.csv"]


def test_rejects_of_a_folder_lie_beside_their_file(batch, months, tmp_path):
    text = (months / "a.csv").read_text().replace("true", "perhaps", 1)
    (months / "a.csv").write_text(text)
    written = batch(months, tmp_path / "out")
    assert written.rejects == (f"{tmp_path}/out/a.rejects.csv",)
    assert pl.read_csv(*written.rejects)["reason"][0].startswith("garden: 'perhaps' is not")


def test_a_folder_is_replaced_whole_or_not_at_all(batch, months, tmp_path):
    out = tmp_path / "out"
    batch(months, out)
    assert batch(months, out).finished
    (months / "a.csv").unlink()
    with pytest.raises(UserError, match="has files in it already"):
        batch(months, out)
    with pytest.raises(UserError, match=r"holds a\.csv, which these predictions would not replace"):
        batch(months, out, overwrite=True)
    (out / "a.csv").unlink()
    batch(months, out, overwrite=True)
    assert names(out) == ["b.parquet", "c.jsonl", "more/d.csv"]
    assert sorted(f.name for f in tmp_path.iterdir()) == ["out", "rows"]


def test_a_folder_job_that_was_stopped_goes_on(batch, months, tmp_path, monkeypatch):
    from keepfit.lifecycle.batch.state import State

    note, left = State.note, iter([True, True, False])

    def noted(self, done):
        note(self, done)
        if not next(left):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(State, "note", noted)
        with pytest.raises(KeyboardInterrupt):
            batch(months, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert batch(months, tmp_path / "out").resumed == 30
    batch(months, tmp_path / "again")
    for name in names(tmp_path / "again"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_an_empty_folder_is_no_obstacle(batch, months, tmp_path):
    (tmp_path / "out").mkdir()
    assert batch(months, tmp_path / "out").rows == 40


@pytest.mark.parametrize(
    ("given", "wanted", "words"),
    [
        ("rows", "rows/out", "lies where .* would read it as rows the next time"),
        ("rows", "rows/out.csv", "lies where .* would read it as rows"),
        ("rows/*.csv", "rows/out.csv", "lies where .* would read it as rows"),
        ("rows/a.csv", "rows/a.csv", "is the file of rows itself"),
        ("rows/none.csv", "out.csv", r"there is no file .*none\.csv"),
        ("rows/b.csv", "out.csv", r"there is no file .*b\.csv\. Did you mean"),
        ("rows/*.tsv", "out", r"no file matches .*\*\.tsv"),
        ("nowhere/*.csv", "out", "there is no folder"),
        ("rows/notes.txt", "out.csv", "does not tell how to read it"),
        ("empty", "out", "there is no file of rows in the folder"),
        ("rows", "nowhere/out", "there is no folder"),
        ("rows", "file", "is a file; expected a folder"),
        ("rows/a.csv", "empty.csv", "is a folder; expected a file"),
        ("twins", "out", r"a\.csv\.gz and .*a\.csv would both be answered in"),
    ],
)
def test_places_that_cannot_be_are_refused(batch, months, tmp_path, given, wanted, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.csv").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "twins").mkdir()
    for name in ("a.csv", "a.csv.gz"):
        (tmp_path / "twins" / name).touch()
    before = sorted(file for file in tmp_path.rglob("*"))
    with pytest.raises(UserError, match=words):
        batch(tmp_path / given, tmp_path / wanted)
    assert sorted(file for file in tmp_path.rglob("*")) == before


def test_a_format_that_is_none_is_guessed(batch, months, tmp_path):
    with pytest.raises(UserError, match=r"--format parket is none\. Did you mean `parquet`"):
        batch(months, tmp_path / "out", format="parket")
    with pytest.raises(UserError, match=r"--format csv: .*out\.parquet says parquet"):
        batch(months, tmp_path / "out.parquet", format="csv")


def test_files_of_which_some_lack_the_key_make_no_one_file(batch, months, tmp_path):
    rows = pl.read_csv(months / "a.csv").drop("house_id")
    rows.write_csv(months / "z.csv")
    with pytest.raises(UserError, match=r"z\.csv would be answered with the columns row, "):
        batch(months / "*.csv", tmp_path / "out.csv")
    assert batch(months / "*.csv", tmp_path / "out").rows == 20


def test_a_file_without_a_wanted_column_is_found_before_any_is_predicted(batch, months, tmp_path):
    pl.read_csv(months / "a.csv").drop("rooms").write_csv(months / "z.csv")
    with pytest.raises(UserError, match=r"z\.csv: the rows lack the column `rooms`"):
        batch(months / "*.csv", tmp_path / "out")
    assert batch.moved == []


def test_too_many_rejects_of_a_folder_are_shown_where_they_are(batch, months, tmp_path):
    text = (months / "a.csv").read_text().replace("true", "perhaps")
    (months / "a.csv").write_text(text)
    with pytest.raises(Refused, match="cannot be answered") as caught:
        batch(months, tmp_path / "out")
    place = caught.value.hint.split("look at them in ")[1].split(" and ")[0]
    assert set(pl.read_csv(place)["garden"]) == {"perhaps"}


def test_a_folder_that_may_not_be_written_is_named(batch, months, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "chunk")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(SinkError, match="No space left on device") as caught:
        batch(months / "a.csv", tmp_path / "out.csv", pace={"text": 200})
    assert "it goes on from where it stopped" in caught.value.hint
