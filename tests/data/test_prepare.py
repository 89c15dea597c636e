from __future__ import annotations

import random

import polars as pl
import pytest

from keepfit.data.prepare import prepare, ready
from keepfit.data.splitting.keys import row_keys
from keepfit.errors import DataRefused, UserError

HEADER = "id,t,km,fare,place\n"


def lines(first: int, last: int) -> list[str]:
    return [
        f"{i},2020-01-{i % 28 + 1:02} {i % 24:02}:00:00,{i},{i * 2.5 - 3},p{i % 3}\n"
        for i in range(first, last)
    ]


@pytest.fixture
def trips(project):
    project.write("trips-1.csv", HEADER + "".join(lines(0, 40)))
    project.write("trips-2.csv", HEADER + "".join(lines(40, 90)))
    return project


def model(spec, features=("km", "hour"), split=None, **data):
    return spec(
        target="fare",
        features=features,
        data={
            "source": "trips-*.csv",
            "time": "t",
            "key": ["id"],
            "clean": {"positive": "fare > 0", "daytime": "hour >= 3"},
            "derive": {"hour": "hour(t)"},
        }
        | data,
        split=split or {"holdout": "1 week"},
    )


def prepared(project, model, **more):
    snapshot = project.freeze(model)
    return prepare(snapshot, model, project.parts.path, root=project.root, **more)


def test_rows_come_out_derived_cleaned_and_cut(trips, spec):
    made = prepared(trips, model(spec))
    assert [removal.rule for removal in made.removals] == ["positive", "daytime"]
    assert made.removals[0].rows == 2
    assert made.removals[0].examples[0] == {
        "id": "0",
        "t": "2020-01-01 00:00:00",
        "fare": "-3.0",
    }
    assert made.split.train["hour"].min() == 3
    assert made.split.report.cut == "2020-01-22T00:00:00"
    total = made.split.report.train + made.split.report.holdout
    assert total + sum(removal.rows for removal in made.removals) == 90
    assert [column.name for column in made.schema] == ["t", "km"]
    assert made.findings == ()


def test_the_order_of_files_and_of_their_rows_changes_nothing(trips, spec):
    one = prepared(trips, model(spec))
    rows = lines(0, 90)
    random.Random(1).shuffle(rows)
    trips.write("trips-1.csv", HEADER + "".join(rows[:70]))
    trips.write("trips-2.csv", HEADER + "".join(rows[70:]))
    two = prepared(trips, model(spec))
    assert one.split.train.equals(two.split.train)
    assert one.split.holdout.equals(two.split.holdout)
    assert one.split.report == two.split.report


def test_a_transform_sees_no_target_and_its_rows_keep_every_column(trips, spec):
    seen = []

    def miles(rows: pl.LazyFrame) -> pl.LazyFrame:
        seen.extend(rows.collect_schema().names())
        return rows.select("km", miles=pl.col("km") / 1.609344)

    made = prepared(trips, model(spec, features=("miles",), transform="a:b"), transform=miles)
    assert "fare" not in seen
    assert {"id", "t", "km", "fare", "place", "hour", "miles"} <= set(made.split.train.columns)
    assert [column.name for column in made.schema] == ["id", "t", "km", "place"]


