"""What a request says as CSV becomes the same rows as JSON."""

import contextlib
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.model import ModelSpec
from keepfit.records.rows import Column
from keepfit.serve.door import csv_rows
from keepfit.serve.door.csv_rows import frame_of, read_csv
from keepfit.serve.door.json_rows import JsonDoor
from keepfit.serve.door.problems import BadRequest
from keepfit.serve.door.schema import InputSchema

SPEC = ModelSpec.model_validate(
    {
        "kind": "ridge",
        "target": "fare",
        "features": ["distance", "riders", "borough", "night", "at"],
        "data": {"source": "x.csv", "key": ["trip"]},
        "checks": {"ranges": {"distance": [0, 100]}},
    }
)
COLUMNS = [
    Column(name="distance", dtype="Float64"),
    Column(name="riders", dtype="Int64"),
    Column(name="borough", dtype="String"),
    Column(name="night", dtype="Boolean"),
    Column(name="at", dtype="Datetime(time_unit='us', time_zone=None)"),
]
SCHEMA = InputSchema.of(COLUMNS, SPEC)
HEADER = "distance,riders,borough,night,at"
LINE = "1.5,2,Queens,true,2013-05-31 14:00:00"


def problems(body, *, header=True):
    with pytest.raises(BadRequest) as caught:
        read_csv(SCHEMA, body.encode(), header=header)
    return [str(problem) for problem in caught.value.problems]


def test_columns_are_found_by_name_whatever_their_order():
    turned = "at,night,borough,riders,distance\n2013-05-31 14:00:00,true,Queens,2,1.5"
    one = read_csv(SCHEMA, f"{HEADER}\n{LINE}\n".encode(), header=True).frame
    assert one.equals(read_csv(SCHEMA, turned.encode(), header=True).frame)
    assert one.rows()[0][:4] == (1.5, 2, "Queens", True)


def test_without_a_header_columns_are_by_place():
    named = read_csv(SCHEMA, f"{HEADER}\n{LINE}\n".encode(), header=True).frame
    assert named.equals(read_csv(SCHEMA, LINE.encode(), header=False).frame)


def test_an_empty_cell_is_an_unknown_value_and_key_columns_are_kept_apart():
    rows = read_csv(SCHEMA, f"trip,{HEADER}\n7,,2,,true,\n".encode(), header=True)
    assert rows.frame.rows() == [(None, 2, None, True, None)]
    assert rows.keys == [("7",)]


def test_what_is_wrong_is_named_by_row_column_value_and_expectation():
    body = f"{HEADER}\n{LINE}\nfar,2.5,Queens,maybe,noon\n101,2,Queens,true,2013-05-31\n"
    assert problems(body) == [
        'row 2, column `distance`: "far" is not a number between 0 and 100',
        'row 2, column `riders`: "2.5" is not a whole number (Int64)',
        'row 2, column `night`: "maybe" is not true or false',
        'row 2, column `at`: "noon" is not a time such as 2013-05-31 14:00:00',
        "row 3, column `distance`: 101.0 is not a number between 0 and 100",
    ]


def test_problems_come_in_the_order_of_the_rows_whatever_they_are():
    body = f"{HEADER}\n101,2,Queens,true,\nfar,2,Queens,true,\n-1,x,Queens,true,\n"
    assert [told.partition(":")[0] for told in problems(body)] == [
        "row 1, column `distance`",
        "row 2, column `distance`",
        "row 3, column `distance`",
        "row 3, column `riders`",
    ]


def test_a_header_that_is_missing_is_not_taken_for_data_nor_data_for_a_header():
    told = problems(f"{LINE}\n{LINE}\n")
    assert told[0].endswith("without a header say text/csv; header=absent")
    assert told[1].startswith("column `distance`: is missing.")
    taken = problems(f"{HEADER}\n{LINE}\n", header=False)
    assert taken[0].startswith('row 1, column `distance`: "distance" is not a number')


def test_a_header_with_some_of_the_names_is_one():
    told = problems(f"{HEADER.replace('distance', 'distanse')}\n{LINE}\n")
    assert [text.partition(":")[0] for text in told] == ["column `distance`", "column `distanse`"]


def test_rows_of_another_width_are_refused_with_the_columns_that_are_expected():
    assert problems("1,2\n", header=False) == [
        "the rows have 2 values; expected 5, without a header: distance, riders, borough, night, at"
    ]
    assert "no table of CSV" in problems(f"{HEADER}\n{LINE},1,2\n")[0]


def test_no_rows_are_no_rows():
    assert len(read_csv(SCHEMA, f"{HEADER}\n".encode(), header=True)) == 0
    assert len(read_csv(SCHEMA, b"", header=False)) == 0
    assert problems("")


@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(0, 100),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.text("abc ,\"'é\n", min_size=1).filter(str.strip),
            st.none() | st.booleans(),
            st.none() | st.datetimes().map(lambda at: at.isoformat(" ")),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_the_same_rows_come_in_by_csv_and_by_json(rows):
    records = [dict(zip(SCHEMA.names, row, strict=True)) for row in rows]
    by_json = frame_of(SCHEMA, JsonDoor(SCHEMA).read(json.dumps(records).encode()))
    body = pl.DataFrame(rows, schema=dict.fromkeys(SCHEMA.names), orient="row", strict=False)
    by_csv = read_csv(SCHEMA, body.write_csv().encode(), header=True).frame
    assert by_csv.equals(by_json)


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_are_a_bug(body, header):
    with contextlib.suppress(BadRequest):
        read_csv(SCHEMA, body, header=header)


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", " 2", "3 ", "1e400", "-inf", "nan", "NaN", "1_0", "0x1", "+.5", "5."]
    ),
    st.floats(0, 100).map(repr),
    st.text("0123456789.-+eE ", max_size=8),
)


def by_polars(patched):
    """Read small bodies as large ones are."""
    patched.setattr(csv_rows, "cells_of", lambda _: None)


def test_text_that_looks_like_a_number_stays_text_with_and_without_a_header(monkeypatch):
    schema = InputSchema.of(COLUMNS[:3], SPEC)
    for _ in ("plain", "by polars"):
        for head in ("distance,riders,borough\n", ""):
            rows = read_csv(schema, f"{head}05,06,07\n".encode(), header=bool(head))
            assert rows.frame.rows() == [(5.0, 6, "07")]
        by_polars(monkeypatch)


@given(st.lists(CELLS, min_size=1, max_size=4), st.booleans())
def test_numbers_are_those_that_a_cell_of_text_would_be_read_as(cells, header):
    schema = InputSchema.of([Column(name="distance", dtype="Float64")], SPEC)
    body = "".join(f"{cell},x\n" for cell in cells)
    body = (f"distance,trip\n{body}" if header else body.replace(",x", "")).encode()

    def read():
        try:
            return read_csv(schema, body, header=header).frame["distance"].to_list()
        except BadRequest as bad:
            return [str(problem) for problem in bad.problems]

    quick = read()
    with pytest.MonkeyPatch.context() as patched:
        by_polars(patched)
        assert repr(quick) == repr(read())
        patched.setattr(csv_rows, "_numbers", lambda *_, **__: {})
        assert repr(quick) == repr(read())
