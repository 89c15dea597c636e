import datetime as dt
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.rows import Encode
from keepfit.errors import NoNumber, UnknownName, UserError
from keepfit.kinds.encode import codes_of, learn, level_expression, number_expression, numbers_of

NAN, INF = float("nan"), float("inf")


def encoding(train, **encode):
    return learn(train, train.columns, Encode(**encode))


def only_number(values, **encode):
    return encoding(pl.DataFrame({"x": values}), **encode).numbers[0]


def only_category(values, **encode):
    return encoding(pl.DataFrame({"x": values}), categorical=("x",), **encode).categories[0]


@pytest.mark.parametrize(
    ("missing", "fill"), [("mean", 3.0), ("median", 2.0), ("zero", 0.0), ("fail", None)]
)
def test_a_missing_number_is_what_the_file_says(missing, fill):
    assert only_number([1.0, 2.0, 6.0], missing=missing).fill == fill


def test_nan_and_infinity_count_as_missing():
    number = only_number([1.0, None, NAN, INF, -INF, 3.0])
    assert (number.fill, number.mean) == (2.0, 2.0)
    rows = pl.DataFrame({"x": [None, NAN, INF, -INF, 5.0]})
    assert numbers_of(number, rows).tolist() == [2.0, 2.0, 2.0, 2.0, 5.0]


def test_missing_numbers_that_must_not_be_are_named_and_counted():
    train = pl.DataFrame({"x": [1.0, None, NAN]})
    with pytest.raises(NoNumber, match="column `x` has 2 rows with no finite number") as error:
        encoding(train, missing="fail")
    assert "clean" in error.value.hint
    number = only_number([1.0, 2.0], missing="fail")
    with pytest.raises(NoNumber, match="column `x` has 1 row with") as error:
        numbers_of(number, pl.DataFrame({"x": [1.0, None]}))
    (refusal,) = error.value.refusals
    assert (refusal.column, refusal.rows) == ("x", [1])


def test_a_column_of_nothing_counts_as_zero():
    assert only_number(pl.Series([None, None], dtype=pl.Float64)).fill == 0.0
    assert only_number(pl.Series([None, None])).mean == 0.0


def test_a_constant_column_has_no_deviation_at_all():
    number = only_number([0.1] * 7)
    assert (number.mean, number.deviation) == (0.1, 0.0)


def test_mean_and_deviation_hold_far_from_zero():
    number = only_number([1e9 + 1, 1e9 + 2, 1e9 + 3])
    assert number.mean == 1e9 + 2
    assert number.deviation == pytest.approx(np.sqrt(2 / 3), rel=1e-15)


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1, 2, 6], dtype=pl.Int8),
        pl.Series([1, 2, 6], dtype=pl.UInt64),
        pl.Series([1, 2, 6], dtype=pl.Float32),
        pl.Series([Decimal("1.00"), Decimal("2.00"), Decimal("6.00")]),
    ],
)
def test_every_numeric_type_is_a_number(values):
    assert only_number(values).mean == 3.0


@pytest.mark.parametrize(
    "values",
    [
        [dt.date(2020, 1, 1)],
        [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)],
        [dt.timedelta(days=1)],
        [[1, 2]],
        [b"x"],
    ],
)
def test_a_column_that_is_no_number_and_no_category_is_refused_with_a_next_step(values):
    with pytest.raises(
        UserError, match=r"feature `x` is .*; expected numbers, text or booleans"
    ) as e:
        encoding(pl.DataFrame({"x": values}))
    assert "derive" in e.value.hint


def test_numbers_beyond_all_measure_are_refused_by_name():
    with np.errstate(over="ignore"), pytest.raises(UserError, match="column `x`"):
        only_number([1e300, -1e300])


def test_text_and_booleans_are_categories_and_numbers_are_where_declared():
    train = pl.DataFrame(
        {
            "text": ["b", "a"],
            "flag": [True, False],
            "zone": [41, 7],
            "x": [1, 2],
            "factor": pl.Series(["u", "v"], dtype=pl.Categorical),
        }
    )
    learned = encoding(train, categorical=("zone",))
    assert [number.name for number in learned.numbers] == ["x"]
    levels = {category.name: category.levels for category in learned.categories}
    assert levels == {
        "text": ("a", "b"),
        "flag": (0.0, 1.0),
        "zone": (7.0, 41.0),
        "factor": ("u", "v"),
    }


