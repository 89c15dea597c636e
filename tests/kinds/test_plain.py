import json
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepfit.config.schema.rows import Encode
from keepfit.errors import Corrupt
from keepfit.kinds.base import Lesson
from keepfit.kinds.linear.least_squares import LINEAR, RIDGE
from keepfit.kinds.linear.logistic import LOGISTIC
from keepfit.kinds.linear.params import Logistic, Ridge
from keepfit.kinds.linear.plain_file import FILE
from keepfit.kinds.scores import softmax, two_shares

FEATURES = ("x0", "x1", "count", "flag", "g")


@st.composite
def frames(draw, rows):
    """Rows of numbers, booleans and text, with nulls, NaN, infinities and levels never seen."""
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    odd = random.choice([1.0, np.nan, np.inf], (rows, 2), p=[0.9, 0.05, 0.05])
    numbers = random.normal(size=(rows, 2)) * 10.0 ** random.integers(-3, 6, 2) * odd
    return pl.DataFrame(
        {
            "x0": numbers[:, 0],
            "x1": pl.Series(numbers[:, 1], dtype=pl.Float32, strict=False),
            "count": random.integers(-5, 1000, rows),
            "flag": random.choice([True, False, None], rows).tolist(),
            "g": random.choice(["a", "b", "ä", f"only {seed}", None], rows).tolist(),
            "y": random.normal(size=rows),
        },
        schema_overrides={"flag": pl.Boolean, "g": pl.String},
    ).with_columns(pl.when(pl.int_range(pl.len()) % 7 != 3).then(pl.col("x0")).alias("x0"))


def fit(kind, params, train, target="y", **encode):
    given_ = Lesson(FEATURES, target, train, train.clear(), Encode(**encode))
    return kind.fit(given_, params, seed=0, threads=1)


@settings(max_examples=40, deadline=None)
@given(train=frames(40), later=frames(25), missing=st.sampled_from(["mean", "median", "zero"]))
def test_numpy_and_polars_agree_bit_for_bit(train, later, missing):
    fitted = fit(RIDGE, Ridge(), train, missing=missing, categorical=("count",))
    expected = fitted.predict(later).values
    for engine in ("in-memory", "streaming"):
        shown = later.lazy().select(fitted.expression()).collect(engine=engine).to_series()
        assert shown.name == expected.name == "prediction"
        assert shown.to_numpy().tobytes() == expected.to_numpy().tobytes()


@settings(max_examples=20, deadline=None)
@given(train=frames(40), later=frames(25))
def test_labels_of_two_classes_agree_too(train, later):
    train = train.with_columns(
        y=pl.when(pl.col("y") > 0).then(pl.lit("up")).otherwise(pl.lit("dn"))
    )
    if train["y"].n_unique() == 1:
        return
    fitted = fit(LOGISTIC, Logistic(), train)
    shown = later.select(fitted.expression()).to_series()
    assert shown.to_list() == fitted.predict(later).values.to_list()


@settings(max_examples=20, deadline=None)
@given(train=frames(40), later=frames(25))
def test_a_row_alone_gets_the_bits_it_gets_among_many(train, later):
    train = train.with_columns(label=pl.int_range(pl.len()) % 3)
    for kind, params, target in [(RIDGE, Ridge(), "y"), (LOGISTIC, Logistic(), "label")]:
        fitted = fit(kind, params, train, target)
        many = fitted.predict(later)
        for row in range(later.height):
            alone = fitted.predict(later[row : row + 1])
            assert alone.values.to_list() == many.values[row : row + 1].to_list()
            if many.probabilities is not None:
                assert alone.probabilities.tobytes() == many.probabilities[row].tobytes()


def test_there_is_no_expression_where_it_could_not_say_the_same(lesson):
    rows = pl.DataFrame({"x": [1.0, 2.0, 3.0], "y": [0, 1, 2]})
    assert LOGISTIC.fit(lesson(rows), Logistic(), seed=0, threads=1).expression() is None
    refusing = RIDGE.fit(lesson(rows, missing="fail"), Ridge(), seed=0, threads=1)
    assert refusing.expression() is None
    wide = pl.DataFrame({f"x{i}": [1.0, 2.0] for i in range(301)}).with_columns(y=pl.Series([1, 2]))
    assert RIDGE.fit(lesson(wide), Ridge(), seed=0, threads=1).expression() is None


def test_no_rows_get_no_answers(lesson):
    rows = pl.DataFrame({"x": [1.0, 2.0, 3.0], "g": ["a", "b", None], "y": [0, 1, 2]})
    for kind in (LINEAR, LOGISTIC):
        found = kind.fit(lesson(rows), kind.params(), seed=0, threads=1).predict(rows.clear())
        assert found.values.len() == 0
    assert found.probabilities.shape == (0, 3)


