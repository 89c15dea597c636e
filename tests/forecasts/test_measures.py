"""The metrics of forecasts, held against published figures and against plain loops."""

from __future__ import annotations

import csv
import gzip
from datetime import timedelta

import msgspec
import numpy as np
import polars as pl
import pytest
from tests.forecasts.conftest import (
    BEGIN,
    HORIZON,
    M4,
    hours_of,
    lesson_of,
    sales,
    spec_of,
    wide,
)

from keepfit.data.series import SCALE, scales, without_scale
from keepfit.data.splitting.split import cut
from keepfit.evaluate.luck import compare
from keepfit.evaluate.metrics import get
from keepfit.evaluate.naive_forecast import naive_forecast
from keepfit.evaluate.names import problem
from keepfit.evaluate.sample import NotMeasurable, Sample
from keepfit.kinds.base import Prediction

NINE = tuple(round(0.1 * n, 1) for n in range(1, 10))


def m4_spec(**series):
    return spec_of(series={"horizon": 48, **series})


def judged(spec, rows):
    """The holdout of rows with the scale of each, and the seasonal naive forecast of it."""
    split = cut(rows, spec)
    holdout = split.holdout.with_columns(scales(split.holdout, split.train, spec))
    return holdout, naive_forecast(spec, split.train, holdout).said


def test_the_seasonal_naive_forecast_of_m4_has_the_published_figures(m4):
    """sMAPE and MASE as the competition's sheet has them, wQL as Chronos and GIFT-Eval do."""
    rows, said = judged(m4_spec(quantiles=[]), m4)
    sample = Sample(rows["sold"], said, rows=rows)
    assert rows.height == 414 * 48
    assert round(get("mase").of(sample), 3) == 1.193
    assert round(100 * get("smape").of(sample), 3) == 13.912
    assert get("mase").of(sample) == pytest.approx(1.1932105781, abs=5e-7)
    assert get("wql").of(sample) == pytest.approx(0.0483091941, abs=5e-11)


def test_with_normal_quantiles_it_has_the_figures_of_gift_eval(m4):
    rows, said = judged(m4_spec(quantiles=NINE), m4)
    assert round(get("wql").of(Sample(rows["sold"], said, rows=rows)), 5) == 0.03757


@pytest.mark.parametrize(
    ("method", "smape", "mase"),
    [("Naive", 43.003, 11.608), ("Naive2", 18.383, 2.395), ("SES", 18.094, 2.385)],
)
def test_the_forecasts_that_others_made_of_m4_have_their_published_figures(m4, method, smape, mase):
    rows, _ = judged(m4_spec(), m4)
    with gzip.open(M4 / "Hourly-official-benchmark-forecasts.csv.gz", "rt") as file:
        told = {r["id"]: r for r in csv.DictReader(file) if r["method"] == method}
    steps = (
        rows.with_columns(step=pl.col("hour").rank("dense").over("shop"))
        .select("shop", "step")
        .iter_rows()
    )
    said = pl.Series([float(told[shop][f"F{step}"]) for shop, step in steps])
    sample = Sample(rows["sold"], Prediction(said), rows=rows)
    assert round(100 * get("smape").of(sample), 3) == smape
    assert round(get("mase").of(sample), 3) == mase


def test_m4_is_what_the_tests_think_it_is(m4):
    lengths = {len(values) for values in wide("train").values()}
    assert (lengths, m4["shop"].n_unique()) == ({700, 960}, 414)
    assert hours_of("a", [1.0, 2.0])["hour"].is_sorted()


def some_sample(seed=3, rows=40):
    random = np.random.default_rng(seed)
    truth = random.normal(size=rows) * 10
    quantiles = np.sort(random.normal(size=(rows, 3)) * 10, axis=1)
    said = Prediction(pl.Series(quantiles[:, 1]), quantiles=quantiles, levels=(0.1, 0.5, 0.9))
    scale = pl.DataFrame({SCALE: random.uniform(1, 2, rows)})
    return Sample(pl.Series(truth), said, rows=scale)