def test_a_declared_category_must_be_a_feature():
    with pytest.raises(UnknownName, match="Did you mean `zone`"):
        encoding(pl.DataFrame({"zone": [1], "x": [2]}), categorical=("zones",))


def test_a_column_that_is_not_there_is_named_with_a_guess():
    number = only_number([1.0])
    with pytest.raises(UnknownName, match="no column `x`"):
        numbers_of(number, pl.DataFrame({"xx": [1.0]}))


def test_a_missing_category_is_a_level_only_if_training_saw_one():
    assert codes_of(only_category(["a", None]), pl.DataFrame({"x": ["a", None, "z"]})).tolist() == [
        0,
        1,
        2,
    ]
    without = only_category(["a", "b"])
    assert codes_of(without, pl.DataFrame({"x": ["b", None, "z"]})).tolist() == [1, 2, 2]


def test_rare_levels_count_as_unseen():
    category = only_category(["a", "a", "b", None], rare=2)
    assert (category.levels, category.missing) == (("a",), False)


@pytest.mark.parametrize(
    "seen",
    [
        pl.Series([41, 7, None, 8], dtype=pl.Int32),
        pl.Series([41.0, 7.0, NAN, 8.0]),
        pl.Series(["41", "7", None, "8"]),
    ],
)
def test_a_category_of_numbers_is_found_whatever_type_comes_later(seen):
    category = only_category([7, 41, None])
    rows = pl.DataFrame({"x": seen})
    assert codes_of(category, rows).tolist() == [1, 0, 2, 3]
    shown = rows.select(level_expression(category, np.array([1.0, 2.0, 3.0]))).to_series()
    assert shown.to_list() == [2.0, 1.0, 3.0, 0.0]


def test_text_where_numbers_were_learned_is_refused_by_name():
    number = only_number([1.0, 2.0])
    assert numbers_of(number, pl.DataFrame({"x": ["1.5"]})).tolist() == [1.5]
    with pytest.raises(UserError, match="column `x` is String with values that are no numbers"):
        numbers_of(number, pl.DataFrame({"x": ["one"]}))
    with pytest.raises(UserError, match="column `x` is Categorical"):
        numbers_of(number, pl.DataFrame({"x": pl.Series(["1"], dtype=pl.Categorical)}))


@given(
    train=st.lists(st.none() | st.sampled_from(["", "a", "b", "ä", "1"]), min_size=1),
    rows=st.lists(st.none() | st.sampled_from(["", "a", "b", "ä", "1", "z"]), min_size=1),
    rare=st.integers(1, 3),
)
def test_levels_weigh_the_same_in_numpy_and_in_polars(train, rows, rare):
    frame = pl.DataFrame({"x": pl.Series(train, dtype=pl.String)})
    category = learn(frame, ["x"], Encode(rare=rare)).categories[0]
    weights = np.arange(1.0, category.size + 1)
    later = pl.DataFrame({"x": pl.Series(rows, dtype=pl.String)})
    expected = np.append(weights, 0.0)[codes_of(category, later)]
    shown = later.select(level_expression(category, weights)).to_series()
    assert shown.to_list() == expected.tolist()
    known = [level for level in set(train) if train.count(level) >= rare]
    assert [e > 0 for e in expected] == [row in known for row in rows]


@given(
    train=st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1),
    rows=st.lists(st.none() | st.floats(), min_size=1),
    missing=st.sampled_from(["mean", "median", "zero"]),
)
def test_numbers_are_the_same_in_numpy_and_in_polars(train, rows, missing):
    number = only_number(pl.Series(train, dtype=pl.Float64), missing=missing)
    later = pl.DataFrame({"x": pl.Series(rows, dtype=pl.Float64)})
    shown = later.select(number_expression(number)).to_series().to_numpy()
    assert shown.tobytes() == numbers_of(number, later).tobytes()
    assert np.isfinite(shown).all()
