# ruff: noqa: DTZ001 - the rows' own times are naive
from __future__ import annotations

import gzip
from datetime import datetime

import polars as pl
import pytest

from keepfit.data.files.parts import FolderParts
from keepfit.data.files.snapshot import freeze
from keepfit.data.files.statcache import StatCache
from keepfit.errors import DataRefused, SourceError, UserError

JANUARY = "id,t,x,y\n1,2020-01-01 10:00:00,1,1\n2,2020-01-31 10:00:00,2,2\n"
FEBRUARY = "id,t,x,y\n3,2020-02-01 10:00:00,1.5,3\n4,2020-02-20 10:00:00,2,4\n"
MARCH = "id,t,x,y\n5,2020-03-01 00:00:00,7,5\n"


@pytest.fixture
def months(project):
    for name, text in (("m-1.csv", JANUARY), ("m-2.csv", FEBRUARY), ("m-3.csv", MARCH)):
        project.write(name, text)
    return project


def timed(spec, **data):
    split = {"holdout": "1 week"}
    return spec(data={"source": "m-*.csv", "time": "t", **data}, split=split)


def test_a_snapshot_tells_rows_and_time_and_keeps_each_files_own_bytes(months, spec):
    snapshot = months.freeze(timed(spec))
    assert (snapshot.rows, snapshot.time_from) == (5, "2020-01-01T10:00:00")
    assert snapshot.time_to == "2020-03-01T00:00:00"
    assert [part.rows for part in snapshot.parts] == [2, 2, 1]
    kept = months.parts.path(snapshot.parts[0].digest)
    assert kept.read_text() == JANUARY
    assert kept.name == f"{snapshot.parts[0].digest}.csv"


def test_freezing_twice_gives_the_same_snapshot_and_stores_nothing_again(months, spec):
    first = months.freeze(timed(spec))
    stored = {path: path.stat().st_mtime_ns for path in (months.root / "store").iterdir()}
    assert months.freeze(timed(spec)) == first
    assert {p: p.stat().st_mtime_ns for p in (months.root / "store").iterdir()} == stored


def test_the_digest_knows_the_content_not_the_names_of_files(months, spec):
    first = months.freeze(timed(spec)).digest
    (months.root / "m-1.csv").rename(months.root / "m-9.csv")
    assert months.freeze(timed(spec)).digest == first
    (months.root / "m-9.csv").write_text(JANUARY.replace("1,1\n", "1,9\n"))
    assert months.freeze(timed(spec)).digest != first


def test_what_was_frozen_stays_though_the_source_changes(months, spec):
    model = timed(spec)
    snapshot = months.freeze(model)
    (months.root / "m-1.csv").write_text("gone")
    from keepfit.data.files.rows import rows_of

    assert rows_of(snapshot, model.data, months.parts.path).collect().height == 5


def test_as_of_a_moment_nothing_later_is_seen_or_stored(months, spec):
    model = timed(spec)
    rows = months.rows(model, until=datetime(2020, 2, 20))
    assert rows["id"].to_list() == [1, 2, 3]
    snapshot = months.freeze(model, until=datetime(2020, 2, 20))
    assert [part.uri for part in snapshot.parts] == ["m-1.csv", "m-2.csv"]
    assert snapshot.rows == 3
    assert snapshot.until == "2020-02-20T00:00:00"


def test_the_row_of_exactly_until_is_of_the_future(months, spec):
    rows = months.rows(timed(spec), until=datetime(2020, 2, 20, 10))
    assert rows["id"].to_list() == [1, 2, 3]
    snapshot = months.freeze(timed(spec), until=datetime(2020, 3, 1))
    assert [part.uri for part in snapshot.parts] == ["m-1.csv", "m-2.csv"]


def test_the_window_counts_back_from_where_the_holdout_begins(months, spec):
    # The newest row is of 1 March: the holdout begins on 24 February, the window on 31 January.
    snapshot = months.freeze(timed(spec, window="24 days"))
    assert snapshot.since == "2020-01-31T00:00:00"
    assert snapshot.rows == 4
    as_of = months.freeze(timed(spec, window="24 days"), until=datetime(2020, 3, 8))
    assert as_of.since == "2020-02-06T00:00:00"
    assert [part.uri for part in as_of.parts] == ["m-2.csv", "m-3.csv"]


