"""Rows that hang together: in clusters, and in time."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_diabetes
from sklearn.metrics import roc_auc_score

from keepfit.evaluate.bootstrap import MANY
from keepfit.evaluate.dependence import Dependence, Units, dependence
from keepfit.evaluate.intervals import Tails, around_mean, inflation, mcnemar
from keepfit.evaluate.luck import compare
from keepfit.evaluate.metrics import get, own
from keepfit.evaluate.quantiles import t_quantile
from keepfit.evaluate.sample import NotMeasurable, Sample
from keepfit.kinds.base import Prediction

ROWS = 442
SURE = Tails.of(0.95)


@pytest.fixture(scope="module")
def differences():
    """How much better one model of diabetes is than another, row for row."""
    features, truth = load_diabetes(return_X_y=True)
    ours, theirs = truth.mean() + features[:, 2] * 900, truth.mean() + features[:, 8] * 500
    return np.abs(truth - theirs) - np.abs(truth - ours)


def standard_error(differences, units):
    found = around_mean(differences, units, SURE)
    error = (found.high - found.low) / 2 / t_quantile(0.95, units.count - 1)
    return error / np.sqrt(inflation(units))


# statsmodels 0.15.0: OLS(differences, 1).fit(cov_type=…).bse, without its small-sample corrections.
@pytest.mark.parametrize(
    ("lags", "expected"),
    [(0, 1.6286433036571706), (3, 1.6212757343885091), (7, 1.6209282174064428)],
)
def test_the_error_of_a_series_is_that_of_newey_and_west_in_statsmodels(
    lags, expected, differences
):
    units = Units(np.arange(ROWS), ROWS, "moment", lags)
    assert standard_error(differences, units) == pytest.approx(expected, rel=1e-12)


def test_rows_of_one_period_enter_as_their_sum_as_in_statsmodels(differences):
    units = Units(np.arange(ROWS) // 17, 26, "day", 2)
    assert standard_error(differences, units) == pytest.approx(1.665672917063938, rel=1e-12)


def test_the_interval_over_clusters_is_that_of_statsmodels(differences):
    units = Units(np.arange(ROWS) // 17, 26, "cluster")
    found = around_mean(differences, units, SURE)
    assert (found.low, found.high) == pytest.approx((0.27213919, 7.48610386), rel=1e-7)
    assert found.method == "paired t on per-row losses, robust to 26 clusters"


def test_clusters_of_unequal_size_count_as_fewer(differences):
    features, _ = load_diabetes(return_X_y=True)
    groups = ((features[:, 2] * 1000).round().astype(int) + 200) // 10
    _, codes = np.unique(groups, return_inverse=True)
    units = Units(codes, 25, "cluster")
    found = around_mean(differences, units, SURE)
    reach = (found.high - found.low) / 2 / 2.4873052135858162  # the error in statsmodels
    assert t_quantile(0.95, 24) < reach < t_quantile(0.95, 5)


def test_the_small_sample_correction_is_that_of_harvey_leybourne_and_newbold():
    n, steps = 30, 4
    printed = (n + 1 - 2 * steps + steps * (steps - 1) / n) / n  # their equation (9)
    assert inflation(Units(np.arange(n), n, "day", steps - 1)) == pytest.approx(1 / printed)


def moments(*hours):
    start = datetime(2024, 1, 1)  # noqa: DTZ001 naive UTC is the one clock
    return pl.Series([start + timedelta(hours=hour) for hour in hours])


@pytest.mark.parametrize(
    ("hours", "name", "count"),
    [
        (range(0, 24 * 40, 6), "day", 40),
        (range(24 * 5), "hour", 120),
        ([k / 3600 for k in range(50)], "moment", 50),
    ],
)
def test_rows_in_order_of_time_are_gathered_by_the_longest_span_that_tells_enough(
    hours, name, count
):
    rows = pl.DataFrame({"y": [0.0] * len(hours)})
    (units,) = dependence(rows, (), moments(*hours)).units()
    assert (units.name, units.count) == (name, count)
    assert units.lags == int(1.3 * count**0.5)


def test_a_handful_of_moments_tells_nothing_of_their_order():
    rows = pl.DataFrame({"y": [0.0] * 100})
    assert list(dependence(rows, (), moments(*[0, 24, 48, 72] * 25)).units()) == []


def test_clusters_are_rows_alike_in_all_columns_and_null_is_a_value():
    rows = pl.DataFrame({"a": [1, 1, None, None, 2], "b": ["x", "x", "x", "x", "x"]})
    codes = dependence(rows, ("a", "b")).clusters
    assert codes[0] == codes[1] != codes[4]
    assert codes[2] == codes[3] != codes[0]
    assert dependence(rows, ()) == Dependence()


def autocorrelated(rng, length, rho):
    values = np.zeros(length + 50)
    for k, shock in enumerate(rng.normal(size=length + 50)):
        values[k] = rho * values[k - 1] + shock
    return values[50:]


def false_claims(make, rounds=400, **how):
    """How often a gain is claimed although both sides are equally far off in the long run."""
    better = 0
    for seed in range(rounds):
        off, codes = make(np.random.default_rng(seed))
        truth = pl.Series(np.zeros(len(off)))
        ours, theirs = (Prediction(pl.Series(side)) for side in (100 - off, np.full(len(off), 100)))
        found = compare(
            get("mae"),
            Sample(truth, ours),
            Sample(truth, Prediction(theirs.values.cast(pl.Float64))),
            confidence=0.9,
            rng=np.random.default_rng(seed),
            dependence=how["of"](codes),
        )
        better += found.low > 0
    return better / rounds


def test_weather_that_lasts_for_days_is_not_taken_for_a_gain():
    def days(rng):
        return np.repeat(autocorrelated(rng, 40, 0.5), 10) + rng.normal(size=400), np.arange(400)

    day = 86_400_000_000
    seen = false_claims(days, of=lambda codes: Dependence(times=codes // 10 * day))
    assert seen <= 0.05 + 0.05  # the size of such tests is known to be a little over
    assert false_claims(days, of=lambda _: Dependence()) > 0.2  # what it guards against


def test_customers_with_many_rows_each_are_not_taken_for_a_gain():
    def customers(rng):
        return np.repeat(rng.normal(size=30), 10) + rng.normal(size=300), np.arange(300) // 10

    assert false_claims(customers, of=lambda codes: Dependence(clusters=codes)) <= 0.05 + 0.035
    assert false_claims(customers, of=lambda _: Dependence()) > 0.2


def test_rows_in_clusters_and_in_time_have_the_wider_of_both_intervals():
    rng = np.random.default_rng(3)
    truth = pl.Series(rng.normal(size=300))
    ours, theirs = (Sample(truth, Prediction(truth + rng.normal(size=300))) for _ in range(2))
    day, of = 86_400_000_000, np.arange(300)

    def found(**ways):
        dependence = Dependence(**ways)
        return compare(get("mae"), ours, theirs, confidence=0.95, rng=rng, dependence=dependence)

    clusters, days = found(clusters=of % 40), found(times=of // 10 * day)
    both = found(clusters=of % 40, times=of // 10 * day)
    assert both.low == min(clusters.low, days.low)
    assert both.high == max(clusters.high, days.high)
    assert both.method.endswith("the wider")
    assert (both.unit, both.units) == ("cluster", 40)


def test_one_cluster_of_all_rows_has_no_interval():
    truth = pl.Series([1.0, 2.0, 3.0])
    sides = [Sample(truth, Prediction(truth + off)) for off in (1.0, 2.0)]
    alike = Dependence(clusters=np.zeros(3, dtype=np.int64))
    for metric in (get("mae"), get("r2")):
        with pytest.raises(NotMeasurable, match="all 3 rows are one cluster; expected several"):
            compare(metric, *sides, confidence=0.95, rng=np.random.default_rng(1), dependence=alike)


def test_a_few_clusters_that_differ_are_no_proof_for_classes():
    differences = np.zeros(1_000)
    differences[:50] = 1  # five clusters of ten rows, all for the challenger
    units = Units(np.arange(1_000) // 10, 100, "cluster")
    assert around_mean(differences, units, SURE).low > 0
    assert mcnemar(differences, units, SURE).low < 0


def test_only_the_upper_end_shares_its_doubt_with_other_claims():
    rng = np.random.default_rng(5)
    truth = pl.Series(rng.normal(size=200))
    sides = [Sample(truth, Prediction(truth + rng.normal(size=200))) for _ in range(2)]
    one, many = (
        compare(get("mae"), *sides, confidence=0.95, rng=rng, shared=shared) for shared in (1, 20)
    )
    assert one.low == many.low
    assert one.high < many.high
    assert many.confidence == 0.95


@pytest.mark.parametrize("unit", ["cluster", "day"])
def test_the_bootstrap_of_units_finds_about_the_interval_of_t(unit):
    rng = np.random.default_rng(9)
    common = np.repeat(rng.normal(size=60), 10)
    truth = pl.Series(rng.normal(0, 5, 600))
    sides = [
        Sample(truth, Prediction(truth + shift + rng.normal(size=600)))
        for shift in (common, np.roll(common, 10) * 1.2)
    ]
    codes = np.arange(600) // 10
    ways = Dependence(codes) if unit == "cluster" else Dependence(times=codes * 86_400_000_000)

    def found(metric):
        rng = np.random.default_rng(2)
        return compare(metric, *sides, confidence=0.95, rng=rng, dependence=ways)

    drawn = found(own("mine", lambda truth, said: np.abs(truth - said).mean(), "lower"))
    known = found(get("mae"))
    assert f"60 {unit}s" in drawn.method
    assert drawn.high - drawn.low == pytest.approx(known.high - known.low, rel=0.3)


def delong(truth, ours, theirs):
    """The error of a difference of two areas (DeLong, DeLong and Clarke-Pearson, 1988)."""

    def parts(score):
        hits, misses = score[truth == 1], score[truth == 0]
        order = np.sort(misses)
        of_hits = (np.searchsorted(order, hits, "left") + np.searchsorted(order, hits, "right")) / 2
        order = np.sort(hits)
        above = (
            np.searchsorted(order, misses, "left") + np.searchsorted(order, misses, "right")
        ) / 2
        return of_hits / len(misses), 1 - above / len(hits)

    (a, b), (c, d) = parts(ours), parts(theirs)
    return np.sqrt((a - c).var(ddof=1) / len(a) + (b - d).var(ddof=1) / len(b))


def test_a_large_holdout_is_drawn_in_groups_and_has_the_interval_of_delong(binary):
    rng = np.random.default_rng(4)
    rows = MANY + 2_000
    truth = (rng.uniform(size=rows) < 0.2).astype(int)
    ours, theirs = (1 / (1 + np.exp(-truth - rng.normal(0, s, rows))) for s in (1.0, 1.1))
    sides = [Sample(pl.Series(truth), binary(side), (0, 1)) for side in (ours, theirs)]
    found = compare(get("roc_auc"), *sides, confidence=0.95, rng=rng)
    assert found.method == "paired bootstrap, 1,000 draws of 2,000 groups of rows"
    gain = roc_auc_score(truth, ours) - roc_auc_score(truth, theirs)
    assert found.gain == pytest.approx(gain)
    error = delong(truth, ours, theirs)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.1)
    assert (found.high + found.low) / 2 == pytest.approx(gain, abs=0.2 * error)


@pytest.mark.parametrize("name", ["f1", "balanced_accuracy", "hosmer_lemeshow"])
def test_counts_of_units_give_what_counts_of_their_rows_give(name, binary):
    rng = np.random.default_rng(6)
    truth = (rng.uniform(size=90) < 0.4).astype(int)
    sample = Sample(pl.Series(truth), binary(rng.uniform(0.1, 0.9, 90)), (0, 1))
    units = Units(np.arange(90) // 3, 30, "cluster")
    counts = rng.integers(3, size=(5, 30)).astype(float)
    scorer = get(name).how.scorer
    expected = scorer(sample)(counts[:, units.codes])
    assert scorer(sample, units)(counts) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc", "lift-at-10"])
def test_scores_in_bins_give_about_what_the_scores_give(name, binary):
    rng = np.random.default_rng(6)
    truth = (rng.uniform(size=3_000) < 0.3).astype(int)
    chance = 1 / (1 + np.exp(-truth - rng.normal(size=3_000)))
    sample = Sample(pl.Series(truth), binary(chance), (0, 1))
    units = Units(np.arange(3_000) // 10, 300, "cluster")
    counts = rng.integers(3, size=(4, 300)).astype(float)
    scorer = get(name).how.scorer
    expected = scorer(sample)(counts[:, units.codes])
    assert scorer(sample, units)(counts) == pytest.approx(expected, rel=5e-3)
