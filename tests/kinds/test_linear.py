import itertools

import numpy as np
import polars as pl
import pytest
import scipy.sparse
import scipy.sparse.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import Ridge as PeerRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keepfit.config.schema.rows import Encode
from keepfit.errors import DataRefused, UserError
from keepfit.kinds.base import Lesson
from keepfit.kinds.linear import squares
from keepfit.kinds.linear.least_squares import LINEAR, RIDGE
from keepfit.kinds.linear.params import Linear, Ridge

# Longley (1967) as NIST certifies it: deflator, GNP, unemployed, armed forces, population, year
LONGLEY = """
60323 83.0 234289 2356 1590 107608 1947
61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949
61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951
63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953
63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955
67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957
66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959
69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961
70551 116.9 554894 4007 2827 130081 1962
"""
LONGLEY_INTERCEPT = -3482258.63459582
LONGLEY_WEIGHTS = {
    "x1": 15.0618722713733,
    "x2": -0.358191792925910e-01,
    "x3": -2.02022980381683,
    "x4": -1.03322686717359,
    "x5": -0.511041056535807e-01,
    "x6": 1829.15146461355,
}


def fit(kind, lesson, **params):
    return kind.fit(lesson, kind.params(**params), seed=0, threads=1)


def weights(fitted):
    out, encoding = fitted.plain.outputs[0], fitted.plain.encoding
    return dict(zip((number.name for number in encoding.numbers), out.numbers, strict=True))


def rmse(fitted, rows, target):
    errors = rows.get_column(target) - fitted.predict(rows).values
    return float((errors**2).mean() ** 0.5)


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)) * [1, 100, 0.01] + [0, 1e4, 5]
    g, h = random.choice(list("abcdef"), 200), random.choice(list("xyz"), 200)
    y = x[:, 0] + 0.01 * x[:, 1] + 2.0 * (g == "a") - (h == "x") + random.normal(size=200)
    return pl.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "x2": x[:, 2], "g": g, "h": h, "y": y})


def plain_columns(table):
    return table.select(
        "x0",
        "x1",
        "x2",
        *(pl.col("g").eq(level).cast(pl.Float64).alias(f"g{level}") for level in "abcdef"),
        *(pl.col("h").eq(level).cast(pl.Float64).alias(f"h{level}") for level in "xyz"),
    ).to_numpy()


def test_longley_agrees_with_the_certified_values(lesson):
    rows = [list(map(float, line.split())) for line in LONGLEY.split("\n") if line]
    frame = pl.DataFrame(rows, schema=["y", *LONGLEY_WEIGHTS], orient="row")
    fitted = fit(LINEAR, lesson(frame))
    assert fitted.plain.outputs[0].intercept == pytest.approx(LONGLEY_INTERCEPT, rel=1e-11)
    assert weights(fitted) == pytest.approx(LONGLEY_WEIGHTS, rel=1e-11)


def test_diabetes_gives_the_coefficients_of_the_lars_paper(lesson, data):
    frame = pl.read_csv(data("regression_classics/diabetes_scaled.csv"))
    fitted = fit(LINEAR, lesson(frame, "target"))
    assert {name: round(weight, 1) for name, weight in weights(fitted).items()} == {
        "age": -10.0,
        "sex": -239.8,
        "bmi": 519.8,
        "bp": 324.4,
        "s1": -792.2,
        "s2": 476.7,
        "s3": 101.0,
        "s4": 177.1,
        "s5": 751.3,
        "s6": 67.6,
    }
    truth = frame["target"]
    r2 = 1 - rmse(fitted, frame, "target") ** 2 / float(truth.var(ddof=0))
    assert round(r2, 4) == 0.5177


def test_diabetes_bmi_alone_gives_scikit_learns_published_figures(lesson, data):
    frame = pl.read_csv(data("regression_classics/diabetes_scaled.csv"))
    fitted = fit(LINEAR, lesson(frame.head(-20), "target", features=["bmi"]))
    assert weights(fitted)["bmi"] == pytest.approx(938.23786125, abs=5e-9)
    assert rmse(fitted, frame.tail(20), "target") ** 2 == pytest.approx(2548.07239873, abs=5e-9)