def test_as_of_a_moment_rows_without_a_time_are_left_out(project, spec):
    project.write("m-1.csv", "id,t,x,y\n1,2020-01-01,1,1\n2,,2,2\n")
    assert project.rows(timed(spec)).height == 2
    assert project.rows(timed(spec), until=datetime(2021, 1, 1)).height == 1


def test_a_zoned_time_is_cut_in_utc(project, spec):
    project.write(
        "m-1.csv", "id,t,x,y\n1,2020-01-01T00:30:00+01:00,1,1\n2,2020-01-01T00:30:00Z,2,2\n"
    )
    snapshot = project.freeze(timed(spec))
    assert snapshot.time_from == "2019-12-31T23:30:00"
    assert project.rows(timed(spec), until=datetime(2020, 1, 1))["id"].to_list() == [1]


def test_a_month_without_data_is_refused_with_what_there_is(months, spec):
    with pytest.raises(DataRefused, match=r"no rows before 2019-12-01.*span 2020-01-01"):
        months.freeze(timed(spec), until=datetime(2019, 12, 1))
    assert not (months.root / "store").exists()


def test_only_a_header_is_refused_too(project, spec):
    project.write("m-1.csv", "id,t,x,y\n")
    with pytest.raises(DataRefused, match="no rows"):
        project.freeze(timed(spec))


def test_whole_and_broken_numbers_of_different_files_meet_as_numbers(months, spec):
    assert months.rows(timed(spec)).schema["x"] == pl.Float64


def test_a_column_that_one_file_leaves_empty_takes_its_type_from_the_others(project, spec):
    project.write("m-1.csv", "t,x,y\n2020-01-01,,1\n")
    project.write("m-2.csv", "t,x,y\n2020-02-01,3,1\n")
    assert project.rows(timed(spec))["x"].to_list() == [None, 3]


def test_the_third_file_with_other_columns_is_named_with_a_guess(months, spec):
    months.write("m-3.csv", "id,t,xx,y\n5,2020-03-01,7,5\n")
    expected = r"m-3.csv has other columns than m-1.csv: `x` is missing, `xx` is extra.*`x`\?"
    with pytest.raises(UserError, match=expected):
        months.freeze(timed(spec, window="1 year"))
    with pytest.raises(UserError, match=expected):
        months.rows(timed(spec))


def test_columns_in_another_order_are_the_same_columns(project, spec):
    project.write("m-1.csv", "t,x,y\n2020-01-01,1,2\n")
    project.write("m-2.csv", "y,x,t\n2,1,2020-02-01\n")
    assert project.rows(timed(spec))["y"].to_list() == [2, 2]


def test_text_where_another_file_has_numbers_is_told_with_both_files(project, spec):
    project.write("m-1.csv", "t,x,y\n2020-01-01,1,2\n")
    project.write("m-2.csv", "t,x,y\n2020-02-01,A1,2\n")
    with pytest.raises(UserError, match=r"`x` differs .*text in m-2.csv.*whole number in m-1.csv"):
        project.rows(timed(spec))
    rows = project.rows(timed(spec, types={"x": "text"}))
    assert rows["x"].to_list() == ["1", "A1"]


def test_declared_text_keeps_its_leading_zeros(project, spec):
    project.write("a.csv", "x,y\n007,1\n")
    assert project.rows(spec(data={"source": "a.csv", "types": {"x": "text"}}))["x"][0] == "007"


def test_a_value_that_is_not_what_types_says_is_told_with_its_file(project, spec):
    project.write("a.csv", "x,y\n7,1\nseven,1\n")
    with pytest.raises(UserError, match=r"data.types.x is 'integer', but a.csv has 'seven'"):
        project.freeze(spec(data={"source": "a.csv", "types": {"x": "integer"}}))


def test_a_changed_types_table_reads_stored_parts_anew(project, spec):
    project.write("a.csv", "x,y\n007,1\n")
    assert project.rows(spec(data={"source": "a.csv"}))["x"][0] == 7
    assert project.rows(spec(data={"source": "a.csv", "types": {"x": "text"}}))["x"][0] == "007"


def test_a_late_row_of_another_type_surprises_nobody(project, spec):
    project.write("a.csv", "x,y\n" + "1,1\n" * 2000 + "late,1\n")
    assert project.rows(spec(data={"source": "a.csv"}))["x"][-1] == "late"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(b"x,y\n1,2\n3,4\n", mtime=0)),
        ("a.jsonl.gz", gzip.compress(b'{"x":1,"y":2}\n{"x":3,"y":4}\n', mtime=0)),
        ("a.ndjson", b'{"x":1,"y":2}\n{"x":3,"y":4}\n'),
        ("a.tsv", b"x\ty\n1\t2\n3\t4\n"),
    ],
)
def test_text_formats_and_compressions_are_read_alike(project, spec, name, content):
    project.write(name, content)
    assert project.rows(spec(data={"source": name})).rows() == [(1, 2), (3, 4)]


