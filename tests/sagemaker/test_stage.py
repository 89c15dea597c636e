"""Files of a channel as sources can be: with a row of names, and endings that tell."""

import gzip

import polars as pl
import pytest

from keepfit.errors import SourceError, UserError
from keepfit.sagemaker.job import Channel
from keepfit.sagemaker.stage import Table, stage

BARE = Table(header=False, columns=("label", "x", "a, b"))


@pytest.fixture
def staged(tmp_path):
    """Stage files by name and content; what lies in the folder after it."""

    def put(files, table=BARE, kind=""):
        folder = tmp_path / "given"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        channel = Channel("train", tuple(sorted(folder.iterdir())), folder, kind)
        stage(channel, tmp_path / "staged", table)
        return {file.name: file for file in sorted((tmp_path / "staged").iterdir())}

    return put


@pytest.mark.parametrize(
    "content",
    [
        "ash,1,2\nbirch,3,4\n",
        "ash,1,2\nbirch,3,4",
        "ash,1,2\r\nbirch,3,4\r\n",
        "\ufeffash,1,2\nbirch,3,4\n",
    ],
    ids=["plain", "no last line end", "windows", "byte order mark"],
)
def test_a_row_of_names_is_put_before_rows_without_one(staged, content):
    (file,) = staged({"a.csv": content}).values()
    rows = pl.read_csv(file)
    assert rows.columns == ["label", "x", "a, b"]
    assert rows.rows() == [("ash", 1, 2), ("birch", 3, 4)]


def test_packed_text_is_unpacked_for_it(staged):
    made = staged({"a.csv.gz": gzip.compress(b"ash,1,2\n"), "b.tsv": "ash\t1\t2\n"})
    assert [*made] == ["00000-a.csv", "00001-b.tsv"]
    assert pl.read_csv(made["00000-a.csv"]).rows() == [("ash", 1, 2)]
    assert pl.read_csv(made["00001-b.tsv"], separator="\t").columns == ["label", "x", "a, b"]


def test_quoted_cells_with_line_ends_stay_whole(staged):
    (file,) = staged({"a.csv": 'ash,1,"two\nlines, and more"\nbirch,2,x\n'}).values()
    assert pl.read_csv(file).rows() == [("ash", 1, "two\nlines, and more"), ("birch", 2, "x")]


def test_what_has_names_is_linked_not_copied(staged, tmp_path):
    pl.DataFrame({"label": ["a"]}).write_parquet(tmp_path / "p")
    files = {"a.parquet": (tmp_path / "p").read_bytes(), "b.jsonl": '{"label": "a"}\n'}
    made = staged({**files, "c.json": '{"label": "a"}\n'})
    assert [*made] == ["00000-a.parquet", "00001-b.jsonl", "00002-c.jsonl"]
    assert all(file.is_symlink() for file in made.values())


def test_a_header_that_was_told_of_is_left_as_it_is(staged):
    (file,) = staged({"a.csv": "label,x\na,1\n"}, Table(header=True, columns=())).values()
    assert file.is_symlink()


def test_a_content_type_tells_where_a_name_does_not(staged):
    assert [*staged({"part-0": "a,1,2\n"}, kind="text/csv;label_size=1")] == ["00000-part-0.csv"]


def test_a_name_that_tells_nothing_is_refused(staged):
    with pytest.raises(UserError, match=r"part-0 does not tell how to read it"):
        staged({"part-0": "a,1,2\n"})


def test_other_columns_than_expected_are_told_with_their_names(staged):
    with pytest.raises(UserError, match=r"a\.csv has 2 columns; expected 3: label, x, a, b"):
        staged({"a.csv": "ash,1\n"})


def test_a_row_of_names_that_nobody_spoke_of_is_never_taken_for_data(staged):
    with pytest.raises(UserError, match="begins with a row of names") as refused:
        staged({"a.csv": 'label,x,"a, b"\nash,1,2\n'})
    assert "header=present" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", ""), ("a.csv", "\n"), ("a.csv", b"\xff\xfe1"), ("a.csv.gz", b"no gzip")],
)
def test_a_file_that_cannot_be_read_is_named(staged, name, content):
    with pytest.raises(SourceError, match=f"channel train: {name}"):
        staged({name: content})
