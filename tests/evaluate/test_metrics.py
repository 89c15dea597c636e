"""Every metric against an implementation that is not ours."""

import bisect
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from keepfit.errors import UnknownName
from keepfit.evaluate.metrics import get
from keepfit.evaluate.names import names
from keepfit.evaluate.sample import NotMeasurable, Sample
from keepfit.kinds.base import Prediction

CLOSE = {"rel": 1e-10, "abs": 1e-10}
REGRESSION = {
    "mae": reference.mean_absolute_error,
    "rmse": reference.root_mean_squared_error,
    "r2": reference.r2_score,
    "mape": reference.mean_absolute_percentage_error,
}
# few different values, so that ties are the rule
CHANCES = st.integers(0, 8).map(lambda k: k / 8) | st.floats(0.001, 0.999)


@st.composite
def pairs_of_numbers(draw):
    size = draw(st.integers(2, 40))
    number = st.floats(0.5, 1e4) | st.floats(-1e4, -0.5)
    row = st.lists(number, min_size=size, max_size=size)
    truth, guess = np.array(draw(row)), np.array(draw(row))
    assume(truth.std() > 1e-3 * np.abs(truth).max())
    return truth, guess


@st.composite
def hits_and_chances(draw):
    size = draw(st.integers(2, 60))
    hits = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    assume(0 < sum(hits) < size)
    return np.array(hits), np.array(draw(st.lists(CHANCES, min_size=size, max_size=size)))


@st.composite
def three_classes(draw):
    size = draw(st.integers(6, 40))
    truth = np.array([0, 1, 2, *draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))])
    raw = draw(
        st.lists(st.tuples(*[st.integers(1, 9)] * 3), min_size=len(truth), max_size=len(truth))
    )
    weights = np.array(raw, dtype=float)
    return truth, weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", REGRESSION)
@settings(max_examples=40, deadline=None)
@given(pair=pairs_of_numbers())
def test_regression_metrics_agree_with_scikit_learn(name, pair):
    truth, guess = pair
    ours = get(name).measure(pl.Series(truth), Prediction(pl.Series(guess)))
    assert ours == pytest.approx(REGRESSION[name](truth, guess), **CLOSE)


@settings(max_examples=40, deadline=None)
@given(pair=pairs_of_numbers())
def test_shares_and_symmetric_errors_agree_with_plain_python(pair):
    truth, guess = pair
    rows = list(zip(truth.tolist(), guess.tolist(), strict=True))
    plain = {
        "within-10": sum(abs(t - g) <= 10 for t, g in rows) / len(rows),
        "share-within-10": sum(10 * abs(t - g) <= abs(t) for t, g in rows) / len(rows),
        "smape": sum(2 * abs(t - g) / (abs(t) + abs(g)) for t, g in rows) / len(rows),
    }
    for name, expected in plain.items():
        ours = get(name).measure(pl.Series(truth), Prediction(pl.Series(guess)))
        assert ours == pytest.approx(expected, **CLOSE)


@settings(max_examples=60, deadline=None)
@given(pair=hits_and_chances())
def test_metrics_of_two_classes_agree_with_scikit_learn(pair, binary):
    hits, chance = pair
    answer = binary(chance)
    labels = answer.values.to_numpy()
    expected = {
        "accuracy": reference.accuracy_score(hits, labels),
        "balanced_accuracy": reference.balanced_accuracy_score(hits, labels),
        "f1": reference.f1_score(hits, labels, zero_division=0),
        "roc_auc": reference.roc_auc_score(hits, chance),
        "pr_auc": reference.average_precision_score(hits, chance),
        "log_loss": reference.log_loss(hits, chance, labels=[0, 1]),
        "brier": reference.brier_score_loss(hits, chance),
    }
    for name, figure in expected.items():
        assert get(name).measure(pl.Series(hits), answer) == pytest.approx(figure, **CLOSE), name


@settings(max_examples=40, deadline=None)
@given(pair=three_classes())
def test_metrics_of_three_classes_agree_with_scikit_learn(pair, said):
    truth, chances = pair
    answer = said(chances, ("a", "b", "c"))
    spelt = pl.Series(["abc"[k] for k in truth])
    labels = answer.values.to_list()
    hot = np.eye(3)[truth]
    expected = {
        "accuracy": reference.accuracy_score(spelt.to_list(), labels),
        "balanced_accuracy": reference.balanced_accuracy_score(spelt.to_list(), labels),
        "f1": reference.f1_score(spelt.to_list(), labels, average="macro", zero_division=0),
        "roc_auc": reference.roc_auc_score(truth, chances, multi_class="ovr"),
        "pr_auc": reference.average_precision_score(hot, chances, average="macro"),
        "log_loss": reference.log_loss(truth, chances, labels=[0, 1, 2]),
        "brier": float(((chances - hot) ** 2).sum(axis=1).mean()),
    }
    for name, figure in expected.items():
        assert get(name).measure(spelt, answer) == pytest.approx(figure, **CLOSE), name


