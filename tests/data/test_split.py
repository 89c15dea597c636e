# ruff: noqa: DTZ001 - the rows' own times are naive
from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepfit.config.schema.model import ModelSpec
from keepfit.data.splitting.keys import row_keys
from keepfit.data.splitting.split import check_target, cut
from keepfit.errors import DataRefused, UserError

START = datetime(2020, 1, 1)


def hours(count: int, **more) -> pl.DataFrame:
    """A row every hour from 1 January 2020."""
    times = [START + timedelta(hours=i) for i in range(count)]
    plain = {
        "id": range(count),
        "t": times,
        "x": range(count),
        "y": [float(i % 9) for i in range(count)],
    }
    return pl.DataFrame(plain | more)


def model(split=None, **data) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "name": "m",
            "kind": "ridge",
            "target": "y",
            "features": ["x"],
            "data": {"source": "a.csv", "time": "t", "key": ["id"]} | data,
            "split": split or {},
        }
    )


def ids(frame: pl.DataFrame) -> list[int]:
    return frame["id"].to_list()


def test_a_span_is_counted_back_from_the_midnight_after_the_newest_row():
    split = cut(hours(60), model({"holdout": "1 day"}))  # the newest is of 3 January, 11 o'clock
    assert split.report.cut == "2020-01-03T00:00:00"
    assert ids(split.train) == list(range(48))
    assert ids(split.holdout) == list(range(48, 60))
    assert (split.report.holdout_from, split.report.holdout_to) == (
        "2020-01-03T00:00:00",
        "2020-01-03T11:00:00",
    )


def test_a_span_is_counted_back_from_until_where_that_is_given():
    split = cut(hours(60), model({"holdout": "1 day"}), until=datetime(2020, 1, 3, 12))
    assert split.report.cut == "2020-01-02T12:00:00"
    assert ids(split.holdout) == list(range(36, 60))