def test_prostate_gives_table_3_3_of_the_elements(lesson, data):
    frame = pl.read_csv(data("regression_classics/prostate.csv"))
    names = ["lcavol", "lweight", "age", "lbph", "svi", "lcp", "gleason", "pgg45"]
    frame = frame.with_columns((pl.col(n) - pl.col(n).mean()) / pl.col(n).std() for n in names)
    train, test = frame.filter(pl.col("train") == "T"), frame.filter(pl.col("train") == "F")
    squares = fit(LINEAR, lesson(train, "lpsa", names))
    assert round(squares.plain.outputs[0].intercept, 3) == 2.465
    expected = [0.680, 0.263, -0.141, 0.210, 0.305, -0.288, -0.021, 0.267]
    assert [round(weight, 3) for weight in weights(squares).values()] == expected
    assert round(rmse(squares, test, "lpsa") ** 2, 3) == 0.521
    ridge = fit(RIDGE, lesson(train, "lpsa", names, scale=False), alpha=23.9989)
    expected = [0.421, 0.239, -0.048, 0.162, 0.227, 0.000, 0.041, 0.132]
    assert list(weights(ridge).values()) == pytest.approx(expected, abs=6e-4)
    assert round(rmse(ridge, test, "lpsa") ** 2, 4) == 0.4904


@pytest.fixture
def taxi(data):
    def month(name):
        minutes = pl.col("lpep_dropoff_datetime") - pl.col("lpep_pickup_datetime")
        return (
            pl.read_parquet(data(f"nyc_green_taxi/green_tripdata_{name}.parquet"))
            .with_columns(
                duration=minutes.dt.total_microseconds() / 6e7,
                PU_DO=pl.format("{}_{}", "PULocationID", "DOLocationID"),
            )
            .filter(pl.col("duration").is_between(1, 60))
        )

    return month("2021-01"), month("2021-02")


def test_thirteen_thousand_levels_are_solved_exactly(lesson, taxi):
    train, later = taxi
    fitted = fit(LINEAR, lesson(train, "duration", ["PU_DO", "trip_distance"]))
    levels = fitted.plain.encoding.categories[0].levels
    place = {level: index for index, level in enumerate(levels)}

    def matrix(rows):
        codes = [place.get(name, len(levels)) for name in rows["PU_DO"]]
        ones = (np.ones(len(codes)), (range(len(codes)), codes))
        hot = scipy.sparse.csr_matrix(ones, shape=(len(codes), len(levels) + 1))[:, :-1]
        return scipy.sparse.hstack([hot, rows.select("trip_distance").to_numpy()], format="csr")

    # The published figure, 7.758715, is what scikit-learn's iterative solver reaches with its
    # default tolerance. On the way to the least squares it passes there, and stops.
    early = LinearRegression(tol=1e-6).fit(matrix(train), train["duration"].to_numpy())
    errors = early.predict(matrix(later)) - later["duration"].to_numpy()
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(7.758715, abs=1e-6)
    exact = LinearRegression(tol=1e-12).fit(matrix(train), train["duration"].to_numpy())
    expected = exact.predict(matrix(later))
    np.testing.assert_allclose(fitted.predict(later).values, expected, atol=2e-4)
    assert rmse(fitted, later, "duration") == pytest.approx(7.480827, abs=1e-6)
    assert rmse(fitted, train, "duration") < np.sqrt(
        np.mean((early.predict(matrix(train)) - train["duration"].to_numpy()) ** 2)
    )


def test_levels_without_a_row_to_fix_them_lie_around_zero(lesson, taxi):
    train, _ = taxi
    for features in (["PU_DO", "trip_distance"], ["PULocationID", "DOLocationID"]):
        categories = [name for name in features if name != "trip_distance"]
        given_ = lesson(train, "duration", features, categorical=categories)
        out = fit(LINEAR, given_).plain.outputs[0]
        assert [sum(levels) for levels in out.categories] == pytest.approx(
            [0.0] * len(categories), abs=1e-9
        )


@pytest.mark.parametrize("intercept", [True, False])
def test_linear_is_scikit_learns_shortest_answer(lesson, table, intercept):
    fitted = fit(LINEAR, lesson(table), fit_intercept=intercept)
    # by default scikit-learn drops directions with a millionth of the largest one's length
    peer = LinearRegression(fit_intercept=intercept, tol=1e-14)
    peer.fit(plain_columns(table), table["y"])
    out = fitted.plain.outputs[0]
    mine = [*out.numbers, *itertools.chain(*out.categories)]
    assert mine == pytest.approx(peer.coef_.tolist(), abs=1e-8)
    assert out.intercept == pytest.approx(peer.intercept_, abs=1e-8)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e3])
def test_ridge_is_scikit_learns_on_the_plain_columns(lesson, table, alpha, intercept):
    fitted = fit(RIDGE, lesson(table, scale=False), alpha=alpha, fit_intercept=intercept)
    peer = PeerRidge(alpha=alpha, fit_intercept=intercept, solver="svd")
    peer.fit(plain_columns(table), table["y"])
    np.testing.assert_allclose(
        fitted.predict(table).values, peer.predict(plain_columns(table)), rtol=0, atol=1e-9
    )


