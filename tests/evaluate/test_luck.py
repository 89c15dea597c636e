import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from keepfit.evaluate.bootstrap import percentiles
from keepfit.evaluate.intervals import Tails
from keepfit.evaluate.luck import compare, rows_needed
from keepfit.evaluate.metrics import get, own
from keepfit.evaluate.sample import NotMeasurable, Sample, classes_of
from keepfit.kinds.base import Prediction


def against(name, truth, ours, theirs, *, confidence=0.95, min_gain=0.0, seed=1):
    metric = get(name) if isinstance(name, str) else name
    truth = pl.Series(truth)
    labelled = bool(ours.classes) or "regression" not in metric.tasks
    classes = classes_of(truth, ours, theirs) if labelled else ()
    return compare(
        metric,
        Sample(truth, ours, classes),
        Sample(truth, theirs, classes),
        confidence=confidence,
        min_gain=min_gain,
        rng=np.random.default_rng(seed),
    )


def two_regressions(rng, rows, *, spread=1.0):
    truth = rng.normal(0, 5, rows)
    ours, theirs = (truth + rng.normal(0, s, rows) for s in (1.0, spread))
    return truth, Prediction(pl.Series(ours)), Prediction(pl.Series(theirs))


def two_classifiers(rng, rows, binary, *, noise=1.0):
    truth = (rng.uniform(size=rows) < 0.3).astype(int)
    chances = (1 / (1 + np.exp(1 - 2 * truth + rng.normal(0, s, rows))) for s in (1.0, noise))
    ours, theirs = (binary(chance) for chance in chances)
    return truth, ours, theirs


