"""Forecasts are judged by expanding windows, and nothing of the future is known before its time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from tests.forecasts.conftest import BEGIN, HORIZON, lesson_of, needs_network, sales, spec_of

from keepfit.data.checking.check import check
from keepfit.data.splitting.split import cut
from keepfit.errors import NoForecast, Refused
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Prediction
from keepfit.records.rows import Column
from keepfit.train.backtest import said_of, up_to_date
from keepfit.train.predictor import Predictor

END = BEGIN + timedelta(hours=24 * 12)


def split_of(rows=None, kind="seasonal-naive", params=None, **series):
    spec = spec_of(kind, series=series, params=params or {})
    return cut(sales() if rows is None else rows, spec), spec


def predictor_of(fitted, spec):
    schema = (Column(name="shop", dtype="String"), Column(name="hour", dtype="Datetime"))
    return Predictor(
        schema, spec.data, None, spec.features, fitted, target="sold", series=spec.series
    )


def learned(split, spec):
    lesson = lesson_of(split.train, spec)
    params = params_of(spec.kind)(**spec.params)
    return kind(spec.kind).fit(lesson, params, seed=1, threads=1)


def backtest(fitted, split, spec):
    rows = split.holdout
    past = pl.concat([split.train, split.unasked])
    return said_of(predictor_of(fitted, spec), rows.drop("sold"), rows["sold"], past)


@dataclass
class Spy:
    """A forecaster that notes what it is given to observe, and says how much that was."""

    notes: list[pl.DataFrame] = field(default_factory=list)
    known: int = 0
    classes: tuple[()] = ()

    def observe(self, rows, before=None):
        assert before is None or rows["hour"].is_empty() or rows["hour"].max() < before
        self.notes.append(rows)
        return replace(self, known=rows.height)

    def predict(self, rows):
        assert rows.columns == ["shop", "hour"]  # what is true is not among them
        return Prediction(pl.repeat(float(self.known), rows.height, eager=True))


def test_the_holdout_is_a_horizon_for_each_cut_off_from_the_newest_step_back():
    split, spec = split_of(cutoffs=3)
    assert str(spec.split.holdout) == "36 hours"
    assert split.holdout["hour"].min() == END - timedelta(hours=36)
    assert split.train["hour"].max() == END - timedelta(hours=37)
    assert split.holdout.height == 3 * 36


def test_at_each_cut_off_it_knows_what_was_before_and_no_more():
    split, spec = split_of(cutoffs=3, quantiles=[])
    spy = Spy()
    said = backtest(spy, split, spec)
    train = split.train.height
    assert [rows.height for rows in spy.notes] == [train, train + 36, train + 72]
    block = (split.holdout["hour"] - split.holdout["hour"].min()).dt.total_hours() // HORIZON
    assert said.values.to_list() == [train + 36.0 * n for n in block]


def test_a_forecast_of_the_second_cut_off_has_seen_the_first_block():
    split, spec = split_of(cutoffs=2)
    said = backtest(learned(split, spec), split, spec)
    truth = split.holdout.with_columns(said=said.values).sort("shop", "hour")
    season_ago = sales().with_columns(pl.col("hour") + timedelta(hours=24)).rename({"sold": "ago"})
    joined = truth.join(season_ago, on=["shop", "hour"], how="left")
    assert joined["said"].to_list() == joined["ago"].to_list()


def test_what_a_model_observed_after_a_cut_off_is_not_known_at_it():
    """A champion that was brought up to date with the holdout is judged as if it were not."""
    split, spec = split_of(cutoffs=2)
    fresh = learned(split, spec)
    wild = split.holdout.with_columns(pl.col("sold") * 100)
    ahead = fresh.observe(wild)
    one, other = backtest(fresh, split, spec), backtest(ahead, split, spec)
    assert one.values.to_list() == other.values.to_list()
    assert np.array_equal(one.quantiles, other.quantiles)


@dataclass
class Peeking:
    """A planted leak: it keeps what it observed once, and answers with the truth."""

    inner: object
    truth: dict = field(default_factory=dict)
    classes: tuple[()] = ()

    def observe(self, rows, before=None):
        seen = dict(zip(rows["shop", "hour"].rows(), rows["sold"], strict=True))
        return Peeking(self.inner.observe(rows, before), self.truth | seen)

    def predict(self, rows):
        said = self.inner.predict(rows)
        values = [
            self.truth.get(row, value) for row, value in zip(rows.rows(), said.values, strict=True)
        ]
        return replace(said, values=pl.Series(values))


def test_a_kind_that_looks_ahead_is_refused_before_anybody_judges_it():
    split, spec = split_of()
    with pytest.raises(Refused, match="kind `seasonal-naive` looks ahead: its forecast from 2024"):
        up_to_date(Peeking(learned(split, spec)), split, spec)


@needs_network
def test_a_network_of_all_series_is_honest_and_one_that_peeks_is_refused():
    split, spec = split_of(kind="deepar", params={"epochs": 1, "samples": 10})
    network = learned(split, spec)
    assert up_to_date(network, split, spec).kept().height == sales().height
    with pytest.raises(Refused, match="kind `deepar` looks ahead"):
        up_to_date(Peeking(network), split, spec)


def test_an_honest_kind_is_brought_to_the_end_of_the_rows():
    split, spec = split_of(cutoffs=2)
    now = up_to_date(learned(split, spec), split, spec)
    asked = pl.DataFrame({"shop": ["north"], "hour": [END]})
    last = sales().filter(pl.col("shop") == "north")["sold"][-24]
    assert now.predict(asked).values.to_list() == [last]
    with pytest.raises(NoForecast):
        now.predict(split.holdout.select("shop", "hour"))


def test_a_model_that_forecasts_nothing_is_asked_as_ever():
    @dataclass
    class Constant:
        classes: tuple[()] = ()

        def predict(self, rows):
            return Prediction(pl.repeat(1.0, rows.height, eager=True))

    split, spec = split_of()
    predictor = replace(predictor_of(Constant(), spec), series=None)
    said = said_of(predictor, split.holdout.drop("sold"), split.holdout["sold"])
    assert said.values.to_list() == [1.0] * split.holdout.height
    plain = spec.model_copy(update={"series": None})
    assert up_to_date(Constant(), split, plain) == Constant()


def test_steps_of_a_series_that_began_within_the_holdout_judge_nothing():
    new = sales(24 * 12, shops=("new",)).filter(pl.col("hour") >= END - timedelta(hours=18))
    split, spec = split_of(pl.concat([sales(), new]), cutoffs=2)
    asked = split.holdout.filter(pl.col("shop") == "new")
    assert split.report.unasked == 6
    assert asked["hour"].min() == END - timedelta(hours=12)
    assert backtest(learned(split, spec), split, spec).values.null_count() == 0


def test_steps_that_no_horizon_reaches_judge_nothing():
    """The last 4 steps before the cut-off are missing: of the 12 after it, 8 can be asked for."""
    lost = pl.col("hour").is_between(END - timedelta(hours=16), END - timedelta(hours=13))
    rows = sales().filter(~(lost & (pl.col("shop") == "south")))
    split, spec = split_of(rows, missing="previous")
    assert split.report.unasked == 4
    assert backtest(learned(split, spec), split, spec).values.null_count() == 0


def findings(rows, **series):
    spec = spec_of(series=series)
    return [(f.severity, f.message) for f in check(rows, spec, columns=()).findings]


def test_whole_series_have_no_findings():
    assert findings(sales()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda r: r.filter(pl.col("hour") != BEGIN + timedelta(hours=60)),
            "3 steps of 1 hour are",
        ),
        (lambda r: pl.concat([r, r.head(1).with_columns(sold=1.0)]), "2 rows share their step"),
        (
            lambda r: r.with_columns(
                pl.when(pl.int_range(pl.len()) == 7)
                .then(pl.col("hour") + timedelta(minutes=10))
                .otherwise("hour")
            ),
            "1 rows lie between two steps: series.frequency is 1 hour",
        ),
        (
            lambda r: r.with_columns(
                pl.when(pl.int_range(pl.len()) != 7).then("shop").otherwise(None)
            ),
            "1 rows name no series: shop is null",
        ),
    ],
)
def test_rows_that_are_no_steps_are_found_and_fail(change, told):
    found = findings(change(sales()))
    assert any(severity == "fail" and told in message for severity, message in found)


def test_gaps_that_something_stands_for_are_noted():
    rows = sales().filter(pl.col("hour") != BEGIN + timedelta(hours=60))
    gaps = "3 steps of 1 hour are missing in 3 series, the first in series 'north'"
    told = f"{gaps}; for them stands: previous"
    assert findings(rows, missing="previous") == [("note", told)]


def test_rows_by_the_day_are_no_hours():
    daily = sales().filter(pl.col("hour").dt.hour() == 0)
    assert any("are missing" in message for _, message in findings(daily))
    assert findings(daily, frequency="1 day") == []


@pytest.mark.parametrize("frequency", ["15 minutes", "1 day", "1 week", "1 month", "1 quarter"])
def test_every_frequency_is_a_grid(frequency):
    from keepfit.durations import Duration

    span = Duration.parse(frequency)
    at, times = BEGIN, []
    for _ in range(60):
        times.append(at)
        at = span.after(at)
    rows = pl.DataFrame({"shop": "a", "hour": times, "sold": [float(n % 4) for n in range(60)]})
    series = {"frequency": frequency, "horizon": 4, "season": 4, "cutoffs": 2}
    assert findings(rows, **series) == []
    split, spec = split_of(rows, **series)
    assert split.holdout["hour"].to_list() == times[-8:]
    now = up_to_date(learned(split, spec), split, spec)
    asked = pl.DataFrame({"shop": ["a"] * 4, "hour": [span.times(n).after(at) for n in range(4)]})
    assert now.predict(asked).values.to_list() == [0.0, 1.0, 2.0, 3.0]