def test_a_share_of_time_keeps_rows_of_one_moment_together():
    rows = hours(100, t=[START + timedelta(hours=i // 10) for i in range(100)])
    split = cut(rows, model({"holdout": 0.25, "by": "time"}))
    assert sorted(ids(split.holdout)) == list(range(70, 100))
    assert not set(split.train["t"]) & set(split.holdout["t"])


def test_validation_by_span_is_the_end_of_training_time():
    split = cut(hours(96), model({"holdout": "1 day", "validation": "1 day"}))
    assert (ids(split.train), ids(split.validation)) == (list(range(48)), list(range(48, 72)))
    assert (split.report.train, split.report.validation, split.report.holdout) == (48, 24, 24)


def test_rows_without_a_target_are_on_no_side_and_counted():
    rows = hours(60).with_columns(
        y=pl.when(pl.col("id") % 4 == 0)
        .then(None)
        .when(pl.col("id") == 1)
        .then(np.nan)
        .otherwise("y")
    )
    split = cut(rows, model({"holdout": "1 day"}))
    assert split.report.unlabelled == 16
    together = pl.concat([split.train, split.holdout])
    assert together["y"].is_not_null().all()
    assert together["y"].is_not_nan().all()
    assert together.height == 44


def test_newest_rows_that_wait_for_their_truth_do_not_move_the_holdout():
    rows = hours(96).with_columns(y=pl.when(pl.col("id") < 72).then("y"))
    assert cut(rows, model({"holdout": "1 day"})).report.cut == "2020-01-03T00:00:00"


def test_dates_and_zoned_times_are_cut_too():
    days = pl.DataFrame(
        {"id": range(9), "t": [date(2020, 1, i + 1) for i in range(9)], "x": 1, "y": range(9)}
    )
    assert ids(cut(days, model({"holdout": "2 days"})).holdout) == [7, 8]
    zoned = days.with_columns(
        t=pl.col("t").cast(pl.Datetime("us")).dt.replace_time_zone("America/New_York")
    )
    # Midnight in New York is 5 o'clock in UTC: the cut is a midnight in UTC.
    assert cut(zoned, model({"holdout": "2 days"})).report.cut == "2020-01-08T00:00:00"


BY = [
    {"holdout": 0.3},
    {"holdout": 0.3, "validation": 0.2, "seed": 7},
    {"holdout": 0.3, "by": "group", "group": "g", "validation": 0.3},
    {"holdout": "1 day", "validation": 0.2},
    {"holdout": "1 day", "validation": "6 hours"},
    {"holdout": 0.3, "by": "time"},
]


@pytest.mark.parametrize("table", BY, ids=str)
@settings(max_examples=10, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_a_split_never_hangs_on_the_order_of_the_rows(table, order):
    rows = hours(72, g=[i % 11 for i in range(72)])
    shuffled = list(range(72))
    order.shuffle(shuffled)
    one, two = cut(rows, model(table)), cut(rows[shuffled], model(table))
    assert one.report == two.report
    assert one.train.equals(two.train)
    assert one.validation.equals(two.validation)
    assert one.holdout.equals(two.holdout)
    assert one.holdout_keys.tolist() == row_keys(one.holdout, ("id",)).tolist()


@pytest.mark.parametrize("table", BY, ids=str)
@settings(max_examples=15, deadline=None)
@given(keys=st.lists(st.integers(0, 30), min_size=72, max_size=72))
def test_no_key_and_no_group_is_on_two_sides(table, keys):
    rows = hours(72, id=keys, g=[k % 7 for k in keys])
    try:
        split = cut(rows, model(table))
    except DataRefused:
        return
    sides = [set(side["id"]) for side in (split.train, split.validation, split.holdout)]
    assert len(set.union(*sides)) == sum(map(len, sides))
    assert not np.isin(split.train_keys, split.holdout_keys).any()
    if "group" in table:
        groups = [set(side["g"]) for side in (split.train, split.validation, split.holdout)]
        assert len(set.union(*groups)) == sum(map(len, groups))


def test_a_training_row_with_a_holdout_rows_key_is_left_out_and_counted():
    rows = hours(48, id=[*range(24), 3, 4, *range(100, 122)])
    split = cut(rows, model({"holdout": "1 day"}))
    assert split.report.shared == 2
    assert split.train.height == 22
    assert {3, 4} <= set(ids(split.holdout))


def test_a_row_keeps_its_side_when_others_come():
    few, many = cut(hours(500), model()), cut(hours(1000), model())
    assert set(ids(few.holdout)) == {i for i in ids(many.holdout) if i < 500}
    assert 0.15 < many.holdout.height / 1000 < 0.25


def test_another_seed_is_another_split():
    assert ids(cut(hours(100), model({"seed": 1})).holdout) != ids(cut(hours(100), model()).holdout)


def test_rows_alike_in_all_things_stay_together_where_there_is_no_key():
    rows = pl.concat([hours(200)] * 2)
    split = cut(rows, model(key=()))
    assert split.train.height + split.holdout.height == 400
    assert not set(ids(split.train)) & set(ids(split.holdout))


def test_rows_of_one_key_have_one_order():
    rows = hours(40, id=[i // 2 for i in range(40)]).with_columns(t=pl.lit(START))
    assert cut(rows, model()).train.equals(cut(rows.reverse(), model()).train)


def test_a_null_group_is_a_group():
    rows = hours(90, g=[None if i % 3 == 0 else i % 9 for i in range(90)])
    split = cut(rows, model({"holdout": 0.4, "by": "group", "group": "g"}))
    assert split.train["g"].null_count() in {0, 30}
    assert split.train["g"].null_count() + split.holdout["g"].null_count() == 30


@pytest.mark.parametrize(
    ("values", "dtype"),
    [(["train", "Holdout", "validation"], pl.String), (["T", "F", "val"], pl.String)],
)
def test_a_column_names_the_sides(values, dtype):
    rows = hours(30, side=pl.Series([values[i % 3] for i in range(30)], dtype=dtype))
    split = cut(rows, model({"by": "column", "column": "side"}))
    assert ids(split.train) == list(range(0, 30, 3))
    assert ids(split.holdout) == list(range(1, 30, 3))
    assert ids(split.validation) == list(range(2, 30, 3))


def test_true_is_a_training_row():
    split = cut(
        hours(30, side=[i < 20 for i in range(30)]), model({"by": "column", "column": "side"})
    )
    assert ids(split.train) == list(range(20))


def test_a_side_that_is_none_is_told():
    rows = hours(3, side=["train", "holdout", "tarin"])
    with pytest.raises(UserError, match=r"split.column is `side`, which holds 'tarin'"):
        cut(rows, model({"by": "column", "column": "side"}))


def test_a_file_of_its_own_is_the_holdout():
    rows, file_rows = hours(30), hours(40)[28:]
    split = cut(rows, model({"by": "file", "file": "h.csv"}), file_rows=file_rows)
    assert ids(split.holdout) == list(range(28, 40))
    assert ids(split.train) == list(range(28))
    assert split.report.shared == 2


def test_the_digests_know_the_keys_of_each_side():
    one = cut(hours(100), model()).report
    other = cut(hours(100).with_columns(pl.col("id") + 1), model()).report
    assert one.train_digest != other.train_digest
    assert one.holdout_digest != other.holdout_digest
    assert (
        one.train_digest
        == cut(hours(100).with_columns(x=-pl.col("x")), model()).report.train_digest
    )


def test_the_model_has_seen_its_validation_rows():
    split = cut(hours(96), model({"holdout": "1 day", "validation": "1 day"}))
    assert split.train_keys.tolist() == sorted(row_keys(hours(72), ("id",)).tolist())


@pytest.mark.parametrize(
    ("rows", "table", "told"),
    [
        (hours(0), {}, "cannot learn the target `y`: there are no rows"),
        (hours(9, y=[None] * 9), {}, "all 9 rows have null there"),
        (hours(9, y=[float("nan")] * 9), {}, "all 9 rows have null there"),
        (hours(9, y=[4.0] * 9), {"holdout": "2 hours"}, "`y` is 4.0 in all 7 training rows"),
        (hours(9, y=["a"] * 9), {"holdout": "2 hours"}, "`y` is 'a' in all 7 training rows"),
        (hours(9), {"holdout": "1 day"}, "no training rows .*begins at 2020-01-01T00:00:00"),
        (hours(9), {"holdout": 1e-9}, "no holdout rows"),
    ],
)
def test_what_cannot_be_learned_or_judged_is_refused(rows, table, told):
    until = datetime(2020, 1, 1, 9) if table.get("holdout") == "2 hours" else None
    with pytest.raises(DataRefused, match=told):
        cut(rows, model(table), until=until)


def test_a_month_without_rows_is_an_empty_holdout():
    with pytest.raises(DataRefused, match=r"no holdout rows .*begins at 2020-05-01"):
        cut(hours(99), model({"holdout": "1 month"}), until=datetime(2020, 6, 1))


def test_a_span_without_a_time_column_is_told_with_what_to_name():
    with pytest.raises(UserError, match=r"split.holdout is 1 day of time") as caught:
        cut(hours(9), model({"holdout": "1 day"}, time=None))
    assert "model.m.data.time" in str(caught.value.hint)


def test_text_is_no_target_of_a_regression():
    split = cut(hours(40, y=["ab"[i % 2] for i in range(40)]), model())
    check_target(split, "y", "classification")
    with pytest.raises(UserError, match="`y` is text; expected a number"):
        check_target(split, "y", "regression")
    with pytest.raises(UserError, match="`t` is a time"):
        check_target(split, "t", "classification")