def test_the_interval_of_a_mean_is_students():
    truth, ours, theirs = two_regressions(np.random.default_rng(3), 57, spread=1.3)
    found = against("mae", truth, ours, theirs)
    errors = [np.abs(truth - side.values.to_numpy()) for side in (theirs, ours)]
    expected = stats.ttest_rel(*errors).confidence_interval(0.95)
    assert found.gain == pytest.approx(errors[0].mean() - errors[1].mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert found.method == "paired t on per-row losses"


def test_the_interval_of_rmse_is_that_of_many_repetitions():
    rng = np.random.default_rng(5)
    sets = [two_regressions(rng, 400, spread=1.2) for _ in range(300)]
    found = [against("rmse", *one) for one in sets]
    expected = np.sqrt(1.2**2) - 1.0
    covered = np.mean([one.low <= expected <= one.high for one in found])
    assert 0.91 <= covered <= 0.985
    assert found[0].gain == pytest.approx(
        get("rmse").measure(pl.Series(sets[0][0]), sets[0][2])
        - get("rmse").measure(pl.Series(sets[0][0]), sets[0][1])
    )


@pytest.mark.parametrize("name", ["mae", "rmse", "r2", "within-1", "smape"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_swapped_sides_turn_gain_and_interval_round(name, seed):
    truth, ours, theirs = two_regressions(np.random.default_rng(seed), 80, spread=1.5)
    forth = against(name, truth, ours, theirs)
    back = against(name, truth, theirs, ours)
    assert forth.gain == pytest.approx(-back.gain)
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize("name", ["roc_auc", "f1", "lift-at-10", "accuracy", "log_loss"])
def test_swapped_classifiers_turn_gain_and_interval_round(name, binary):
    truth, ours, theirs = two_classifiers(np.random.default_rng(2), 150, binary, noise=2)
    forth = against(name, truth, ours, theirs)
    back = against(name, truth, theirs, ours)
    assert forth.gain == pytest.approx(-back.gain)
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))


def test_a_difference_that_never_varies_is_its_own_interval():
    truth = [1.0, 2.0, 3.0]
    ours, theirs = (Prediction(pl.Series([t + d for t in truth])) for d in (1.0, 3.0))
    found = against("mae", truth, ours, theirs)
    assert (found.low, found.gain, found.high) == (2.0, 2.0, 2.0)
    assert found.rows_needed is None


def test_equal_answers_gain_nothing_for_sure(binary):
    truth, ours, _ = two_classifiers(np.random.default_rng(4), 50, binary)
    for name in ("accuracy", "log_loss", "roc_auc"):
        found = against(name, truth, ours, ours)
        assert (found.low, found.gain, found.high) == (0.0, 0.0, 0.0)


def test_four_rows_that_differ_are_no_proof_for_classes(binary):
    truth = [0] * 25 + [1] * 25
    ours = binary([0.1] * 25 + [0.9] * 25)
    theirs = binary([0.9] * 4 + [0.1] * 21 + [0.9] * 25)
    found = against("accuracy", truth, ours, theirs)
    exact = stats.binomtest(4, 4, 0.5).proportion_ci(0.95, method="exact")
    assert found.gain == pytest.approx(4 / 50)
    assert found.low == pytest.approx((2 * exact.low - 1) * 4 / 50)
    assert found.low < 0


def test_one_row_has_no_luck_to_measure():
    one = Prediction(pl.Series([1.0]))
    with pytest.raises(NotMeasurable, match="1 rows cannot tell"):
        against("mae", [1.0], one, one)


def test_the_bootstrap_of_a_mean_finds_about_the_interval_of_t():
    def own_mae(truth, prediction):
        return np.abs(truth - prediction).mean()

    truth, ours, theirs = two_regressions(np.random.default_rng(8), 300, spread=1.4)
    drawn = against(own("own", own_mae, "lower"), truth, ours, theirs)
    known = against("mae", truth, ours, theirs)
    assert drawn.method == "paired bootstrap, 1,000 draws"
    assert drawn.gain == pytest.approx(known.gain)
    width = known.high - known.low
    assert (drawn.low, drawn.high) == pytest.approx((known.low, known.high), abs=0.12 * width)


def test_a_draw_is_the_metric_of_the_rows_it_holds(binary):
    rng = np.random.default_rng(11)
    truth, ours, _ = two_classifiers(rng, 60, binary)
    index = rng.integers(60, size=60)
    sample = Sample(pl.Series(truth), ours, (0, 1))
    weights = np.bincount(index, minlength=60).astype(float)[None, :]
    for name in (
        "roc_auc", "pr_auc", "f1", "balanced_accuracy", "lift-at-10", "hosmer_lemeshow",
    ):  # fmt: skip
        metric = get(name)
        drawn = metric.how.scorer(sample)(weights)[0]
        assert drawn == pytest.approx(metric.of(sample.take(index)), rel=1e-9), name


def test_a_draw_of_r2_is_the_metric_of_the_rows_it_holds():
    rng = np.random.default_rng(12)
    truth, ours, _ = two_regressions(rng, 60)
    index = rng.integers(60, size=60)
    sample = Sample(pl.Series(truth), ours)
    weights = np.bincount(index, minlength=60).astype(float)[None, :]
    drawn = get("r2").how.scorer(sample)(weights)[0]
    assert drawn == pytest.approx(get("r2").of(sample.take(index)), rel=1e-9)


def test_draws_without_the_rare_class_leave_no_interval(binary):
    truth = [1] + [0] * 19
    ours, theirs = binary(np.linspace(0.9, 0.1, 20)), binary(np.linspace(0.8, 0.2, 20) ** 2)
    with pytest.raises(NotMeasurable, match="too few rows: roc_auc has no interval on 20"):
        against("roc_auc", truth, ours, theirs)


def test_an_undefined_draw_speaks_for_either_side():
    gains = np.linspace(0, 1, 1_000)
    known = percentiles(gains, Tails.of(0.9), "")
    holes = np.where(np.arange(1_000) % 50 == 25, np.nan, gains)  # 2 % of the draws
    wider = percentiles(holes, Tails.of(0.9), "")
    assert known.low - wider.low == pytest.approx(0.02, abs=0.003)
    assert wider.high - known.high == pytest.approx(0.02, abs=0.003)
    half = percentiles(np.where(np.arange(1_000) % 2 == 0, np.nan, gains), Tails.of(0.9), "")
    assert (half.low, half.high) == (-np.inf, np.inf)


def test_the_same_seed_gives_the_same_interval(binary):
    pair = two_classifiers(np.random.default_rng(1), 100, binary, noise=2)
    assert against("roc_auc", *pair, seed=3) == against("roc_auc", *pair, seed=3)
    assert against("roc_auc", *pair, seed=3) != against("roc_auc", *pair, seed=4)


def test_far_out_the_bootstrap_takes_the_normal_interval(binary):
    pair = two_classifiers(np.random.default_rng(1), 200, binary, noise=2)
    near, far = (against("roc_auc", *pair, confidence=c) for c in (0.95, 0.9999))
    assert far.method.endswith("normal")
    assert far.low < near.low < near.high < far.high


def test_rows_needed_shrink_the_interval_until_it_is_settled():
    assert rows_needed(gain=1.0, low=-1.0, high=3.0, min_gain=0.0, rows=100) == 400
    assert rows_needed(gain=-0.5, low=-2.5, high=1.5, min_gain=0.0, rows=100) == 1_600
    assert rows_needed(gain=1.0, low=0.5, high=1.5, min_gain=0.0, rows=100) is None
    assert rows_needed(gain=-1.0, low=-2.0, high=-0.1, min_gain=0.0, rows=100) is None
    assert rows_needed(gain=0.5, low=-1.0, high=2.0, min_gain=0.5, rows=100) is None


def test_so_many_rows_do_settle_it_about_as_often_as_not():
    settled = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        truth, ours, theirs = two_regressions(rng, 4_000, spread=1.06)
        few = against("mae", truth[:400], *(Prediction(s.values[:400]) for s in (ours, theirs)))
        if few.rows_needed is None or few.rows_needed > 4_000:
            settled += few.rows_needed is None
            continue
        n = few.rows_needed
        many = against("mae", truth[:n], *(Prediction(s.values[:n]) for s in (ours, theirs)))
        settled += not many.low <= 0 < many.high
    assert settled >= 12


@pytest.mark.parametrize("name", ["mae", "accuracy"])
def test_two_equally_good_sides_are_told_apart_at_most_as_often_as_agreed(name, binary):
    better = worse = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        if name == "mae":
            found = against(name, *two_regressions(rng, 60), confidence=0.9)
        else:
            found = against(name, *two_classifiers(rng, 60, binary), confidence=0.9)
        better += found.low > 0
        worse += found.high < 0
    # one side of a 90 % interval: 5 % of 400 is 20, and 3.3 deviations more are 35
    assert better <= 35
    assert worse <= 35


def test_a_large_comparison_of_order_is_quick(binary):
    pair = two_classifiers(np.random.default_rng(1), 20_000, binary, noise=1.1)
    start = time.process_time()
    against("roc_auc", *pair)
    assert time.process_time() - start < 10
