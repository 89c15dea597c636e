"""What a report shows, held against other implementations of the same figures."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_diabetes, load_iris
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import confusion_matrix, top_k_accuracy_score

from keepfit.digest import canonical
from keepfit.evaluate.exhibits.calibration import calibration, top_k
from keepfit.evaluate.exhibits.confusion import confusion
from keepfit.evaluate.exhibits.gather import Subject, exhibits
from keepfit.evaluate.exhibits.importance import importance
from keepfit.evaluate.exhibits.intervals import intervals, wilson
from keepfit.evaluate.exhibits.profile import profile
from keepfit.evaluate.exhibits.residuals import residuals
from keepfit.evaluate.exhibits.rounding import parts
from keepfit.evaluate.exhibits.shap import shap
from keepfit.evaluate.metrics import get
from keepfit.evaluate.sample import Sample
from keepfit.kinds.base import Prediction


@pytest.fixture(scope="module")
def iris():
    """What a logistic regression says of iris, and the estimator's own figures."""
    bunch = load_iris()
    fitted = LogisticRegression(max_iter=500).fit(bunch.data, bunch.target)
    chances = fitted.predict_proba(bunch.data)
    said = Prediction(pl.Series(fitted.predict(bunch.data)), chances, (0, 1, 2))
    return Sample(pl.Series(bunch.target), said, (0, 1, 2)), bunch.target, chances


def numbers(truth, said):
    return Sample(pl.Series(truth), Prediction(pl.Series(said)))


@given(rows=st.integers(1, 500), least=st.integers(1, 20), most=st.integers(1, 12))
def test_parts_hold_every_row_once_and_not_too_few(rows, least, most):
    cut = parts(rows, least, most)
    assert [i for part in cut for i in range(rows)[part]] == list(range(rows))
    assert len(cut) <= most
    assert len(cut) == 1 or all(part.stop - part.start >= least for part in cut)


def test_a_calibration_curve_is_that_of_scikit_learn(binary):
    rng = np.random.default_rng(5)
    chance = rng.random(1000)
    truth = (rng.random(1000) < chance**2).astype(int)
    found = calibration(Sample(pl.Series(truth), binary(chance), (0, 1)))
    observed, predicted = calibration_curve(truth, chance, n_bins=10, strategy="quantile")
    assert found.label == 1
    assert [b.rows for b in found.bins] == [100] * 10
    assert [b.observed for b in found.bins] == pytest.approx(observed, abs=0.011)
    assert [b.predicted for b in found.bins] == pytest.approx(predicted, abs=0.002)


def test_of_more_classes_the_label_that_was_predicted_is_calibrated(iris):
    sample, truth, chances = iris
    found = calibration(sample)
    right = chances.argmax(axis=1) == truth
    assert found.label is None
    assert sum(b.rows * b.observed for b in found.bins) == pytest.approx(right.sum(), abs=1e-3)


def test_confusion_and_top_k_are_those_of_scikit_learn(iris):
    sample, truth, chances = iris
    table, worst = confusion(sample)
    theirs = confusion_matrix(truth, chances.argmax(axis=1))
    assert np.array_equal(table.counts, theirs)
    assert table.left_out == 0
    off = theirs - np.diag(np.diag(theirs))
    assert worst[0].rows == off.max()
    for one in top_k(sample):
        assert one.share == pytest.approx(top_k_accuracy_score(truth, chances, k=one.k), abs=1e-5)


def test_of_many_classes_the_frequent_ones_are_shown_and_the_others_counted():
    labels = tuple(f"c{n:03}" for n in range(300))
    rng = np.random.default_rng(1)
    truth = rng.zipf(1.3, 5000).clip(max=300) - 1
    said = np.where(rng.random(5000) < 0.7, truth, rng.integers(300, size=5000))
    table, worst = confusion(
        Sample(
            pl.Series([labels[t] for t in truth]),
            Prediction(pl.Series([labels[s] for s in said]), None, labels),
            labels,
        )
    )
    assert len(table.labels) == 12
    assert np.sum(table.counts) + table.left_out == 5000
    assert len(worst) == 10
    assert all(
        one.rows
        == ((truth == labels.index(one.truth)) & (said == labels.index(one.predicted))).sum()
        for one in worst
    )


def test_residual_bins_hold_the_means_of_their_rows():
    rng = np.random.default_rng(2)
    said = rng.normal(size=1000)
    truth = said + rng.normal(size=1000)
    found = residuals(numbers(truth, said))
    assert np.mean([b.truth for b in found.bins]) == pytest.approx(truth.mean(), abs=1e-5)
    assert sum(found.counts) + found.below + found.above == 1000
    lowest = np.argsort(said)[:100]
    assert found.bins[0].middle == pytest.approx(np.median((truth - said)[lowest]), rel=1e-4)


def test_a_constant_residual_has_a_histogram_too():
    found = residuals(numbers([1.0, 2.0, 3.0], [0.0, 1.0, 2.0]))
    assert (sum(found.counts), found.below, found.above) == (3, 0, 0)


