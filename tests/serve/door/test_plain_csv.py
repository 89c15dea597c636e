"""Plain CSV is read without polars, and exactly as with it; what is not plain is left to it."""

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.model import ModelSpec
from keepfit.records.rows import Column
from keepfit.serve.door.csv_rows import frame_of, read_csv
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
        HEADER + b'\n1,2,"a",true\n',
        HEADER + b"\n1,2,a,true\n\n",
        HEADER + b"\n1,2,a\n",
        HEADER + b"\n1,2,a,true,5\n",
        HEADER + b"\nfar,2,a,true\n",
        HEADER + b"\n101,2,a,true\n",
        HEADER + b"\n1,2,a\rb,true\n",
        b"\xef\xbb\xbf" + HEADER + b"\n1,2,a,true\n",
        b"distance,riders,borough\n1,2,a\n",
        b"distance,riders,borough,night,night\n1,2,a,true,true\n",
        b"\xff",
        b"",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_reader(body):
    assert DOOR.read(body, header=True) is None


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "-1", "2.5", "1e3", " 3 ", "nan", "inf", "true", "0", "x", "1_0", "\u0661", "3.0"]
    ),
    st.text("0123456789.-+eE x", max_size=6),
)


@given(st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=4), st.booleans())
def test_plain_rows_are_those_that_polars_reads(cells, header):
    lines = [*([HEADER.decode()] if header else ()), *map(",".join, cells)]
    body = "".join(f"{line}\n" for line in lines).encode()
    rows = DOOR.read(body, header=header)
    if rows is None:
        return
    with contextlib.suppress(BadRequest):  # no rows at all
        careful = read_csv(SCHEMA, body, header=header).frame
        assert frame_of(SCHEMA, rows).equals(careful, null_equal=True)


def test_a_plain_body_loads_no_polars():
    code = """
import sys
from keepfit.serve.door.plain_csv import PlainCsv
from keepfit.serve.door.json_rows import JsonDoor
assert not {"polars", "numpy"} & set(sys.modules), "heavy"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