@settings(max_examples=40, deadline=None)
@given(pair=hits_and_chances(), percent=st.sampled_from([1, 5, 12.5, 50, 100]))
def test_lift_is_the_mean_over_all_orders_of_the_rows_that_tie(pair, percent, binary):
    hits, chance = pair
    ours = get(f"lift-at-{percent}").measure(pl.Series(hits), binary(chance))
    assert ours == pytest.approx(slow_lift(hits.tolist(), chance.tolist(), percent), rel=1e-9)


def slow_lift(hits, chance, percent):
    """Walk down the scores; of a group of equals that the edge cuts, take the cut's share."""
    wanted = left = len(hits) * percent / 100
    found = 0.0
    for score in sorted(set(chance), reverse=True):
        group = [hit for hit, own in zip(hits, chance, strict=True) if own == score]
        taken = min(left, len(group))
        found += sum(group) * taken / len(group)
        left -= taken
    return (found / wanted) / (sum(hits) / len(hits))


def test_lift_of_a_perfect_order_is_what_the_textbook_says(binary):
    hits = [1] * 10 + [0] * 90
    lift = get("lift-at-5").measure(pl.Series(hits), binary(np.linspace(0.99, 0.01, 100)))
    assert lift == pytest.approx(10)


@settings(max_examples=60, deadline=None)
@given(pair=hits_and_chances())
def test_hosmer_lemeshow_agrees_with_a_slow_reference(pair, binary):
    hits, chance = pair
    expected = slow_hosmer_lemeshow(hits.tolist(), chance.tolist())
    if expected is None:
        with pytest.raises(NotMeasurable):
            get("hosmer_lemeshow").measure(pl.Series(hits), binary(chance))
    else:
        ours = get("hosmer_lemeshow").measure(pl.Series(hits), binary(chance))
        assert ours == pytest.approx(expected, rel=1e-8, abs=1e-9)


def slow_hosmer_lemeshow(hits, chance):
    """Group by the deciles, closed above, as R's cut(..., include.lowest = TRUE); then add up."""
    ordered = sorted(chance)
    edges = set()
    for k in range(11):
        place = (len(ordered) - 1) * k / 10
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        edges.add(float(np.quantile(ordered, k / 10)))
        assert np.quantile(ordered, k / 10) == pytest.approx(
            ordered[low] + (ordered[high] - ordered[low]) * (place - low)
        )
    edges = sorted(edges)
    groups = {}
    for hit, own in zip(hits, chance, strict=True):
        groups.setdefault(max(0, bisect.bisect_left(edges, own) - 1), []).append((hit, own))
    total = 0.0
    for rows in groups.values():
        observed, expected = sum(h for h, _ in rows), sum(c for _, c in rows)
        variance = expected * (1 - expected / len(rows))
        if variance > 0:
            total += (observed - expected) ** 2 / variance
        elif observed != expected:
            return None
    return total


def test_a_higher_score_is_a_gain_only_where_higher_is_better():
    assert get("roc_auc").gain(0.9, 0.8) == pytest.approx(0.1)
    assert get("mae").gain(0.9, 0.8) == pytest.approx(-0.1)


def test_an_unknown_metric_gets_a_guess():
    with pytest.raises(UnknownName, match="Did you mean `brier`"):
        get("briar")


def test_a_label_that_the_model_has_never_seen_has_probability_zero(said):
    answer = said([[0.5, 0.5], [0.9, 0.1]], ("a", "b"))
    truth = pl.Series(["c", "a"])
    least = np.finfo(float).eps
    loss = get("log_loss").measure(truth, answer)
    assert loss == pytest.approx((-math.log(least) - math.log(0.9)) / 2)
    assert get("accuracy").measure(truth, answer) == 0.5