def test_the_metrics_are_what_plain_loops_make_of_their_definitions():
    sample = some_sample()
    truth, said = sample.truth.to_list(), sample.prediction.values.to_list()
    scale, loss, inside = sample.rows[SCALE].to_list(), 0.0, 0
    for row, (y, low, middle, high) in enumerate(
        zip(truth, *sample.prediction.quantiles.T.tolist(), strict=True)
    ):
        for level, q in ((0.1, low), (0.5, middle), (0.9, high)):
            loss += 2 * ((y - q) * level if y >= q else (q - y) * (1 - level))
        inside += low <= y <= high
        assert said[row] == middle
    errors = [abs(y - f) / s for y, f, s in zip(truth, said, scale, strict=True)]
    assert get("wql").of(sample) == pytest.approx(loss / 3 / sum(map(abs, truth)))
    assert get("mase").of(sample) == pytest.approx(sum(errors) / len(errors))
    assert get("coverage-80").of(sample) == inside / len(truth)


def test_a_number_alone_is_said_at_every_level():
    sample = some_sample()
    alone = Sample(sample.truth, Prediction(sample.prediction.values), rows=sample.rows)
    error = (sample.truth - sample.prediction.values).abs().sum()
    assert get("wql").of(alone) == pytest.approx(error / sample.truth.abs().sum())
    with pytest.raises(NotMeasurable, match="answers a number alone"):
        get("coverage-80").of(alone)


def test_an_interval_that_is_not_answered_names_those_that_are():
    with pytest.raises(
        NotMeasurable, match=r"needs the quantile 0.025, and the model has 0.1, 0.5"
    ):
        get("coverage-95").of(some_sample())


def scaled_by(sample, *scale):
    return Sample(sample.truth, sample.prediction, rows=pl.DataFrame({SCALE: [*scale]}))


def test_series_without_a_scale_are_left_out_of_the_mean():
    sample = some_sample(rows=6)
    some = scaled_by(sample, 2.0, 0.0, None, 4.0, 1.0, 0.0)
    errors = (sample.truth - sample.prediction.values).abs()
    expected = (errors[0] / 2 + errors[3] / 4 + errors[4]) / 3
    assert get("mase").of(some) == pytest.approx(expected)


def test_where_all_lack_a_scale_mase_is_missing():
    sample = scaled_by(some_sample(rows=3), 0.0, None, 0.0)
    with pytest.raises(NotMeasurable, match="series of 3 rows did not move"):
        get("mase").of(sample)
    with pytest.raises(NotMeasurable, match="it is for `series` models"):
        get("mase").of(Sample(sample.truth, sample.prediction))


def test_both_sides_are_compared_on_the_series_that_have_a_scale_whatever_they_answer():
    """One that is wild where there is no scale gains nothing and loses nothing by it."""
    random = np.random.default_rng(2)
    truth = pl.Series(random.normal(size=400))
    scale = pl.DataFrame({SCALE: np.where(np.arange(400) < 300, 2.0, 0.0)})
    noise = random.normal(size=400)
    wild = np.where(np.arange(400) < 300, 1.0, 1e6)
    champion, ours, tame = (
        Sample(truth, Prediction(truth + pl.Series(shift)), rows=scale)
        for shift in (noise * 0.8, noise * wild, noise)
    )
    found = [
        compare(get("mase"), one, champion, confidence=0.95, rng=np.random.default_rng(0))
        for one in (ours, tame)
    ]
    assert found[0] == found[1]
    assert (found[0].rows, found[0].left_out, found[0].offered) == (300, 100, 400)
    assert found[0].high < 0
    alone = [one.take(np.arange(300)) for one in (tame, champion)]
    without = compare(get("mase"), *alone, confidence=0.95, rng=np.random.default_rng(0))
    assert msgspec.structs.replace(found[0], left_out=0) == without