def test_ridge_scales_numbers_unless_the_file_says_no(lesson, table):
    names = ["x0", "x1", "x2"]
    peer = make_pipeline(StandardScaler(), PeerRidge(alpha=50.0))
    peer.fit(table.select(names).to_numpy(), table["y"])
    scaled = fit(RIDGE, lesson(table, features=names), alpha=50.0)
    expected = peer.predict(table.select(names).to_numpy())
    np.testing.assert_allclose(scaled.predict(table).values, expected, rtol=0, atol=1e-10)
    plain = fit(RIDGE, lesson(table, features=names, scale=False), alpha=50.0)
    assert abs(plain.predict(table).values - expected).max() > 0.01


def test_more_columns_than_rows_give_the_shortest_answer(lesson):
    random = np.random.default_rng(1)
    x, y = random.normal(size=(5, 9)), random.normal(size=5)
    frame = pl.DataFrame(x, schema=[f"x{i}" for i in range(9)]).with_columns(y=y)
    fitted = fit(LINEAR, lesson(frame))
    peer = LinearRegression().fit(x, y)
    assert list(weights(fitted).values()) == pytest.approx(peer.coef_.tolist(), abs=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_large_and_small_designs_are_solved_alike(lesson, alpha, monkeypatch):
    random = np.random.default_rng(2)
    frame = pl.DataFrame(
        {
            "x0": random.normal(size=300) + 1e3,
            "g": random.choice(list("abcd"), 300),
            "h": random.choice([*"wxyz", None], 300),
            "y": random.normal(size=300),
        }
    ).with_columns(again=pl.col("x0") * 2)
    answers = []
    for small, largest in [(np.inf, 0), (0, np.inf), (0, 0)]:
        monkeypatch.setattr(squares, "_SMALL", small)
        monkeypatch.setattr(squares, "LARGEST", largest)
        out = fit(RIDGE, lesson(frame), alpha=alpha).plain.outputs[0]
        answers.append([out.intercept, *out.numbers, *itertools.chain(*out.categories)])
    assert answers[1] == pytest.approx(answers[0], abs=1e-7)
    assert answers[2] == pytest.approx(answers[0], abs=1e-7)


def test_columns_much_alike_keep_their_digits_in_large_designs(lesson, monkeypatch):
    monkeypatch.setattr(squares, "_SMALL", 0)
    random = np.random.default_rng(3)
    x = random.normal(size=1000)
    frame = pl.DataFrame({"a": x, "b": x + 1e-4 * random.normal(size=1000)})
    fitted = fit(LINEAR, lesson(frame.with_columns(y=3 * pl.col("a") - 2 * pl.col("b") + 5)))
    assert weights(fitted) == pytest.approx({"a": 3.0, "b": -2.0}, rel=1e-10)
    assert fitted.plain.outputs[0].intercept == pytest.approx(5.0, rel=1e-12)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), numbers=st.integers(1, 4), alpha=st.floats(0, 100))
def test_nothing_near_the_answer_is_better(seed, numbers, alpha):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(30, numbers)), random.normal(size=30)
    frame = pl.DataFrame(x, schema=[f"x{i}" for i in range(numbers)]).with_columns(y=y)
    given_ = Lesson(tuple(frame.columns[:-1]), "y", frame, frame.clear(), Encode(scale=False))
    out = RIDGE.fit(given_, Ridge(alpha=alpha), seed=0, threads=1).plain.outputs[0]

    def loss(intercept, slope):
        return np.sum((y - intercept - x @ slope) ** 2) + alpha * np.sum(slope**2)

    best = loss(out.intercept, np.array(out.numbers))
    for _ in range(5):
        nudge = random.normal(size=numbers + 1) * 0.01
        assert loss(out.intercept + nudge[0], np.array(out.numbers) + nudge[1:]) >= best


def test_a_constant_target_is_predicted(lesson):
    fitted = fit(LINEAR, lesson(pl.DataFrame({"x": [1.0, 2.0, 4.0], "y": [3.0, 3.0, 3.0]})))
    assert fitted.predict(pl.DataFrame({"x": [9.0, None]})).values.to_list() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (["a", "b"], UserError, "target `y` is String; a regression expects numbers"),
        ([True, False], UserError, "target `y` is Boolean"),
        ([1.0, float("nan")], DataRefused, "target `y` is not finite in 1 training rows"),
        (pl.Series([], dtype=pl.Float64), DataRefused, "no training rows are left"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(lesson, target, error, message):
    frame = pl.DataFrame({"y": target}).with_columns(x=1.0)
    with pytest.raises(error, match=message) as raised:
        LINEAR.fit(lesson(frame), Linear(), seed=0, threads=1)
    assert raised.value.hint


def test_coefficients_that_overflow_are_refused(lesson):
    frame = pl.DataFrame({"x": [1e-100, 2e-100, 3e-100], "y": [1e300, -1e300, -1e300]})
    with pytest.raises(UserError, match="the coefficients became infinite"):
        LINEAR.fit(lesson(frame), Linear(), seed=0, threads=1)