def test_the_order_of_the_classes_does_not_matter(said):
    truth = pl.Series(["no", "yes", "no", "yes"])
    forth = said([[0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.6, 0.4]], ("no", "yes"))
    back = Prediction(forth.values, np.fliplr(forth.probabilities), ("yes", "no"))
    for name in ("log_loss", "brier", "roc_auc", "pr_auc", "f1", "accuracy"):
        assert get(name).measure(truth, forth) == get(name).measure(truth, back), name


def test_labels_may_be_booleans_categories_or_numbers(binary):
    chance = [0.1, 0.8, 0.7, 0.4]
    plain = get("roc_auc").measure(pl.Series([0, 1, 0, 1]), binary(chance))
    flags = get("roc_auc").measure(
        pl.Series([False, True, False, True]), binary(chance, (False, True))
    )
    enum = pl.Series(["a", "b", "a", "b"], dtype=pl.Categorical)
    words = get("roc_auc").measure(enum, binary(chance, ("a", "b")))
    assert plain == flags == words == 0.75


@pytest.mark.parametrize(
    ("name", "truth", "guess", "reason"),
    [
        ("mae", [1.0, None], [1.0, 2.0], "the truth is None in row 2"),
        ("mae", [1.0, 2.0], [1.0, math.nan], "the prediction is nan in row 2"),
        ("rmse", [1.0, 2.0], [math.inf, 2.0], "the prediction is inf in row 1"),
        ("mae", [1.0, 2.0], [1.0], "1 predictions for 2 rows"),
        ("mape", [0.0, 2.0], [1.0, 2.0], "the truth is 0 in 1 rows"),
        ("r2", [2.0, 2.0], [1.0, 2.0], "no variance to explain"),
        ("mae", [], [], "no rows"),
        ("rmse", [1e200, 0.0], [-1e200, 0.0], "not defined"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_what_cannot_be_measured_says_why(name, truth, guess, reason):
    answer = Prediction(pl.Series(guess, dtype=pl.Float64))
    with pytest.raises(NotMeasurable, match=reason):
        get(name).measure(pl.Series(truth, dtype=pl.Float64), answer)


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "lift-at-5", "balanced_accuracy"])
def test_one_class_alone_has_no_order(name, binary):
    with pytest.raises(NotMeasurable, match="one class only, 'no'"):
        get(name).measure(pl.Series(["no", "no"]), binary([0.2, 0.8], ("no", "yes")))


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "brier", "lift-at-5", "hosmer_lemeshow"])
def test_labels_without_probabilities_are_not_enough_for_some(name):
    with pytest.raises(NotMeasurable, match="needs probabilities"):
        get(name).measure(pl.Series(["a", "b"]), Prediction(pl.Series(["a", "b"])))


@pytest.mark.parametrize("name", ["lift-at-5", "hosmer_lemeshow"])
def test_three_classes_are_too_many_for_some(name, said):
    answer = said(np.full((3, 3), 1 / 3), ("a", "b", "c"))
    with pytest.raises(NotMeasurable, match="for two classes, and there are 3"):
        get(name).measure(pl.Series(["a", "b", "c"]), answer)


@pytest.mark.parametrize("row", [[0.5, 0.6], [-0.1, 1.1], [math.nan, 1.0]])
def test_what_is_no_probability_is_refused(row):
    answer = Prediction(pl.Series([0, 1]), np.array([[0.5, 0.5], row]), (0, 1))
    with pytest.raises(NotMeasurable, match="probabilities of row 2"):
        get("log_loss").measure(pl.Series([0, 1]), answer)


def test_a_metric_of_another_task_is_not_computed():
    sample = Sample(pl.Series([1.0]), Prediction(pl.Series([1.0])))
    with pytest.raises(NotMeasurable, match="accuracy does not suit regression"):
        get("accuracy").of(sample)


# what forecasts have beside a number is measured in tests/forecasts
@pytest.mark.parametrize("name", sorted({*names()} - {"coverage-80", "mase"}))
def test_the_answer_does_not_depend_on_the_order_of_the_rows(name, binary, values):
    rng = np.random.default_rng(7)
    order = rng.permutation(50)
    if "regression" in get(name).tasks:
        truth, guess = rng.normal(50, 20, 50), rng.normal(50, 20, 50)
        pair = [(truth, values(guess)), (truth[order], values(guess[order]))]
    else:
        truth, chance = np.arange(50) % 2, rng.uniform(0.01, 0.99, 50)
        pair = [(truth, binary(chance)), (truth[order], binary(chance[order]))]
    one, other = (get(name).measure(pl.Series(t), answer) for t, answer in pair)
    assert one == pytest.approx(other, rel=1e-12)