def test_zstd_is_read_too(project, spec):
    pl.DataFrame({"x": [1], "y": [2]}).write_csv(project.root / "a.csv.zst", compression="zstd")
    assert project.rows(spec(data={"source": "a.csv.zst"})).rows() == [(1, 2)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b"PAR1 this is not Parquet PAR1"),
        ("a.parquet", b""),
        ("a.csv", b""),
        ("a.csv", b"x,y\n1,2,3,4\n"),
        ("a.csv", b"x,y\n\xff\xfe,2\n"),
        ("a.csv.gz", b"\x1f\x8bnot gzip at all"),
        ("a.jsonl", b'{"x":1,\n{"x"'),
    ],
)
def test_a_damaged_file_is_a_source_error_that_names_it(project, spec, name, content):
    project.write(name, content)
    with pytest.raises(SourceError, match=rf"^{name} "):
        project.freeze(spec(data={"source": name}))


def test_a_parquet_file_damaged_in_its_middle_is_named_too(project, spec):
    path = project.write("a.parquet", pl.DataFrame({"x": range(1000), "y": range(1000)}))
    data = bytearray(path.read_bytes())
    data[4:200] = b"\xff" * 196
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"a\.parquet"):
        project.freeze(spec(data={"source": "a.parquet"}))


def test_a_part_whose_bytes_change_on_the_way_is_not_stored(project, spec):
    file = project.write("a.csv", "x,y\n1,2\n")
    part = project.freeze(spec(data={"source": "a.csv"})).parts[0]
    file.write_text("x,y\n1,3\n")
    with pytest.raises(SourceError, match="changed while it was read"):
        FolderParts(project.root / "other").add([(part, file)])
    assert list((project.root / "other").iterdir()) == []


def test_a_time_column_without_times_is_told_with_what_to_write(project, spec):
    project.write("a.csv", "t,x,y\n1/2/2020,1,2\n")
    with pytest.raises(UserError, match=r"`t`, which is text in a\.csv") as caught:
        project.freeze(spec(data={"source": "a.csv", "time": "t"}))
    assert 't = "datetime"' in str(caught.value.hint)


def test_a_window_over_a_time_column_that_is_not_there_is_told_with_a_guess(project, spec):
    project.write("a.csv", "at,x,y\n2020-01-01,1,2\n")
    model = spec(data={"source": "a.csv", "time": "aat", "window": "1 month"})
    with pytest.raises(UserError, match=r"model.m.data.time .*`aat`.*Did you mean `at`"):
        project.freeze(model)


def test_several_sources_meet_in_a_query_bounded_by_time_where_there_is_one(months, spec):
    months.write("places.csv", "id,place\n1,Rome\n2,Oslo\n3,Rome\n4,Oslo\n5,Rome\n")
    data = {
        "source": {"trips": "m-*.csv", "places": "places.csv"},
        "query": "SELECT trips.*, place FROM trips JOIN places USING (id)",
        "time": "t",
    }
    model = spec(data=data)
    rows = months.rows(model, until=datetime(2020, 2, 10)).sort("id")
    assert rows.select("id", "place").rows() == [(1, "Rome"), (2, "Oslo"), (3, "Rome")]
    snapshot = months.freeze(model, until=datetime(2020, 2, 10))
    assert (snapshot.rows, len(snapshot.parts)) == (3, 3)


def test_a_query_that_is_not_understood_is_told_with_the_sources_columns(months, spec):
    data = {"source": {"trips": "m-*.csv"}, "query": "SELECT id, nosuch FROM trips"}
    with pytest.raises(UserError, match=r"data.query .*nosuch") as caught:
        months.rows(spec(data=data))
    assert "trips has id, t, x, y" in str(caught.value.hint)


def test_a_described_file_is_not_read_again(months, spec, monkeypatch):
    cache = StatCache()
    model = timed(spec)
    ports = {"environ": {}, "cache": cache}
    first = freeze(model, months.root, FolderParts(months.root / "one"), **ports)
    monkeypatch.delattr("keepfit.data.files.snapshot.describe")
    assert freeze(model, months.root, FolderParts(months.root / "two"), **ports) == first
