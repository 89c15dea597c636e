"""Plain CSV is read, and what is wrong with it told, exactly as with polars but without it."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.model import ModelSpec
from keepfit.records.rows import Column
from keepfit.serve.door import csv_rows
from keepfit.serve.door.csv_rows import frame_of
from keepfit.serve.door.plain_csv import PlainCsv
from keepfit.serve.door.problems import BadRequest
from keepfit.serve.door.schema import InputSchema

SPEC = ModelSpec.model_validate(
    {
        "kind": "ridge",
        "target": "fare",
        "features": ["distance", "riders", "borough", "night"],
        "data": {"source": "x.csv", "key": ["trip"]},
        "checks": {"ranges": {"distance": [0, 100]}},
    }
)
COLUMNS = [
    Column(name="distance", dtype="Float64"),
    Column(name="riders", dtype="Int64"),
    Column(name="borough", dtype="String"),
    Column(name="night", dtype="Boolean"),
]
SCHEMA = InputSchema.of(COLUMNS, SPEC)
DOOR = PlainCsv(SCHEMA)
HEADER = b"distance,riders,borough,night"


def test_plain_rows_come_with_their_keys():
    rows = DOOR.read(b"trip,night,borough,riders,distance\r\n7,yes,Queens,3.0, 1.5 \n", header=True)
    assert rows.values == [(1.5, 3, "Queens", True)]
    assert rows.keys == [("7",)]


@pytest.mark.parametrize(
    "body",
    [
        HEADER + b'\n1,2,"a"b,true\n',
        HEADER + b'\n1,2,"",true\n',
        HEADER + b'\n1,2,"a,true\n',
        HEADER + b"\n1,2,a,true\n\n",
        HEADER + b"\n1,2,a\n",
        HEADER + b"\n1,2,a,true,5\n",
        HEADER + b"\n1,2,a\rb,true\n",
        b"\xef\xbb\xbf" + HEADER + b"\n1,2,a,true\n",
        b"distance,riders,borough,night,night\n1,2,a,true,true\n",
        b"\xff",
        b"",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_reader(body):
    assert DOOR.read(body, header=True) is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quoted_cells_may_hold_commas_quotes_and_ends_of_lines(end):
    lines = ['"distance",riders,borough,night', '"1.5",2,"a,""b""\nc",true', ",,d,", ""]
    assert DOOR.read(end.join(lines).encode(), header=True).values == [
        (1.5, 2, 'a,"b"\nc', True),
        (None, None, "d", None),
    ]


def said(read):
    """The rows as a frame, or what is wrong with them; None where it was not for the reader."""
    try:
        rows = read()
    except BadRequest as bad:
        return bad.problems, bad.more
    return None if rows is None else (frame_of(SCHEMA, rows).rows(), list(rows.keys))


def by_polars(body, header):
    """What is said of a body that is read as a large one is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(csv_rows, "cells_of", lambda _: None)
        return said(lambda: csv_rows.read_csv(SCHEMA, body, header=header))


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "-1", "2.5", "1e3", " 3 ", "nan", "inf", "true", "0", "x", "1_0", "\u0661", "3.0"]
    ),
    st.text("0123456789.-+eE x", max_size=6),
    st.text('ab", \r\n', min_size=1, max_size=4).map(lambda t: '"' + t.replace('"', '""') + '"'),
)
NAMES = st.lists(
    st.sampled_from([*SCHEMA.names, *SCHEMA.names, "trip", "x", " night", '"riders"', ""]),
    min_size=1,
    max_size=5,
)


@given(st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=4), st.booleans(), st.booleans())
def test_plain_rows_and_what_is_wrong_with_them_are_what_polars_reads(cells, header, dos):
    lines = [*([HEADER.decode()] if header else ()), *map(",".join, cells)]
    body = "".join(line + ("\r\n" if dos else "\n") for line in lines).encode()
    plain = said(lambda: DOOR.read(body, header=header))
    if plain is not None:
        careful = said(lambda: csv_rows.read_csv(SCHEMA, body, header=header))
        assert repr(plain) == repr(careful) == repr(by_polars(body, header))


@given(NAMES, st.integers(0, 2))
def test_of_the_names_of_columns_the_same_is_told(names, rows):
    lines = [",".join(names), *[",".join("1" for _ in names)] * rows]
    body = "\n".join(lines).encode()
    plain = said(lambda: DOOR.read(body, header=True))
    if plain is not None:
        assert repr(plain) == repr(by_polars(body, header=True))


@pytest.mark.parametrize("body", [HEADER + b"\nfar,2,a,true\n", HEADER[:-1] + b"\n1,2,a,true\n"])
def test_neither_a_plain_body_nor_what_is_wrong_with_it_loads_polars(body):
    code = f"""
import sys
from keepfit.serve.door.json_rows import JsonDoor
from keepfit.serve.door.plain_csv import PlainCsv
from keepfit.serve.door.problems import BadRequest
from keepfit.serve.door.schema import Field, InputSchema
names = ["distance", "riders", "borough", "night"]
types = [("Float64", "number"), ("Int64", "whole"), ("String", "text"), ("Boolean", "boolean")]
schema = InputSchema(tuple(Field(n, *t) for n, t in zip(names, types)))
assert PlainCsv(schema).read(b"1,2,a,true", header=False).values
try:
    assert not PlainCsv(schema).read({body!r}, header=True)
except BadRequest as bad:
    assert bad.problems
else:
    raise SystemExit("it was left to another reader")
assert not {{"polars", "numpy"}} & set(sys.modules), "heavy"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
