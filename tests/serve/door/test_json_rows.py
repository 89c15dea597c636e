"""What a request says as JSON becomes rows of the schema, or what is wrong in words."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.model import ModelSpec
from keepfit.records.rows import Column
from keepfit.serve.door.json_rows import JsonDoor
from keepfit.serve.door.problems import MOST, BadRequest
from keepfit.serve.door.schema import InputSchema

SPEC = ModelSpec.model_validate(
    {
        "kind": "ridge",
        "target": "fare",
        "features": ["distance", "riders", "borough", "night", "day", "tip"],
        "data": {"source": "x.csv", "key": ["trip"]},
        "checks": {"ranges": {"distance": [0, 100]}},
    }
)
COLUMNS = [
    Column(name="distance", dtype="Float64"),
    Column(name="riders", dtype="Int8"),
    Column(name="borough", dtype="String"),
    Column(name="night", dtype="Boolean"),
    Column(name="day", dtype="Date"),
    Column(name="tip", dtype="Float32"),
]
DOOR = JsonDoor(InputSchema.of(COLUMNS, SPEC))
GOOD = {"distance": 1.5, "riders": 2, "borough": "Queens", "night": False, "day": "2013-05-31"}
GOOD["tip"] = 0.1
ROW = (1.5, 2, "Queens", False, "2013-05-31", 0.10000000149011612)


def read(body):
    return DOOR.read(json.dumps(body).encode())


def problems(body):
    with pytest.raises(BadRequest) as caught:
        DOOR.read(body if isinstance(body, bytes) else json.dumps(body).encode())
    return [str(problem) for problem in caught.value.problems]


def test_one_object_is_one_row_and_is_answered_as_one():
    rows = read(GOOD)
    assert (rows.values, rows.single) == ([ROW], True)


def test_a_list_of_records_and_a_table_of_columns_are_the_same_rows():
    records = [GOOD, {**GOOD, "riders": None}]
    table = {name: [record[name] for record in records] for name in GOOD}
    assert read(records).values == read(table).values == [ROW, (1.5, None, *ROW[2:])]
    assert not read(records).single
    assert not read(table).single


def test_lines_are_records_and_empty_lines_count_for_nothing():
    line = json.dumps(GOOD)
    assert DOOR.read_lines(f"{line}\n\n{line}\r\n".encode()).values == [ROW, ROW]


def test_a_line_that_is_no_json_is_named():
    with pytest.raises(BadRequest, match="line 3: the body is no JSON"):
        DOOR.read_lines(f"{json.dumps(GOOD)}\n\n{{\n".encode())


def test_key_columns_may_come_and_are_kept_apart():
    rows = read([{**GOOD, "trip": 7}])
    assert rows.values == [ROW]
    assert rows.keys == [(7,)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"distance": "far"}, 'row 1, column `distance`: "far" is not a number between 0 and 100'),
        ({"distance": True}, "row 1, column `distance`: true is not a number between 0 and 100"),
        ({"distance": 101}, "row 1, column `distance`: 101 is not a number between 0 and 100"),
        ({"riders": 2.5}, "row 1, column `riders`: 2.5 is not a whole number (Int8)"),
        ({"riders": 200}, "row 1, column `riders`: 200 is not a whole number (Int8)"),
        ({"riders": 10**30}, f"row 1, column `riders`: {10**30} is not a whole number (Int8)"),
        ({"borough": 3}, "row 1, column `borough`: 3 is not text"),
        ({"night": 1}, "row 1, column `night`: 1 is not true or false"),
        ({"day": 20130531}, "row 1, column `day`: 20130531 is not a date such as 2013-05-31"),
        ({"tip": 1e39}, "row 1, column `tip`: 1e+39 is not a number"),
        ({"fare": 9}, "row 1, column `fare`: is what the model predicts; leave it out"),
        (
            {"ridders": 9},
            "row 1, column `ridders`: is not known. Did you mean `riders`?",
        ),
        ({"day": ["x"]}, 'row 1, column `day`: ["x"] is not a date such as 2013-05-31'),
    ],
)
def test_what_is_wrong_is_named_by_row_column_value_and_expectation(change, told):
    assert problems({**GOOD, **change}) == [told]
    assert problems([{**GOOD, **change}]) == [told]


def test_a_missing_column_is_named_with_what_may_have_been_meant():
    body = {**GOOD, "distanse": 3}
    del body["distance"]
    first, second = problems([GOOD, body])
    assert first.startswith("row 2, column `distance`: is missing. Did you mean `distanse`?")
    assert second == "row 2, column `distanse`: is not known. Did you mean `distance`?"


def test_a_stranger_is_answered_with_the_known_columns_and_a_missing_one_is_not():
    told = problems([{"speed": 3}])
    assert told[0] == "row 1, column `distance`: is missing. null stands for an unknown value"
    known = "borough, day, distance, night, riders, tip, trip"
    assert told[-1] == f"row 1, column `speed`: is not known. Known: {known}"


def test_every_problem_of_a_request_is_told_up_to_a_number():
    assert len(problems([{**GOOD, "riders": "x", "night": 2}] * 3)) == 6
    assert len(problems([{**GOOD, "riders": "x"}] * 100)) == MOST


def test_a_whole_number_may_be_spelt_as_a_float():
    assert read({**GOOD, "riders": 2.0}).values == [ROW]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "the body is no JSON"),
        (b"{", "the body is no JSON"),
        (b"\xff\xfe", "the body is no JSON"),
        (b'{"distance": NaN}', "the body is no JSON"),
        (b"[" * 100_000, "the body is nested too deep"),
        (b"3", "the body is 3"),
        (b"[3]", "row 1: is 3; expected an object"),
        (b'{"distance": 1e999}', "the body is no JSON"),
    ],
)
def test_what_is_no_table_of_json_is_refused_with_what_is_expected(body, told):
    assert problems(body)[0].startswith(told)


def test_columns_of_different_lengths_are_named_with_their_lengths():
    table = {name: [value] for name, value in GOOD.items()} | {"riders": [1, 2]}
    assert problems(table) == [
        (
            "the columns differ in length: `distance` has 1, `riders` has 2, `borough` has 1, "
            "`night` has 1, `day` has 1, `tip` has 1"
        )
    ]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@given(st.dictionaries(st.sampled_from([*GOOD, "trip", "other"]), VALUES))
def test_the_quick_reading_and_the_careful_one_let_in_the_same_rows(change):
    body = GOOD | change
    try:
        quick = DOOR.read(json.dumps(body).encode()).values
    except BadRequest as bad:
        quick = [str(problem) for problem in bad.problems]
    try:
        careful = DOOR._closer(body).values
    except BadRequest as bad:
        careful = [str(problem) for problem in bad.problems]
    assert quick == careful


@given(st.binary(max_size=200))
def test_no_bytes_are_a_bug(body):
    for reading in (DOOR.read, DOOR.read_lines):
        with contextlib.suppress(BadRequest):
            reading(body)
