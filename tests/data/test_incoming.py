import gzip

import polars as pl
import pytest

from keepfit.data.files.incoming import scan_incoming
from keepfit.errors import SourceError, UserError

TEXT = "x,y\n1,a\n ,b\n007,\n"


def test_csv_comes_as_text_so_that_one_bad_value_costs_one_row(tmp_path):
    (tmp_path / "rows.csv").write_text(TEXT)
    rows = scan_incoming(tmp_path / "rows.csv").collect()
    assert rows.schema == {"x": pl.String, "y": pl.String}
    assert rows.rows() == [("1", "a"), (" ", "b"), ("007", None)]


def test_tab_separated_values_are_told_by_the_name(tmp_path):
    (tmp_path / "rows.tsv").write_text(TEXT.replace(",", "\t"))
    assert scan_incoming(tmp_path / "rows.tsv").collect().columns == ["x", "y"]


def test_a_packed_file_is_read(tmp_path):
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert scan_incoming(tmp_path / "rows.csv.gz").collect().height == 3


def test_formats_with_types_keep_them(tmp_path):
    rows = pl.DataFrame({"x": [1, None], "y": ["a", "b"]})
    rows.write_parquet(tmp_path / "rows.parquet")
    rows.write_ndjson(tmp_path / "rows.jsonl")
    assert scan_incoming(tmp_path / "rows.parquet").collect().equals(rows)
    assert scan_incoming(tmp_path / "rows.jsonl").collect().equals(rows)


def test_a_name_with_a_star_is_a_name(tmp_path):
    (tmp_path / "rows*.csv").write_text("x\n1\n")
    (tmp_path / "rows2.csv").write_text("x\n2\n")
    assert scan_incoming(tmp_path / "rows*.csv").collect()["x"].to_list() == ["1"]


@pytest.mark.parametrize("name", ["rows.csv", "folder"])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=f"there is no file .*{name}"):
        scan_incoming(tmp_path / name)


def test_a_name_that_tells_no_format_is_refused_with_those_that_do(tmp_path):
    (tmp_path / "rows.xlsx").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"rows\.xlsx does not tell how to read it: expected \.csv"):
        scan_incoming(tmp_path / "rows.xlsx")


@pytest.mark.parametrize(
    ("name", "data"),
    [("rows.parquet", b"PAR1 and no more"), ("rows.csv", b""), ("rows.jsonl", b"{")],
)
def test_a_damaged_file_is_a_source_error_that_names_it(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError, match=name):
        scan_incoming(tmp_path / name)