def test_categories_of_which_none_is_kept_predict_the_mean(lesson):
    rows = pl.DataFrame({"g": ["a", "b"], "y": [1.0, 3.0]})
    fitted = LINEAR.fit(lesson(rows, rare=5), LINEAR.params(), seed=0, threads=1)
    assert fitted.predict(rows).values.to_list() == [2.0, 2.0]
    assert rows.select(fitted.expression()).to_series().to_list() == [2.0, 2.0]


@pytest.fixture
def saved(lesson):
    rows = pl.DataFrame({"x": [1.0, 2.0, 4.0], "g": ["a", "b", "b"], "y": [1.0, 2.0, 0.0]})
    return RIDGE.fit(lesson(rows), Ridge(), seed=0, threads=1).save()


def test_a_model_is_one_file_of_canonical_json(saved):
    assert list(saved) == [FILE]
    text = json.dumps(json.loads(saved[FILE]), sort_keys=True, separators=(",", ":"))
    assert text.encode() == saved[FILE]
    assert RIDGE.load(saved).save() == saved


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"format":1', '"format":2', "no linear model"),
        ('"kind":"ridge"', '"kind":"lasso"', "no ridge model: it says lasso"),
        ('"levels":["a","b"]', '"levels":["b","a"]', "levels of `g` out of order"),
        ('"levels":["a","b"]', '"levels":["a"]', "weights that are not one a column and level"),
        ('"levels":["a","b"]', '"levels":[1.0,2.0]', "levels of `g` that are not text"),
        ('"classes":[]', '"classes":["a"]', "1 outputs for 1 classes"),
        ('"classes":[]', '"classes":["a","b","c"]', "1 outputs for 3 classes"),
        ('"classes":[]', '"classes":[[]]', "no linear model"),
        ('"mean":', '"maen":', "no linear model"),
        ("{", "[", "no linear model"),
    ],
)
def test_a_file_that_contradicts_itself_is_not_loaded(saved, before, after, message):
    text = saved[FILE].decode()
    assert before in text
    with pytest.raises(Corrupt, match=message):
        RIDGE.load({FILE: text.replace(before, after, 1).encode()})


def test_a_missing_file_is_not_loaded():
    with pytest.raises(Corrupt, match=FILE):
        RIDGE.load({})


def test_what_is_shown_of_a_model(lesson):
    rows = pl.DataFrame(
        {"x": [1.0, 2.0, None], "f": [True, False, True], "g": ["a", None, "b"], "y": [9, 2, 1]}
    )
    shown = RIDGE.fit(lesson(rows), Ridge(), seed=0, threads=1).describe()
    assert shown["kind"] == "ridge"
    assert shown["encoding"]["numbers"] == [
        {
            "column": "x",
            "missing": pytest.approx(1.5, rel=1e-15),
            "mean": pytest.approx(1.5, rel=1e-15),
            "deviation": pytest.approx(np.sqrt(1 / 6)),
        }
    ]
    assert shown["encoding"]["categories"] == [
        {"column": "f", "levels": 2, "missing": "no weight"},
        {"column": "g", "levels": 2, "missing": "a level of its own"},
    ]
    names = {(row["column"], row.get("level")) for row in shown["coefficients"]}
    assert names == {
        ("x", None),
        ("f", "false"),
        ("f", "true"),
        ("g", "a"),
        ("g", "b"),
        ("g", "(missing)"),
    }
    sizes = [abs(row["standardised"]["prediction"]) for row in shown["coefficients"]]
    assert sizes == sorted(sizes, reverse=True)


def test_a_class_each_is_shown_where_there_are_several(lesson):
    rows = pl.DataFrame({"x": [1.0, 2.0, 3.0], "y": ["a", "b", "c"]})
    three = LOGISTIC.fit(lesson(rows), Logistic(), seed=0, threads=1).describe()
    assert set(three["intercept"]) == {"a", "b", "c"}
    two = LOGISTIC.fit(lesson(rows.head(2)), Logistic(), seed=0, threads=1).describe()
    assert set(two["intercept"]) == {"b"}


@given(st.lists(st.floats(-800, 800), min_size=1))
def test_shares_of_two_are_the_softmax_against_zero(scores):
    found = two_shares(np.array(scores))
    other = softmax(np.stack([np.zeros(len(scores)), np.array(scores)]))
    np.testing.assert_allclose(found, other, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-15)


def test_a_small_fit_takes_no_time(lesson):
    random = np.random.default_rng(0)
    rows = pl.DataFrame(random.normal(size=(442, 11)), schema=[*(f"x{i}" for i in range(10)), "y"])
    given_, times = lesson(rows), []
    for _ in range(10):
        start = time.perf_counter()
        RIDGE.fit(given_, Ridge(), seed=0, threads=1)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.01  # 0.6 ms where it was measured