def test_rows_can_be_had_as_they_came_in_though_derive_and_transform_wrote_over_them(trips, spec):
    def doubled(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.with_columns(pl.col("km") * 2, id=pl.lit(0))

    changed = model(
        spec, derive={"hour": "hour(t)", "place": "upper(place)", "km": "km + 1"}, transform="a:b"
    )
    made = prepared(trips, changed, transform=doubled)
    plain = prepared(trips, model(spec))
    holdout = made.split.holdout
    assert holdout["km"].to_list() == [(km + 1) * 2 for km in plain.split.holdout["km"]]
    assert holdout["place"][0].startswith("P")
    expected = plain.split.holdout.select("id", "t", "km", "place")
    assert made.raw(holdout).equals(expected)
    assert made.split.holdout_keys.tolist() == row_keys(expected, ("id",)).tolist()
    assert made.split.report.holdout_digest == plain.split.report.holdout_digest


def test_without_a_key_a_rows_raw_content_names_it_whatever_is_derived(trips, spec):
    one = prepared(trips, model(spec, key=()))
    two = prepared(
        trips, model(spec, key=(), derive={"hour": "hour(t)", "half": "km / 2", "km": "km + 1"})
    )
    assert one.split.train_keys.tolist() == two.split.train_keys.tolist()
    assert one.split.report.holdout_digest == two.split.report.holdout_digest


def test_a_file_of_its_own_is_frozen_cleaned_and_judges(trips, spec):
    trips.write(
        "judge.csv", HEADER + "".join(lines(100, 130)) + "999,2020-01-01 12:00:00,1,-7,p1\n"
    )
    made = prepared(trips, model(spec, split={"by": "file", "file": "judge.csv"}))
    assert made.split.holdout["id"].is_between(100, 130).all()
    assert made.split.train["id"].max() == 89
    assert made.removals[0].rows == 3


def test_what_the_checks_find_is_told_beside_the_rows(trips, spec):
    trips.write("trips-2.csv", HEADER + "".join(lines(30, 90)))
    made = prepared(trips, model(spec))
    assert [finding.check for finding in made.findings] == ["unique"]
    assert made.bad.columns == ["id", "t", "km", "fare", "place", "hour", "reason"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"features": ("km", "huor")}, r"model.m.features\[1\] is `huor`.*Did you mean `hour`"),
        ({"key": ["idd"]}, r"model.m.data.key\[0\] is `idd`"),
        ({"time": "tt"}, r"model.m.data.time is `tt`"),
        ({"split": {"by": "group", "group": "plaec"}}, r"model.m.split.group is `plaec`.*`place`"),
        ({"derive": {"hour": "hour(tt)"}}, r'model.m.data.derive.hour is "hour\(tt\)".*`tt`'),
        ({"clean": {"c": "fair > 0"}}, r'model.m.data.clean.c is "fair > 0".*Did you mean `fare`'),
    ],
)
def test_a_column_that_is_not_there_is_told_with_place_and_guess(trips, spec, changes, told):
    with pytest.raises(UserError, match=told):
        prepared(trips, model(spec, **changes))


def test_an_unknown_target_and_slice_are_told_too(trips, spec):
    broken = model(spec).model_copy(update={"target": "fair"})
    with pytest.raises(UserError, match=r"model.m.target is `fair`.*Did you mean `fare`"):
        prepared(trips, broken)


def test_a_transform_that_raises_is_told_with_the_models_key(trips, spec):
    def fails(rows: pl.LazyFrame) -> pl.LazyFrame:
        raise ValueError("no map of Oslo")

    with pytest.raises(
        UserError, match=r"model.m.data.transform: .*ValueError at .*no map of Oslo"
    ):
        prepared(trips, model(spec, transform="a:b"), transform=fails)


def test_a_derived_value_that_fails_on_the_rows_is_the_files_to_correct(trips, spec):
    derive = {"hour": "hour(t)", "n": "CAST(place AS INTEGER)"}
    with pytest.raises(UserError, match=r"model.m.data.derive: the rows cannot be computed"):
        prepared(trips, model(spec, derive=derive))


def test_rules_that_leave_nothing_are_refused(trips, spec):
    with pytest.raises(DataRefused, match="there are no rows"):
        prepared(trips, model(spec, clean={"none": "fare > 1e9"}))


def test_rows_that_are_only_made_ready_are_those_of_both_sides(trips, spec):
    wanted = model(spec, clean={}, derive={"hour": "hour(t)", "km": "km + 1"})
    snapshot = trips.freeze(wanted)
    made = prepare(snapshot, wanted, trips.parts.path).split
    rows = ready(snapshot, wanted, trips.parts.path)
    assert rows.rows.height == made.train.height + made.holdout.height
    assert set(rows.keys) == {*made.train_keys, *made.holdout_keys}
    assert rows.raw()["km"].to_list() == [km - 1 for km in rows.rows["km"]]


def test_a_target_that_is_not_a_number_is_no_target_of_ready_rows(trips, spec):
    trips.write("trips-2.csv", HEADER + "900,2020-01-05 10:00:00,1,NaN,p1\n")
    wanted = model(spec, clean={})
    rows = ready(trips.freeze(wanted), wanted, trips.parts.path).rows
    assert 900 not in rows["id"]
    assert rows.height == 40
