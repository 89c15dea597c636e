"""What is known of future steps: it is told before they come, and their values are not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from tests.forecasts.conftest import (
    BEGIN,
    HORIZON,
    THERE,
    lesson_of,
    needs_network,
    sales,
    spec_of,
)
from tests.forecasts.test_backtest import Peeking
from tests.forecasts.test_kinds import bits
from tests.forecasts.test_life import keepfit, predicted

from keepfit.data.splitting.split import cut
from keepfit.data.steps import given, given_of
from keepfit.errors import Corrupt, DataRefused, NoForecast, Refused, UserError
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Prediction
from keepfit.records.rows import Column
from keepfit.train.backtest import said_of, up_to_date
from keepfit.train.predictor import Predictor

END = BEGIN + timedelta(hours=24 * 12)
SMALL = {"epochs": 3, "hidden_size": 16, "learning_rate": 0.02, "samples": 30}
PARAMS = {"auto-arima": {"models": 10, "max_order": 1}, "deepar": SMALL}  # the kinds that read them


def weather(hours=24 * 12, shops=("north", "south")):
    """Sales that fall by 60 where it rains, which it does now and then, by chance."""
    rows = sales(hours, shops=shops)
    wet = np.random.default_rng(7).random(rows.height) < 0.3
    return rows.with_columns(rain=pl.Series(wet)).with_columns(
        sold=pl.col("sold") - 60 * pl.col("rain")
    )


def spec(name="deepar", **series):
    return spec_of(name, params=PARAMS[name], series={"dynamic": ["rain"], **series})


def fit(name, rows, **series):
    params = params_of(name)(**PARAMS[name])
    return kind(name).fit(lesson_of(rows, spec(name, **series)), params, seed=1, threads=1)


@pytest.fixture(scope="module", params=PARAMS)
def name(request):
    if not (THERE if request.param == "deepar" else find_spec("statsforecast")):
        pytest.skip(f"needs the extra of {request.param}")
    return request.param


@pytest.fixture(scope="module")
def learned(name):
    return fit(name, weather())


@pytest.fixture(scope="module")
def later():
    return weather(24 * 12 + HORIZON).filter(pl.col("hour") >= END)


def unknown(rows):
    return rows.with_columns(sold=pl.lit(None, pl.Float64))


def test_they_are_no_features_and_not_the_target():
    for name in ("hour", "sold"):
        with pytest.raises(ValidationError, match=f"has `{name}` in series.dynamic"):
            spec(dynamic=[name])
    assert spec().features == ("shop", "hour")
    assert spec().reads == ("shop", "hour", "rain")


def test_what_is_no_number_is_refused_by_name():
    rows = weather().with_columns(rain=pl.lit("wet"))
    with pytest.raises(UserError, match=r"series.dynamic `rain` holds String; expected numbers"):
        given(rows, spec().series, "hour")


def test_it_forecasts_by_what_is_known_of_the_steps(learned, later):
    said = learned.observe(unknown(later)).predict(later.select("shop", "hour"))
    dry = learned.observe(unknown(later).with_columns(rain=pl.lit(value=False)))
    other = dry.predict(later.select("shop", "hour"))
    lower = (other.values - said.values).filter(later["rain"]).mean()
    assert lower > 30


def test_without_it_nothing_is_said_from_the_first_step_that_lacks_it(learned, later):
    some = unknown(later).filter(
        (pl.col("shop") == "south") | (pl.col("hour") < END + timedelta(hours=5))
    )
    now = learned.observe(some)
    assert now.predict(some.select("shop", "hour")).values.is_finite().all()
    with pytest.raises(NoForecast, match="nothing known of it up to this step") as refused:
        now.predict(later.select("shop", "hour"))
    (told,) = refused.value.refusals
    assert (told.column, told.rows) == ("rain", [*range(5, 12)])


def test_values_of_future_steps_say_nothing_before_their_time(learned, later):
    """The truth, or any other, with what is known beside: the answers are the same to the bit."""
    rows = later.select("shop", "hour")
    honest = learned.observe(unknown(later), before=END)
    for factor in (1, 50):
        wild = learned.observe(later.with_columns(pl.col("sold") * factor), before=END)
        assert bits(wild.predict(rows)) == bits(honest.predict(rows))


def test_a_revised_value_counts(learned, later):
    twice = learned.observe(unknown(later)).observe(unknown(later).with_columns(rain=True))
    once = learned.observe(unknown(later).with_columns(rain=True))
    assert twice.save() == once.save()


def test_what_it_saves_it_loads(name, learned, later):
    now = learned.observe(unknown(later))
    files = now.save()
    again = kind(name).load(files)
    assert again.save() == files
    told = given_of(again.histories, again.series)
    assert told.equals(given_of(now.histories, now.series))
    with pytest.raises(Corrupt):
        kind(name).load({**files, "given.npy": files["given.npy"][:-8]})
    with pytest.raises(Corrupt):
        kind(name).load({n: data for n, data in files.items() if n != "given.npy"})
    wider = learned.observe(later).observe(pl.concat([weather(), unknown(later)]), before=END)
    assert wider.save() == files


def test_one_that_was_loaded_goes_on_as_the_one_that_was_saved(name, learned, later):
    again = kind(name).load(learned.save()).observe(unknown(later))
    assert again.save() == learned.observe(unknown(later)).save()


def test_a_series_is_forecast_alone_as_among_others(learned, later):
    now, rows = learned.observe(unknown(later)), later.select("shop", "hour")
    many = bits(now.predict(rows))
    assert [bits(now.predict(rows[at]))[0] for at in range(rows.height)] == many


def test_fitting_twice_gives_the_same_bytes_in_whatever_order_rows_come(name, learned):
    shuffled = weather().sample(fraction=1, shuffle=True, seed=3)
    assert fit(name, shuffled).save() == learned.save()


def test_a_step_that_lacks_it_is_refused_unless_something_stands_for_it(name, learned):
    rows = weather().with_columns(
        rain=pl.when(pl.col("hour") != BEGIN + timedelta(hours=50)).then("rain")
    )
    with pytest.raises(DataRefused, match=r"series 'north' lacks `rain` in 1 of its 288 steps"):
        fit(name, rows)
    assert fit(name, rows, missing="interpolate").learned.taught
    more = weather(24 * 13).filter(pl.col("hour") >= END)
    with pytest.raises(DataRefused, match=r"series 'north' lacks `rain` in 24 of its 312 steps"):
        learned.observe(more.with_columns(rain=None))


def split_of(rows, name="deepar", **series):
    made = spec(name, **series)
    return cut(rows, made), made


@dataclass
class Spy:
    """A forecaster that notes what it is given to observe."""

    notes: list[pl.DataFrame] = field(default_factory=list)
    classes: tuple[()] = ()

    def observe(self, rows, before=None):
        late = rows if before is None else rows.filter(pl.col("hour") >= before)
        assert late["sold"].null_count() == late.height
        self.notes.append(rows)
        return self

    def predict(self, rows):
        assert rows.columns == ["shop", "hour"]
        return Prediction(pl.repeat(0.0, rows.height, eager=True))


def test_at_each_cut_off_the_block_that_follows_is_told_but_for_its_values():
    split, made = split_of(weather(), cutoffs=2, quantiles=[])
    schema = (Column(name="shop", dtype="String"), Column(name="hour", dtype="Datetime"))
    spy = Spy()
    predictor = Predictor(
        schema, made.data, None, made.features, spy, target="sold", series=made.series
    )
    rows = split.holdout
    said_of(predictor, rows.drop("sold"), rows["sold"], split.train)
    first, second = spy.notes
    assert first["sold"].null_count() == second["sold"].null_count() == 2 * HORIZON
    assert first["rain"].null_count() == second["rain"].null_count() == 0
    assert second.height == first.height + 2 * HORIZON


def test_it_is_honest_and_one_that_peeks_is_refused(name):
    rows = pl.concat([weather(), unknown(weather(24 * 12 + 6)).filter(pl.col("hour") >= END)])
    split, made = split_of(rows, name)
    assert split.future.height == 2 * 6
    fitted = fit(name, split.train)
    now = up_to_date(fitted, split, made)
    asked = split.future.select("shop", "hour")
    assert now.predict(asked).values.is_finite().all()
    with pytest.raises(NoForecast):
        now.predict(asked.with_columns(pl.col("hour") + timedelta(hours=6)))
    with pytest.raises(Refused, match=f"kind `{name}` looks ahead"):
        up_to_date(Leaking(fitted), split, made)


class Leaking(Peeking):
    """It keeps the values that it was told once, and answers with them."""

    def observe(self, rows, before=None):
        known = rows.drop_nulls("sold")
        seen = dict(zip(known["shop", "hour"].rows(), known["sold"], strict=True))
        return Leaking(self.inner.observe(rows, before), self.truth | seen)


PROJECT = """
[project]
name = "shops"

