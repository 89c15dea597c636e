"""Files that hold a series a line become rows of a series and a time."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import datetime

import polars as pl
import pytest
from tests.forecasts.conftest import M4

from keepfit.data.files.series_files import from_deepar, holds_series, read_tsf
from keepfit.durations import Duration
from keepfit.errors import SourceError, UserError

TSF = """\
# two shops
@relation sales
@attribute series_name string
@attribute start_timestamp date
@attribute state string
@frequency daily
@horizon 7
@missing true
@data
T1:2024-01-01 00-00-00:NSW:1,2.5,?,4
T2:2024-02-28 00-00-00:VIC:7,8
"""


def read(tmp_path, text, name="sales.tsf"):
    path = tmp_path / name
    path.write_text(text)
    return read_tsf(path, name)


def test_a_line_of_tsf_is_a_row_a_step(tmp_path):
    rows = read(tmp_path, TSF)
    assert rows.columns == ["series_name", "state", "time", "value"]
    assert rows.rows()[2:] == [
        ("T1", "NSW", datetime.fromisoformat("2024-01-03"), None),
        ("T1", "NSW", datetime.fromisoformat("2024-01-04"), 4.0),
        ("T2", "VIC", datetime.fromisoformat("2024-02-28"), 7.0),
        ("T2", "VIC", datetime.fromisoformat("2024-02-29"), 8.0),
    ]


def test_the_sample_of_the_archive_is_read():
    path = M4.parent / "tsf_sample" / "ausgrid_weekly_sample.tsf.gz"
    if not path.exists():
        pytest.skip("the shared data sets are not here: tsf_sample")
    rows = read_tsf(path, path.name)
    with gzip.open(path, "rt") as file:
        lines = [line.rstrip() for line in file if line.startswith("T")]
    assert rows["series_name"].n_unique() == len(lines) == 299
    for line in (lines[0], lines[-1]):
        name, start, values = line.split(":")
        found = rows.filter(pl.col("series_name") == name)
        assert found["value"].to_list() == [float(value) for value in values.split(",")]
        assert found["time"][0] == datetime.strptime(start, "%Y-%m-%d %H-%M-%S")  # noqa: DTZ007
    assert rows["time"].dt.weekday().n_unique() == 1


def test_months_are_as_long_as_they_are(tmp_path):
    rows = read(tmp_path, TSF.replace("daily", "monthly"))
    assert [str(at.date()) for at in rows["time"][:4]] == [f"2024-0{n}-01" for n in range(1, 5)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("00-00-00:VIC", "00-00-00", "line 11: 'T2.* has 2 colons; expected 3"),
        ("2024-02-28", "2024-02-31", "line 11 has no start_timestamp that can be read"),
        ("7,8", "7,eight", "line 11 has a value that is no number"),
        ("@attribute start_timestamp date\n", "", "has no @attribute start_timestamp"),
        ("daily", "4_seconds", "@frequency is '4_seconds'; expected one of minutely, hourly"),
        ("@frequency daily\n", "", "@frequency is ''"),
    ],
)  # fmt: skip
def test_a_line_that_is_none_of_the_format_is_named(tmp_path, old, new, told):
    assert old in TSF
    with pytest.raises(SourceError, match=told):
        read(tmp_path, TSF.replace(old, new))


NORTH = {"start": "2024-01-01 00:00:00", "target": [1.0, None, 3.0], "cat": [4, 0]}
SOUTH = {"start": "2024-01-05", "target": [7, 8], "cat": [5, 1], "dynamic_feat": [[0, 1]]}
LINES = [{**NORTH, "dynamic_feat": [[1, 2, 3, 9]]}, SOUTH]


def deepar(tmp_path, lines, frequency="1 hour"):
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    read = pl.read_ndjson(path, infer_schema_length=None)
    assert holds_series(read.schema)
    return from_deepar(read, frequency and Duration.parse(frequency), "train.jsonl")


def test_a_line_of_deepar_is_a_row_a_step(tmp_path):
    rows = deepar(tmp_path, LINES)
    assert rows.columns == ["item", "time", "target", "cat_0", "cat_1", "dynamic_feat_0"]
    assert rows.rows() == [
        (0, datetime.fromisoformat("2024-01-01T00:00"), 1.0, 4, 0, 1),
        (0, datetime.fromisoformat("2024-01-01T01:00"), None, 4, 0, 2),
        (0, datetime.fromisoformat("2024-01-01T02:00"), 3.0, 4, 0, 3),
        (0, datetime.fromisoformat("2024-01-01T03:00"), None, 4, 0, 9),  # known, and yet to come
        (1, datetime.fromisoformat("2024-01-05T00:00"), 7.0, 5, 1, 0),
        (1, datetime.fromisoformat("2024-01-05T01:00"), 8.0, 5, 1, 1),
    ]


def test_missing_values_may_be_spelled_nan(tmp_path):
    rows = deepar(tmp_path, [{"start": "2024-01-01", "target": [1, "NaN", 2]}])
    assert rows["target"].to_list() == [1.0, None, 2.0]


def test_lines_that_are_no_series_are_named(tmp_path):
    with pytest.raises(SourceError, match="line 2 has no start that can be read"):
        deepar(tmp_path, [LINES[0], {**LINES[1], "start": "soon"}])
    with pytest.raises(
        SourceError, match="line 2 has fewer steps in dynamic feat 0 than in target"
    ):
        deepar(tmp_path, [LINES[0], {**LINES[1], "dynamic_feat": [[1]]}])
    with pytest.raises(UserError, match="nobody says how far its steps are apart") as refused:
        deepar(tmp_path, LINES, frequency=None)
    assert "frequency" in refused.value.hint


def test_other_json_lines_stay_rows():
    assert not holds_series({"target": pl.Float64(), "start": pl.String()})
    assert not holds_series({"target": pl.List(pl.Float64())})


PROJECT = """
[project]
name = "files"
[model.a]
kind   = "seasonal-naive"
target = "{target}"
data   = {{ source = "{source}", time = "time" }}
series = {{ id = ["{id}"], frequency = "1 day", horizon = 3, season = 7 }}
"""


@pytest.mark.parametrize("form", ["tsf", "jsonl", "jsonl.gz"])
def test_a_project_learns_from_such_files(tmp_path, form):
    values = [[float(n % 7 + 10 * shop) for n in range(40)] for shop in (1, 2)]
    if form == "tsf":
        head, _, _ = TSF.partition("T1")
        text = head + "".join(
            f"T{n}:2024-01-01 00-00-00:X:{','.join(map(str, row))}\n"
            for n, row in enumerate(values)
        )
        names = {"target": "value", "id": "series_name"}
    else:
        text = "".join(json.dumps({"start": "2024-01-01", "target": row}) + "\n" for row in values)
        names = {"target": "target", "id": "item"}
    data = text.encode()
    (tmp_path / f"some.{form}").write_bytes(gzip.compress(data) if form.endswith("gz") else data)
    (tmp_path / "keepfit.toml").write_text(PROJECT.format(source=f"some.{form}", **names))
    asked = {names["id"]: "T1" if form == "tsf" else 1, "time": "2024-02-10"}
    (tmp_path / "asked.jsonl").write_text(json.dumps(asked) + "\n")
    for verb in (
        ["check"],
        ["run"],
        ["predict", "a@latest", "asked.jsonl", "said.csv"],
        ["rebuild", "a@latest"],
    ):
        command = [sys.executable, "-m", "keepfit", *verb]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    said = pl.read_csv(tmp_path / "said.csv")
    assert said["prediction"].to_list() == [40 % 7 + 20]


def test_series_a_line_are_no_rows_to_be_answered(tmp_path):
    from keepfit.data.files.sources import format_of

    assert format_of("a.tsf.gz", series=True) == ("tsf", "gz")
    with pytest.raises(UserError, match=r"expected \.csv"):
        format_of("a.tsf")
