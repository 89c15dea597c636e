import itertools
import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet as PeerElasticNet

from keepfit.config.schema.rows import Encode
from keepfit.errors import UserError
from keepfit.kinds.base import Lesson
from keepfit.kinds.encode import learn
from keepfit.kinds.linear import descent
from keepfit.kinds.linear.design import design_of
from keepfit.kinds.linear.lasso import ELASTIC_NET, LASSO
from keepfit.kinds.linear.least_squares import RIDGE
from keepfit.kinds.linear.params import ElasticNet, Lasso

LEVELS = {"g": "abcdefgh", "h": "xyz"}


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 4))
    x[:, 1] += x[:, 0]
    x[:, 3] = x[:, 3] * 10 + 100
    g, h = random.choice(list(LEVELS["g"]), 400), random.choice(list(LEVELS["h"]), 400)
    y = x[:, 0] + 0.1 * x[:, 3] + 2.0 * (g == "a") - (h == "x") + random.normal(size=400)
    columns = {f"x{i}": x[:, i] for i in range(4)}
    return pl.DataFrame({**columns, "g": g, "h": h, "y": y})


def plain_columns(table):
    hot = [pl.col(n).eq(v).cast(pl.Float64).alias(n + v) for n, vs in LEVELS.items() for v in vs]
    return table.select("x0", "x1", "x2", "x3", *hot).to_numpy()


def fit(kind, lesson, **params):
    return kind.fit(lesson, kind.params(**params), seed=0, threads=1)


def flat(fitted):
    out = fitted.plain.outputs[0]
    return np.array([*out.numbers, *itertools.chain(*out.categories)])


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.01])
@pytest.mark.parametrize("alpha", [1e-3, 0.1, 1.0, 50.0])
def test_it_is_scikit_learns_on_the_plain_columns(lesson, table, alpha, ratio, intercept):
    params = {"alpha": alpha, "l1_ratio": ratio, "fit_intercept": intercept}
    fitted = fit(ELASTIC_NET, lesson(table, scale=False), **params)
    peer = PeerElasticNet(**params, tol=1e-12, max_iter=20_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at that tolerance it does not always believe itself
        peer.fit(plain_columns(table), table["y"])
    expected = peer.predict(plain_columns(table))
    np.testing.assert_allclose(fitted.predict(table).values, expected, rtol=0, atol=1e-6)


def test_lasso_is_elastic_net_of_nothing_but_l1(lesson, table):
    lasso = fit(LASSO, lesson(table), alpha=0.1)
    net = fit(ELASTIC_NET, lesson(table), alpha=0.1, l1_ratio=1.0)
    assert flat(lasso).tolist() == flat(net).tolist()
    assert (flat(lasso) == 0).any()


def test_without_l1_it_is_ridge(lesson, table):
    net = fit(ELASTIC_NET, lesson(table), alpha=0.1, l1_ratio=0.0)
    ridge = fit(RIDGE, lesson(table), alpha=0.1 * 400)
    assert flat(net).tolist() == flat(ridge).tolist()


def test_enough_alpha_drops_every_column(lesson, table):
    fitted = fit(LASSO, lesson(table), alpha=1e6)
    assert not flat(fitted).any()
    assert fitted.plain.outputs[0].intercept == pytest.approx(table["y"].mean())


def test_green_taxi_gives_the_published_error(lesson, data):
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

    train, later = month("2021-01"), month("2021-02")
    given_ = lesson(train, "duration", ["PU_DO", "trip_distance"], scale=False)
    fitted = fit(LASSO, given_, alpha=0.01)
    errors = fitted.predict(later).values - later["duration"]
    assert float((errors**2).mean() ** 0.5) == pytest.approx(11.167276, abs=2e-6)


def test_prostate_gives_the_subset_of_the_elements(lesson, data):
    frame = pl.read_csv(data("regression_classics/prostate.csv"))
    names = ["lcavol", "lweight", "age", "lbph", "svi", "lcp", "gleason", "pgg45"]
    frame = frame.with_columns((pl.col(n) - pl.col(n).mean()) / pl.col(n).std() for n in names)
    train, test = frame.filter(pl.col("train") == "T"), frame.filter(pl.col("train") == "F")
    fitted = fit(LASSO, lesson(train, "lpsa", names, scale=False), alpha=0.22817)
    found = dict(zip(names, flat(fitted).round(3).tolist(), strict=True))
    assert {name: weight for name, weight in found.items() if weight} == {
        "lcavol": 0.533,
        "lweight": 0.176,
        "svi": 0.074,
    }
    errors = fitted.predict(test).values - test["lpsa"]
    assert round(float((errors**2).mean()), 4) == 0.4905


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    alpha=st.sampled_from([1e-6, 1e-3, 0.03, 0.3]),
    ratio=st.sampled_from([1.0, 0.3]),
    intercept=st.booleans(),
    rare=st.integers(1, 4),
)
def test_the_answer_meets_the_conditions_of_the_least(seed, alpha, ratio, intercept, rare):
    random = np.random.default_rng(seed)
    x, g, h = random.normal(size=(40, 2)), random.integers(0, 9, 40), random.integers(0, 4, 40)
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "g": g, "h": h, "y": random.normal(size=40)})
    encode = Encode(scale=False, categorical=("g", "h"), rare=rare)
    params = ElasticNet(alpha=alpha, l1_ratio=ratio, fit_intercept=intercept)
    given_ = Lesson(("a", "b", "g", "h"), "y", frame, frame.clear(), encode)
    fitted = ELASTIC_NET.fit(given_, params, seed=0, threads=1)
    kept = [
        [np.equal(codes, level) for level in category.levels]
        for codes, category in zip((g, h), fitted.plain.encoding.categories, strict=True)
    ]
    columns = np.stack([x[:, 0], x[:, 1], *kept[0], *kept[1]], axis=1).astype(float)
    residual = (frame["y"] - fitted.predict(frame).values).to_numpy()
    weights = flat(fitted)
    slopes = columns.T @ residual / 40 - alpha * (1 - ratio) * weights
    inside = weights == 0
    assert np.abs(slopes[inside]).max(initial=0) <= alpha * ratio + 1e-6
    np.testing.assert_allclose(
        slopes[~inside], alpha * ratio * np.sign(weights[~inside]), rtol=0, atol=1e-6
    )
    if intercept:
        assert residual.mean() == pytest.approx(0, abs=1e-9)


