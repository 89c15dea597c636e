"""ARIMA with regressors: what is known of each step beside its value moves the series."""

from __future__ import annotations

import warnings
from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from tests.forecasts.conftest import BEGIN, HORIZON
from tests.forecasts.test_dynamic import END, fit, unknown, weather
from tests.forecasts.test_kinds import asked

from keepfit.kinds import kind

pytestmark = pytest.mark.slow
models = pytest.importorskip("statsforecast.models")

SEARCH = {"season_length": 24, "nmodels": 10, "max_order": 1, "approximation": True}


def further(hours=24 * 13):
    """The weather of both shops, and what two prices were."""
    rows = weather(hours)
    random = np.random.default_rng(11)
    price, other = random.uniform(1, 4, rows.height), random.normal(size=rows.height)
    return rows.with_columns(price=pl.Series(price), other=pl.Series(other))


def learned_of(rows, *dynamic, **series):
    return fit("auto-arima", rows.filter(pl.col("hour") < END), dynamic=list(dynamic), **series)


@cache
def without():
    """What is learned where nobody knows of the weather; the search takes long."""
    return learned_of(further())


def ahead_of(rows):
    late = pl.col("hour").is_between(END, END + timedelta(hours=HORIZON - 1))
    return rows.filter(late)


def test_a_series_that_it_drives_is_forecast_far_better():
    rows = further()
    coming = ahead_of(rows)
    with_it = learned_of(rows, "rain").observe(unknown(coming)).predict(asked(("north", "south")))
    blind = without().predict(asked(("north", "south")))
    error, before = ((said.values - coming["sold"]).abs().mean() for said in (with_it, blind))
    assert error < before / 5
    width, wider = (np.ptp(said.quantiles, axis=1).mean() for said in (with_it, blind))
    assert width < wider / 5


@pytest.mark.parametrize("dynamic", [("rain",), ("price", "rain", "other")])
def test_its_forecasts_are_those_of_the_package(dynamic):
    """At the end of the training, and a day later with the parameters that it had."""
    rows = further(24 * 14)
    learned = learned_of(rows, *dynamic)
    later = END + timedelta(hours=24)
    now = learned.observe(unknown(ahead_of(rows)))
    then = learned.observe(rows.filter(pl.col("hour") < later)).observe(
        unknown(rows.filter(pl.col("hour") >= later))
    )
    for shop in ("north", "south"):
        one = rows.filter(pl.col("shop") == shop)
        y, x = one["sold"].to_numpy(), one.select(dynamic).to_numpy().astype(np.float64)
        model = models.AutoARIMA(**SEARCH)
        cut, more = 24 * 12, 24 * 13
        with warnings.catch_warnings(action="ignore"):
            model.fit(y[:cut], x[:cut])
            first = model.predict(HORIZON, x[cut : cut + HORIZON], level=[80])
            last = model.forward(y[:more], HORIZON, x[:more], x[more : more + HORIZON], level=[80])
        for said, found in (
            (now.predict(asked((shop,))), first),
            (then.predict(asked((shop,), since=later)), last),
        ):
            np.testing.assert_allclose(said.values.to_numpy(), found["mean"], rtol=1e-9)
            np.testing.assert_allclose(said.quantiles[:, 0], found["lo-80"], rtol=1e-7)
            np.testing.assert_allclose(said.quantiles[:, 2], found["hi-80"], rtol=1e-7)


NOTHING_NEW = {
    "never changes": pl.lit(3.0),
    "is a multiple": pl.col("rain").cast(pl.Float64) * 2 + 1,
    "is a sum": pl.col("rain") + pl.col("price"),
}


@pytest.mark.parametrize("made", NOTHING_NEW.values(), ids=NOTHING_NEW)
def test_a_column_that_tells_nothing_new_is_left_out_and_told_of(made):
    rows = further().with_columns(copy=made)
    learned = learned_of(rows, "rain", "price", "copy")
    assert learned.describe()["regressors"] == {"rain": 2, "price": 2, "copy": 0}
    (finding,) = learned.findings()
    assert (finding.check, finding.severity, finding.column) == ("series", "warn", "copy")
    assert finding.message.startswith("`copy` of series.dynamic is left out of 2 of 2 series")
    assert learned.learned.taught == {
        name: {**one, "regressors": ["rain", "price"]}
        for name, one in learned_of(rows, "rain", "price").learned.taught.items()
    }


def test_where_it_changes_in_some_series_it_is_left_out_of_the_others():
    dry = pl.when(pl.col("shop") == "south").then(pl.col("rain"))
    rows = further().with_columns(rain=dry.otherwise(pl.lit(value=False)))
    learned = learned_of(rows, "rain")
    (finding,) = learned.findings()
    assert finding.severity == "note"
    assert "is left out of 1 of 2 series" in finding.message
    wet = learned.observe(unknown(ahead_of(rows)).with_columns(rain=True))
    said = wet.predict(asked(("north", "south"))).values
    none = without().predict(asked(("north",))).values
    assert said[:HORIZON].to_list() == none.to_list()


def test_what_every_column_tells_is_no_finding():
    assert learned_of(further(), "rain", "price").findings() == ()


def test_a_column_that_is_the_target_or_its_season_or_trend_is_answered():
    hour = pl.col("hour").dt.hour()
    made = {"sold": pl.col("sold"), "eight": hour == 8, "trend": pl.col("hour").rank("dense")}
    for expression in made.values():
        rows = further().with_columns(copy=expression * 1.0)
        now = learned_of(rows, "rain", "copy").observe(unknown(ahead_of(rows)))
        assert now.predict(asked(("north", "south"))).values.is_finite().all()


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 8, 12, 20, 40])
def test_short_series_are_answered(steps):
    begin = BEGIN + timedelta(hours=24 * 12 - steps)
    rows = further().filter(pl.col("hour") >= begin)
    learned = learned_of(rows, "rain", "price", "other")
    said = learned.observe(unknown(ahead_of(rows))).predict(asked(("north", "south")))
    assert said.values.is_finite().all()
    assert (said.values.abs() < 1000).all()


def test_a_constant_series_needs_no_regressor():
    rows = further().with_columns(sold=pl.lit(7.0))
    learned = learned_of(rows, "rain")
    said = learned.observe(unknown(ahead_of(rows))).predict(asked(("north", "south")))
    assert said.values.to_list() == [7.0] * 2 * HORIZON


def test_without_columns_the_files_are_what_they_were():
    files = without().save()
    assert sorted(files) == ["answers.npy", "forecast.json", "observed.npy"]
    assert b"regressors" not in files["forecast.json"]


def test_only_the_context_is_looked_at():
    rows = further()
    old = pl.col("hour") < END - timedelta(hours=96)
    other = rows.with_columns(rain=pl.when(old).then(~pl.col("rain")).otherwise("rain"))
    one, two = (
        learned_of(some, "rain", context=96).observe(unknown(ahead_of(rows)))
        for some in (rows, other)
    )
    assert one.learned == two.learned
    assert kind("auto-arima").load(one.save()).save() == one.save()