@given(rows=st.integers(1, 300), data=st.data())
def test_the_interval_of_a_share_is_that_of_scipy(rows, data):
    hits = data.draw(st.integers(0, rows))
    theirs = binomtest(hits, rows).proportion_ci(0.9, method="wilson")
    ours = wilson(hits / rows, rows, 0.9)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-5)


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        truth = rng.normal(size=80)
        (found,) = intervals([get("rmse")], numbers(truth, np.zeros(80)), None, 0.9)
        covered += found.challenger.low <= 1 <= found.challenger.high
    assert 0.85 < covered / 400 < 0.95


def test_the_importance_of_features_is_that_of_scikit_learn():
    bunch = load_diabetes(as_frame=True)
    rows = pl.from_dict({name: values.to_numpy() for name, values in bunch.frame.items()})
    features = tuple(bunch.feature_names)
    fitted = Ridge(alpha=0.1).fit(rows.select(features).to_numpy(), bunch.target)

    def predict(given):
        return Prediction(pl.Series(fitted.predict(given.select(features).to_numpy())))

    found, few = importance(predict, rows, features, "target", get("mae"), (), 42)
    theirs = permutation_importance(
        fitted,
        rows.select(features).to_numpy(),
        bunch.target,
        scoring="neg_mean_absolute_error",
        n_repeats=30,
        random_state=0,
    ).importances_mean
    ours = {one.feature: one.loss for one in found}
    assert few > 200
    assert [ours[name] for name in features] == pytest.approx(theirs, abs=1.6)
    weighty = {features[place] for place in np.argsort(-theirs)[:3]}
    assert {one.feature for one in found[:3]} == weighty
    assert (found, few) == importance(predict, rows, features, "target", get("mae"), (), 42)


def test_a_profile_tells_what_columns_hold():
    rows = pl.DataFrame(
        {
            "size": [1.0, 2.0, None, 3.0, float("nan"), float("inf")],
            "flag": [True, False, True, None, True, True],
            "list": [[1], [2], [], [3], [4], [5]],
        }
    )
    size, flag, nested = profile(rows, ("size", "flag", "list", "nowhere")).columns
    assert (size.mean, size.low, size.high) == (2.0, 1.0, 3.0)
    assert size.nulls == pytest.approx(0.5)
    assert (flag.levels[0].value, flag.levels[0].share) == ("true", 0.666667)
    assert flag.distinct == 2
    assert nested.levels == ()


def test_the_weightiest_shap_values_come_first_and_not_all_rows_are_asked():
    rows = pl.DataFrame({f"f{n}": np.arange(5000.0) for n in range(40)})
    asked = []

    def explain(given):
        asked.append(given)
        return {name: float(name[1:]) for name in given.columns}

    found, few = shap(explain, rows, tuple(rows.columns))
    assert [one.feature for one in found] == [f"f{n}" for n in range(39, 9, -1)]
    assert few == asked[0].height <= 500
    assert shap(lambda _: None, rows, tuple(rows.columns)) == ((), 0)


def test_a_column_of_names_is_counted_and_not_told():
    rows = pl.DataFrame({"name": [f"patient {n}" for n in range(200)]})
    (column,) = profile(rows, ("name",)).columns
    assert (column.distinct, column.levels) == (200, ())


def test_what_cannot_be_measured_is_named_with_its_reason():
    sample = Sample(
        pl.Series(["a", "b"]), Prediction(pl.Series(["a", "a"]), None, ("a", "b")), ("a", "b")
    )
    made = exhibits(
        Subject(None, None),
        sample,
        None,
        [get("accuracy")],
        features=(),
        target="y",
        confidence=0.9,
        seed=1,
    )
    assert made.calibration is None
    assert "labels only" in made.missing["calibration"]
    assert made.missing["profile"]
    assert made.confusion.counts == ((1, 0), (1, 0))


@pytest.mark.parametrize("rows", [300, 200_000])
def test_exhibits_are_small_however_many_the_rows(rows):
    rng = np.random.default_rng(4)
    frame = pl.DataFrame({f"f{n}": rng.normal(size=rows) for n in range(30)})
    frame = frame.with_columns(
        y=rng.normal(size=rows), text=pl.Series(rng.integers(12, size=rows)).cast(pl.String)
    )
    sample = Sample(frame["y"], Prediction(frame["f0"]), (), frame)
    features = tuple(f"f{n}" for n in range(30))
    subject = Subject(profile(frame, frame.columns), lambda given: Prediction(given["f0"]))
    made = exhibits(
        subject,
        sample,
        sample,
        [get("mae")],
        features=features,
        target="y",
        confidence=0.95,
        seed=1,
    )
    assert len(made.importance) == 30
    assert len(canonical(made)) < 12_000
    again = exhibits(
        subject,
        sample,
        sample,
        [get("mae")],
        features=features,
        target="y",
        confidence=0.95,
        seed=1,
    )
    assert canonical(again) == canonical(made)