def test_the_gap_is_none_at_the_least_and_positive_elsewhere(lesson, table):
    rows = table.drop("y")
    encoding = learn(rows, rows.columns, Encode())
    design = design_of(rows, encoding, intercept=True, scale=True)
    target, penalty = table["y"].to_numpy(), descent.Penalty(40.0, 0.0)
    answer = descent.descend_coordinates(design, target, penalty, descent.Stop(1e-12, 100))
    centred = target - target.mean()

    def gap(nudge):
        moved = answer + nudge * design.penalised
        residual = target - design.times(moved)
        return descent._gap(design, moved, residual - residual.mean(), centred, penalty)

    assert gap(0.0) == pytest.approx(0, abs=1e-8)
    assert gap(0.1) > 1


def test_too_few_rounds_are_an_error_with_a_next_step(lesson, table):
    with pytest.raises(UserError, match=r"no answer after 1 rounds \(max_iter\)") as error:
        fit(LASSO, lesson(table), alpha=1e-3, max_iter=1)
    assert "raise params.max_iter" in error.value.hint


def test_columns_that_are_copies_do_not_keep_it_from_an_answer(lesson, table):
    frame = table.with_columns(copy=pl.col("x0"), constant=1.0)
    fitted = LASSO.fit(lesson(frame), Lasso(alpha=1e-5), seed=0, threads=1)
    alone = LASSO.fit(lesson(table), Lasso(alpha=1e-5), seed=0, threads=1)
    np.testing.assert_allclose(
        fitted.predict(frame).values, alone.predict(table).values, rtol=0, atol=1e-6
    )