[model.sales]
kind   = "KIND"
target = "sold"
params = { PARAMS }

[model.sales.data]
source = "data/sales-*.csv"
time   = "hour"
derive = { wet = "CAST(rain = 'yes' AS INT)" }

[model.sales.series]
id        = ["shop"]
dynamic   = ["wet"]
frequency = "1 hour"
horizon   = 12
season    = 24

[model.sales.gate]
metric = "mase"
"""


@pytest.mark.slow
def test_a_forecast_by_the_weather_from_the_file_to_its_answers(name, tmp_path):
    (tmp_path / "data").mkdir()
    params = ", ".join(f"{key} = {value}" for key, value in PARAMS[name].items())
    text = PROJECT.replace("KIND", name).replace("PARAMS", params)
    (tmp_path / "keepfit.toml").write_text(text)
    said = pl.when("rain").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("rain")
    rows = weather(24 * 12 + 24).with_columns(said)
    known = rows.filter(pl.col("hour") < END)
    ahead = unknown(rows.filter(pl.col("hour").is_between(END, END + timedelta(hours=11))))
    pl.concat([known, ahead]).write_csv(tmp_path / "data" / "sales-1.csv")
    assert "✓ sales 1.0.0" in keepfit(tmp_path, "run")
    assert "IDENTICAL" in keepfit(tmp_path, "rebuild", "sales@latest")
    ahead.select("shop", "hour").write_csv(tmp_path / "asked.csv")
    first, _ = predicted(tmp_path, "sales@latest", "asked.csv")
    assert first["prediction"].is_finite().all()
    # the day after: what came, and what is known of the steps that follow
    came = rows.filter(pl.col("hour").is_between(END, END + timedelta(hours=11)))
    came.write_csv(tmp_path / "came.csv")
    next_ = rows.filter(pl.col("hour") > END + timedelta(hours=11)).drop("sold")
    next_.write_csv(tmp_path / "next.csv")
    (tmp_path / "new").mkdir()
    for file in ("came.csv", "next.csv"):
        (tmp_path / file).rename(tmp_path / "new" / file)
    next_.select("shop", "hour").write_csv(tmp_path / "asked.csv")
    then, _ = predicted(tmp_path, "sales@latest", "asked.csv", "--observe", "new/*.csv")
    assert then["prediction"].is_finite().all()
    both = ("--observe", "new/came.csv", "--observe", "new/next.csv")
    again, _ = predicted(tmp_path, "sales@latest", "asked.csv", *both)
    assert again.equals(then)
    told, _ = predicted(tmp_path, "sales@latest", "asked.csv", "--observe", "new/came.csv")
    assert told.height == 0
    reasons = pl.read_csv(tmp_path / "said.rejects.csv")["reason"]
    assert reasons[0].startswith("wet: nothing known of it up to this step")
    evidence = json.loads(keepfit(tmp_path, "show", "sales@latest", "--json"))["judgement"]
    assert evidence["evidence"]["rows"] == 2 * HORIZON


@pytest.mark.slow
@needs_network
@pytest.mark.parametrize("kind_of_file", ["csv", "parquet", "both"])
def test_columns_made_by_rules_and_yes_or_no_are_observed_from_any_file(tmp_path, kind_of_file):
    (tmp_path / "data").mkdir()
    series = (
        'id = ["shop"]\nfrequency = "1 hour"\nhorizon = 12\nseason = 24\ncutoffs = 1\n'
        'dynamic = ["rain", "price"]'
    )
    params = "\n".join(f"{name} = {value}" for name, value in SMALL.items())
    (tmp_path / "keepfit.toml").write_text(
        '[project]\nname = "shops"\n[model.sales]\nkind = "deepar"\ntarget = "sold"\n'
        '[model.sales.data]\nsource = "data/*.csv"\ntime = "hour"\n'
        'derive = { price = "cents / 100.0" }\n'
        f"[model.sales.series]\n{series}\n[model.sales.params]\n{params}\n"
    )
    rows = weather().with_columns(cents=pl.int_range(pl.len()) % 7 * 50)
    rows.write_csv(tmp_path / "data" / "sales.csv")
    keepfit(tmp_path, "run", "--quiet")
    plan = weather(24 * 12 + 12).filter(pl.col("hour") >= END)
    plan = plan.with_columns(cents=pl.lit(150)).drop("sold")
    halves = plan[: plan.height // 2], plan[plan.height // 2 :]
    (tmp_path / "plan").mkdir()
    if kind_of_file == "parquet":
        plan.write_parquet(tmp_path / "plan" / "a.parquet")
    elif kind_of_file == "csv":
        plan.write_csv(tmp_path / "plan" / "a.csv")
    else:
        halves[0].write_csv(tmp_path / "plan" / "a.csv")
        halves[1].write_parquet(tmp_path / "plan" / "b.parquet")
    plan.select("shop", "hour").write_csv(tmp_path / "asked.csv")
    said, _ = predicted(tmp_path, "sales@latest", "asked.csv", "--observe", "plan/*")
    assert said.height == plan.height
    assert said["prediction"].null_count() == 0