@pytest.mark.parametrize("said", [None, float("nan"), float("inf")])
def test_a_side_that_says_nothing_of_a_series_without_a_scale_has_no_mase(said):
    """Else a model could fail on such series and pass."""
    sample = scaled_by(some_sample(rows=3), 2.0, 1.0, 0.0)
    values = pl.Series([*sample.prediction.values[:2], said])
    silent = Sample(sample.truth, Prediction(values), rows=sample.rows)
    with pytest.raises(NotMeasurable, match=r"the prediction is .* in row 3"):
        get("mase").of(silent)
    for sides in ((silent, sample), (sample, silent)):
        with pytest.raises(NotMeasurable, match="in row 3"):
            compare(get("mase"), *sides, confidence=0.95, rng=np.random.default_rng(0))


def with_short(shops):
    """Three long series, and short ones that have no season in the training rows."""
    late = pl.col("hour") >= BEGIN + timedelta(hours=24 * 12 - HORIZON - 5)
    short = [sales(shops=(shop,)).filter(late) for shop in shops]
    return pl.concat([sales(), *short])


def findings_of(rows, checks=None, **gate):
    spec = spec_of(gate=gate, checks=checks or {})
    split = cut(rows, spec)
    scale = scales(split.holdout, split.train, spec)
    return without_scale(split.holdout.with_columns(scale), spec)


def test_series_that_are_left_out_are_counted_and_many_are_looked_at():
    (one,) = findings_of(with_short(["new"]), metric="mase")
    assert (one.check, one.severity, one.rows) == ("series", "warn", HORIZON)
    assert one.message.startswith("mase leaves out 1 of 4 series, the same for all sides")
    (noted,) = findings_of(with_short(["new"]), metric="mae")
    assert noted.severity == "note"
    rules = [{"metric": "mase", "max": 2.0}]
    (asked,) = findings_of(with_short(["new"]), metric="mae", rules=rules)
    assert asked.severity == "warn"
    many = pl.concat([sales(shops=[f"s{n}" for n in range(20)]), with_short(["new"])])
    (few,) = findings_of(many.unique(["shop", "hour"], maintain_order=True), metric="mase")
    assert few.severity == "note"


@pytest.mark.parametrize("severity", ["note", "warn", "fail"])
def test_how_grave_that_is_the_file_may_say(severity):
    checks = {"severity": {"series": severity}}
    (one,) = findings_of(with_short(["new"]), checks, metric="mase")
    assert one.severity == severity


def test_nothing_is_found_where_every_series_has_a_scale_or_none_has():
    assert findings_of(sales()) == ()
    still = sales().with_columns(sold=pl.col("shop").str.len_chars() + pl.col("shop").rank("dense"))
    assert findings_of(still) == ()


def test_a_sample_that_is_drawn_again_keeps_its_quantiles():
    sample = some_sample()
    drawn = sample.take(np.array([3, 3, 0]))
    assert drawn.prediction.quantiles.tolist() == sample.prediction.quantiles[[3, 3, 0]].tolist()
    assert drawn.prediction.levels == (0.1, 0.5, 0.9)


@pytest.mark.parametrize("name", ["coverage-80", "coverage-99.9", "mase", "wql"])
def test_they_are_known_by_name(name):
    assert problem(name, "regression") is None
    assert "does not suit classification" in problem(name, "classification")


@pytest.mark.parametrize("name", ["coverage", "coverage-0", "coverage-100", "coverage-x"])
def test_an_interval_of_all_or_nothing_is_no_metric(name):
    assert problem(name, "regression") is not None


def test_the_scale_is_of_the_training_rows_alone():
    spec, rows = spec_of(), sales()
    holdout, _ = judged(spec, rows)
    late = pl.col("hour") >= holdout["hour"].min()
    wild = rows.with_columns(sold=pl.when(late).then(pl.col("sold") * 50).otherwise("sold"))
    other, _ = judged(spec, wild)
    assert other[SCALE].to_list() == holdout[SCALE].to_list()
    train = rows.filter(~late & (pl.col("shop") == "west"))["sold"].to_numpy()
    expected = np.abs(train[24:] - train[:-24]).mean()
    found = holdout.filter(pl.col("shop") == "west")[SCALE].to_list()
    assert found == pytest.approx([expected] * HORIZON)
    assert lesson_of(rows, spec).time == "hour"
