import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from keepfit.errors import DataRefused, UserError
from keepfit.kinds.linear import newton
from keepfit.kinds.linear.logistic import LOGISTIC
from keepfit.kinds.linear.params import Logistic

NUMBERS = ["x0", "x1", "x2", "x3"]


def table(classes, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(300, 4))
    x[:, 1] += x[:, 0]
    x[:, 3] = x[:, 3] * 10 + 100
    g = random.choice(list("abcdef"), 300)
    z = x[:, 0] + 0.02 * x[:, 3] + 2.0 * (g == "a")
    cuts = np.quantile(z, np.linspace(0, 1, classes + 1)[1:-1] ** 1.5)
    y = np.digitize(z + random.normal(size=300), cuts)
    return pl.DataFrame({**{n: x[:, i] for i, n in enumerate(NUMBERS)}, "g": g, "y": y})


def plain_columns(frame, *, scale):
    numbers = frame.select(NUMBERS).to_numpy()
    if scale:
        numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    return np.hstack([numbers, frame["g"].to_numpy()[:, None] == np.array(list("abcdef"))])


def fit(lesson, **params):
    return LOGISTIC.fit(lesson, Logistic(**params), seed=0, threads=1)


@pytest.mark.parametrize("weight", ["none", "balanced"])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("c", [0.01, 1.0, 1e5])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_probabilities_are_scikit_learns(lesson, classes, c, scale, intercept, weight):
    frame = table(classes)
    fitted = fit(lesson(frame, scale=scale), C=c, fit_intercept=intercept, class_weight=weight)
    peer = LogisticRegression(
        C=c,
        fit_intercept=intercept,
        class_weight=None if weight == "none" else weight,
        solver="newton-cholesky",
        tol=1e-12,
        max_iter=1000,
    )
    columns = plain_columns(frame, scale=scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it does not always believe that it has arrived
        peer.fit(columns, frame["y"])
    found = fitted.predict(frame)
    np.testing.assert_allclose(found.probabilities, peer.predict_proba(columns), rtol=0, atol=1e-6)
    assert found.classes == tuple(range(classes))
    assert found.values.to_list() == peer.predict(columns).tolist()


@pytest.mark.parametrize("classes", [2, 4])
def test_large_designs_find_the_same_answer_step_by_step(lesson, classes, monkeypatch):
    exact = fit(lesson(table(classes))).predict(table(classes)).probabilities
    monkeypatch.setattr(newton, "LARGEST", 0)
    stepwise = fit(lesson(table(classes))).predict(table(classes)).probabilities
    np.testing.assert_allclose(stepwise, exact, rtol=0, atol=1e-9)


def test_probabilities_of_a_row_sum_to_one_and_never_overflow(lesson):
    for classes in (2, 3):
        fitted = fit(lesson(table(classes)), C=1e6)
        rows = pl.DataFrame({"g": ["a", "b", None]}).with_columns(
            pl.Series(name, [1e6, -1e6, 0.0]) for name in NUMBERS
        )
        shares = fitted.predict(rows).probabilities
        assert np.isfinite(shares).all()
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-15)


@pytest.mark.parametrize(
    ("labels", "classes", "dtype"),
    [
        (pl.Series(["yes", "no"]), ("no", "yes"), pl.String),
        (pl.Series(["yes", "no"], dtype=pl.Categorical), ("no", "yes"), pl.String),
        (pl.Series([True, False]), (False, True), pl.Boolean),
        (pl.Series([10, 9], dtype=pl.Int16), (9, 10), pl.Int64),
        (pl.Series(["a", "c", "b"]), ("a", "b", "c"), pl.String),
    ],
)
def test_labels_come_back_in_the_targets_own_type(lesson, labels, classes, dtype):
    rows = pl.DataFrame({"x": range(len(labels))}).with_columns(y=labels)
    frame = pl.concat([rows] * 5)
    fitted = fit(lesson(frame), C=100.0)
    found = fitted.predict(rows)
    assert fitted.classes == found.classes == classes
    assert found.values.dtype == dtype
    assert found.values.to_list() == labels.to_list()


def test_classes_that_a_line_parts_are_still_an_answer(lesson):
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [0, 0, 1, 1]})
    found = fit(lesson(frame), C=1e8).predict(frame)
    assert found.values.to_list() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (["a", "a"], DataRefused, "target `y` has only 'a' among the training rows"),
        (pl.Series([], dtype=pl.String), DataRefused, "target `y` has no rows"),
        ([1.0, 2.0], UserError, "target `y` is Float64; classes are text, integers or booleans"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(lesson, target, error, message):
    with pytest.raises(error, match=message) as raised:
        fit(lesson(pl.DataFrame({"y": target}).with_columns(x=1.0)))
    assert raised.value.hint


def test_too_few_rounds_are_an_error_with_a_next_step(lesson):
    with pytest.raises(UserError, match=r"no answer after 2 rounds \(max_iter\)") as error:
        fit(lesson(table(3)), max_iter=2)
    assert "raise params.max_iter" in error.value.hint
