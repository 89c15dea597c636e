"""What every kind that forecasts promises, beside what every kind does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import warnings
from datetime import timedelta
from functools import cache
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from tests.forecasts.conftest import BEGIN, HORIZON, lesson_of, sales, spec_of

from keepfit.errors import Corrupt, DataRefused, NoForecast, NotInstalled, UserError
from keepfit.kinds import kind, params_of
from keepfit.kinds.data_only import code_in
from keepfit.kinds.forecasts.kind import ForecastKind
from keepfit.kinds.forecasts.method import Alone, normal
from keepfit.kinds.forecasts.params import SeasonalNaive

pytestmark = pytest.mark.slow

KINDS = {
    "seasonal-naive": (),
    "ets": ("statsforecast",),
    "theta": ("statsforecast",),
    "auto-arima": ("statsforecast",),
    "deepar": ("gluonts", "torch"),
}
# a search of few models and a small network, or the tests would take minutes
PARAMS = {
    "auto-arima": {"models": 10, "max_order": 1},
    "deepar": {"epochs": 4, "hidden_size": 16, "learning_rate": 0.02, "samples": 50},
}
END = BEGIN + timedelta(hours=24 * 12)


@pytest.fixture(params=KINDS)
def name(request):
    needs(request.param)
    return request.param


def needs(name):
    """Skips where a package of the kind's extra is missing; it may be slow to import."""
    for package in KINDS[name]:
        if find_spec(package) is None:
            pytest.skip(f"needs {package}")


@cache
def fitted_kind(name):
    return fit(name, sales())


@pytest.fixture
def fitted(name):
    return fitted_kind(name)


def fit(name, rows, **series):
    spec = spec_of(name, series=series)
    params = params_of(name)(**PARAMS.get(name, {}))
    return kind(name).fit(lesson_of(rows, spec), params, seed=1, threads=1)


def asked(shops=("north", "south", "west"), hours=HORIZON, since=END):
    times = [since + timedelta(hours=hour) for hour in range(hours)]
    frames = [pl.DataFrame({"shop": [shop] * hours, "hour": times}) for shop in shops]
    return pl.concat(frames)


def bits(said):
    return [
        (value.hex(), row.tobytes())
        for value, row in zip(said.values.to_list(), said.quantiles, strict=True)
    ]


def test_it_forecasts_better_than_the_last_value(fitted):
    truth = sales(24 * 12 + HORIZON).filter(pl.col("hour") >= END)
    said = fitted.predict(truth.select("shop", "hour"))
    last = sales().group_by("shop", maintain_order=True).last()
    naive = truth.join(last, on="shop", maintain_order="left")["sold_right"]
    error = (said.values - truth["sold"]).abs().mean()
    assert error < 0.5 * (naive - truth["sold"]).abs().mean()


def test_quantiles_rise_and_the_median_lies_between(fitted):
    said = fitted.predict(asked())
    assert said.levels == (0.1, 0.5, 0.9)
    assert (np.diff(said.quantiles, axis=1) > 0).all()


def test_one_row_is_predicted_like_many(fitted):
    rows = asked()
    many = bits(fitted.predict(rows))
    assert [bits(fitted.predict(rows[at]))[0] for at in range(rows.height)] == many
    assert bits(fitted.predict(rows.reverse())) == many[::-1]


def test_what_it_saves_it_loads(name, fitted):
    again = kind(name).load(fitted.save())
    assert again.save() == fitted.save()
    assert bits(again.predict(asked())) == bits(fitted.predict(asked()))


def test_it_is_saved_in_formats_that_run_no_code(fitted):
    for file, data in fitted.save().items():
        assert file.rpartition(".")[2] in {"json", "npy", "safetensors"}
        assert code_in(data) is None


@pytest.mark.parametrize("files", [{}, {"forecast.json": b"{}"}, {"model.json": b"{}"}])
def test_files_of_another_kind_are_not_loaded(name, files):
    with pytest.raises(Corrupt):
        kind(name).load(files)


def test_files_of_which_one_was_cut_off_are_not_loaded(name, fitted):
    files = fitted.save()
    for file in files:
        with pytest.raises(Corrupt):
            kind(name).load({**files, file: files[file][:-8]})


def test_fitting_twice_gives_the_same_bytes_in_whatever_order_rows_come(name, fitted):
    assert fit(name, sales()).save() == fitted.save()
    assert fit(name, sales().sample(fraction=1, shuffle=True, seed=3)).save() == fitted.save()


def test_fitting_in_another_process_gives_the_same_bytes(name, fitted):
    made = {file: hashlib.sha256(data).hexdigest() for file, data in fitted.save().items()}
    for seed, zone in (("0", "UTC"), ("4242", "Asia/Tokyo")):
        out = subprocess.run(
            [sys.executable, "-m", "tests.forecasts.test_kinds", name],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert (json.loads(out.stdout), out.stderr) == (made, "")


def test_a_param_it_does_not_have_is_refused_by_name(name):
    with pytest.raises(ValidationError, match="no_such_param"):
        params_of(name)(no_such_param=1)


def test_without_series_it_is_told_what_to_write(name):
    rows = sales()
    lesson = lesson_of(rows, spec_of(name))
    lesson = type(lesson)(lesson.features, "sold", rows, rows.clear(), lesson.encode)
    with pytest.raises(UserError, match="has no `series`"):
        kind(name).fit(lesson, params_of(name)(), seed=1, threads=1)


def test_what_series_are_like_is_read_or_refused_by_name(name):
    rows = sales().with_columns(city=pl.when(pl.col("shop") == "west").then(1).otherwise(2))
    if "static" not in kind(name).reads:
        with pytest.raises(UserError, match=r"no series.static \(`city`\)") as refused:
            fit(name, rows, static=["city"])
        assert "deepar" in refused.value.hint
        return
    fitted = fit(name, rows, static=["city"])
    assert list(fitted.histories) == [("north", "2"), ("south", "2"), ("west", "1")]
    assert fitted.predict(fitted.next_rows(3)).values.is_finite().all()


def test_what_is_known_of_future_steps_is_read_or_refused_by_name(name):
    rows = sales().with_columns(rain=1.0)
    if "dynamic" not in kind(name).reads:
        with pytest.raises(UserError, match=r"no series.dynamic \(`rain`\)") as refused:
            fit(name, rows, dynamic=["rain"])
        assert refused.value.hint == "choose auto-arima or deepar, or leave out series.dynamic"
        return
    with pytest.raises(NoForecast, match="`rain` has 12 rows with nothing known of it up to"):
        fit(name, rows, dynamic=["rain"]).predict(asked(("west",)))


def test_another_feature_is_refused_by_name(name):
    rows = sales().with_columns(rain=1.0)
    spec = spec_of(name, features=["shop", "hour", "rain"])
    with pytest.raises(UserError, match="not `rain`"):
        kind(name).fit(lesson_of(rows, spec), params_of(name)(), seed=1, threads=1)


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        ({"shop": "east", "hour": END}, "shop", "no series that was observed"),
        ({"shop": None, "hour": END}, "shop", "no series that was observed"),
        ({"shop": "west", "hour": None}, "hour", "not among the 12 steps"),
        ({"shop": "west", "hour": END - timedelta(hours=1)}, "hour", "not among the 12 steps"),
        ({"shop": "west", "hour": END + timedelta(hours=12)}, "hour", "not among the 12 steps"),
        ({"shop": "west", "hour": END + timedelta(minutes=5)}, "hour", "between two steps"),
    ],
)
def test_rows_that_are_not_forecast_are_refused_by_name(fitted, row, column, why):
    rows = pl.concat([asked(), pl.DataFrame([row], schema=asked().schema)])
    with pytest.raises(NoForecast, match=why) as refused:
        fitted.predict(rows)
    told = [(one.column, one.rows) for one in refused.value.refusals]
    assert told == [(column, [rows.height - 1])]


def test_times_and_names_that_mean_the_same_are_read_alike(name):
    rows = sales().with_columns(
        shop=pl.col("shop").replace_strict({"north": 1, "south": 2}, default=3)
    )
    fitted, later = fit(name, rows), asked(shops=(1, 2, 3))
    other = later.with_columns(
        pl.col("shop").cast(pl.Float64), pl.col("hour").dt.replace_time_zone("UTC")
    )
    spelled = later.with_columns(pl.col("shop").cast(pl.String), pl.col("hour").cast(pl.String))
    assert bits(fitted.predict(other)) == bits(fitted.predict(later))
    assert bits(fitted.predict(spelled)) == bits(fitted.predict(later))


def test_what_it_can_be_asked_next_it_answers(fitted):
    rows = fitted.next_rows(2)
    assert rows.to_dicts() == [{"shop": s, "hour": END} for s in ("north", "south")]
    assert fitted.predict(rows).values.len() == 2


def test_it_observes_newer_rows_and_answers_what_follows(fitted):
    more = sales(24 * 13)
    now = fitted.observe(more.filter(pl.col("hour") >= END))
    later = asked(since=BEGIN + timedelta(hours=24 * 13))
    assert now.predict(later).values.is_finite().all()
    assert now.learned == fitted.learned
    with pytest.raises(NoForecast):
        fitted.predict(later.tail(1))


def test_one_that_was_loaded_goes_on_as_the_one_that_was_saved(name, fitted):
    """Files sort what they hold by name: nothing may hang on the order in which it was learned."""
    more = sales(24 * 13).filter(pl.col("hour") >= END)
    again = kind(name).load(fitted.save()).observe(more)
    now = fitted.observe(more)
    later = asked(since=BEGIN + timedelta(hours=24 * 13))
    assert bits(again.predict(later)) == bits(now.predict(later))
    assert again.save() == now.save()


def test_what_it_observed_before_leaves_no_trace(fitted):
    """Told of the future, and then asked as if it were not: the answer is the same to the bit."""
    future = sales(24 * 14, seed=99).filter(pl.col("hour") >= END)
    ahead = fitted.observe(future)
    assert bits(ahead.predict(asked(since=END + timedelta(hours=48)))) != bits(
        fitted.predict(asked())
    )
    back = ahead.observe(sales(), before=END)
    assert bits(back.predict(asked())) == bits(fitted.predict(asked()))
    assert back.save() == fitted.save()


@pytest.mark.parametrize("missing", ["previous", "interpolate", "zero"])
def test_what_stands_for_a_missing_step_knows_nothing_of_later_ones(name, missing):
    """A gap that reaches over a cut-off: filled from both sides, it would tell what came after."""
    rows = sales().filter(
        ~pl.col("hour").is_between(END - timedelta(hours=30), END - timedelta(hours=20))
    )
    cut = END - timedelta(hours=24)
    before = fit(name, rows.filter(pl.col("hour") < cut), missing=missing)
    since = cut - timedelta(hours=6)
    back = before.observe(rows).observe(rows.clear(), before=cut)
    assert bits(back.predict(asked(since=since))) == bits(before.predict(asked(since=since)))


def test_a_series_that_it_has_not_learned_repeats_its_last_season(fitted):
    rows = sales(shops=("east",))
    said = fitted.observe(rows).predict(asked(shops=("east",)))
    assert said.values.to_list() == rows["sold"][-24:-12].to_list()


class _ByHalves:
    """Learns every series, and forecasts none whose level is high, as a package that fails."""

    name = "by-halves"
    params = SeasonalNaive

    def learn(self, _history, values, _asked, _params):
        return {"level": float(values.mean())}

    def ahead(self, learned, _history, _values, asked, _params):
        mean = np.full(asked.horizon, learned["level"] if learned["level"] < 150 else np.nan)
        return normal(mean, np.ones(asked.horizon), asked.levels)

    def chosen(self, taught):
        return {"level": len(list(taught))}


def test_a_series_that_was_learned_and_is_not_forecast_is_told_too():
    rows, kind = sales(), ForecastKind(Alone(_ByHalves()))
    model = kind.fit(lesson_of(rows, spec_of("seasonal-naive")), SeasonalNaive(), seed=1, threads=1)
    high = rows.group_by("shop").agg(pl.col("sold").mean()).filter(pl.col("sold") >= 150).height
    assert high > 0
    assert model.describe()["repeat their last season"] == high
    assert kind.load(model.save()).describe() == model.describe()
    (finding,) = model.findings()
    assert (finding.check, finding.severity) == ("series", "warn")
    assert finding.message.startswith(f"{high} of {len(model.histories)} series repeat their last")


def test_few_series_of_many_are_noted_and_none_say_nothing():
    rows, kind = sales(shops=[f"s{n}" for n in range(20)]), ForecastKind(Alone(_ByHalves()))
    level = pl.when(pl.col("shop") == "s3").then(200.0).otherwise(20.0)
    spec = spec_of("seasonal-naive")
    found = [
        kind.fit(
            lesson_of(rows.with_columns(sold=pl.col("sold") * 0.01 + shift), spec),
            SeasonalNaive(),
            seed=1,
            threads=1,
        ).findings()
        for shift in (level, 20.0)
    ]
    assert [[one.severity for one in each] for each in found] == [["note"], []]


def test_a_series_that_never_moves_is_no_failure():
    still = pl.when(pl.col("shop") == "west").then(200.0).otherwise("sold").clip(upper_bound=140.0)
    rows, kind = sales(), ForecastKind(Alone(_ByHalves()))
    rows = rows.with_columns(sold=pl.when(pl.col("shop") == "south").then(300.0).otherwise(still))
    spec = spec_of("seasonal-naive")
    model = kind.fit(lesson_of(rows, spec), SeasonalNaive(), seed=1, threads=1)
    assert model.describe()["repeat their last season"] == 1
    assert model.findings() == ()


def test_the_last_season_itself_is_no_failure():
    assert fitted_kind("seasonal-naive").findings() == ()


def test_gaps_are_refused_unless_something_stands_for_them(name):
    rows = sales().filter(pl.col("hour") != BEGIN + timedelta(hours=100))
    with pytest.raises(DataRefused, match=r"series 'north' lacks 1 of its 288 steps of 1 hour"):
        fit(name, rows)
    for missing in ("previous", "interpolate", "zero"):
        said = fit(name, rows, missing=missing).predict(asked())
        assert said.values.is_finite().all()


@pytest.mark.parametrize("count", [1, 2, 3, 30])
def test_short_and_constant_series_are_answered(name, count):
    short = sales(count, shops=("a",)).with_columns(sold=pl.lit(7.0))
    rows = pl.concat([sales(), short])
    said = fit(name, rows).predict(asked(("a",), since=BEGIN + timedelta(hours=count)))
    assert said.values.to_list() == pytest.approx([7.0] * HORIZON)
    assert np.isfinite(said.quantiles).all()


def test_a_table_that_is_one_series_needs_no_name(name):
    rows = sales(shops=("north",)).select("hour", "sold")
    said = fit(name, rows, id=[]).predict(asked(("north",)).select("hour"))
    assert said.values.is_finite().all()
    if name != "deepar":  # which learns from all series together
        assert bits(said) == bits(fitted_kind(name).predict(asked(("north",))))


LIBRARY = {"ets": "AutoETS", "theta": "AutoTheta", "auto-arima": "AutoARIMA"}


@pytest.mark.parametrize("name", LIBRARY)
def test_its_forecasts_are_those_of_the_package(name):
    models = pytest.importorskip("statsforecast.models")
    few = {"nmodels": 10, "max_order": 1, "approximation": True} if name == "auto-arima" else {}
    said = fitted_kind(name).predict(asked())
    for place, shop in enumerate(("north", "south", "west")):
        values = sales().filter(pl.col("shop") == shop)["sold"].to_numpy()
        model = getattr(models, LIBRARY[name])(season_length=24, **few)
        with warnings.catch_warnings(action="ignore"):
            found = model.forecast(values, HORIZON, level=[80])
        part = slice(place * HORIZON, (place + 1) * HORIZON)
        np.testing.assert_allclose(said.values[part].to_numpy(), found["mean"], rtol=1e-9)
        np.testing.assert_allclose(said.quantiles[part, 0], found["lo-80"], rtol=1e-6)
        np.testing.assert_allclose(said.quantiles[part, 2], found["hi-80"], rtol=1e-6)


@pytest.mark.parametrize("name", LIBRARY)
def test_after_newer_rows_its_forecasts_are_those_of_the_package_with_the_parameters_it_had(name):
    models = pytest.importorskip("statsforecast.models")
    few = {"nmodels": 10, "max_order": 1, "approximation": True} if name == "auto-arima" else {}
    more = sales(24 * 13)
    before = fit(name, more.filter(pl.col("hour") < END))
    said = before.observe(more).predict(asked(since=END + timedelta(hours=24)))
    for place, shop in enumerate(("north", "south", "west")):
        values = more.filter(pl.col("shop") == shop)["sold"].to_numpy()
        model = getattr(models, LIBRARY[name])(season_length=24, **few)
        with warnings.catch_warnings(action="ignore"):
            model.fit(values[:-24])
            found = model.forward(values, HORIZON)
        part = slice(place * HORIZON, (place + 1) * HORIZON)
        np.testing.assert_allclose(said.values[part].to_numpy(), found["mean"], rtol=1e-6)


def test_an_extra_that_is_not_there_is_answered_with_the_command_that_brings_it(monkeypatch):
    from keepfit.kinds.forecasts import package, statsforecast

    monkeypatch.setattr(statsforecast, "part", package.part.__wrapped__)
    for module in ("statsforecast", "statsforecast.ets"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(NotInstalled) as refused:
        kind("ets").fit(lesson_of(sales(), spec_of("ets")), params_of("ets")(), seed=1, threads=1)
    assert refused.value.hint == "pip install 'keepfit[forecast]'"


LOADS = """
import sys, json
from keepfit.kinds import kind
files = {name: bytes.fromhex(data) for name, data in json.load(sys.stdin).items()}
model = kind("ets").load(files)
model.predict(model.next_rows(3))
print(*{"statsforecast", "pandas", "scipy", "statsmodels"} & set(sys.modules))
"""


def test_a_forecast_is_answered_without_the_package_that_made_it():
    pytest.importorskip("statsforecast")
    files = {name: data.hex() for name, data in fitted_kind("ets").save().items()}
    command = [sys.executable, "-c", LOADS]
    out = subprocess.run(
        command, input=json.dumps(files), capture_output=True, text=True, check=True
    )
    assert (out.stdout.strip(), out.stderr) == ("", "")


def test_only_the_context_is_looked_at(name):
    old = sales().with_columns(
        sold=pl.when(pl.col("hour") < END - timedelta(hours=96)).then(0.0).otherwise("sold")
    )
    one, other = (fit(name, rows, context=96) for rows in (sales(), old))
    assert one.save() == other.save()


def test_what_it_tells_of_itself_is_plain_data(fitted):
    told = json.loads(json.dumps(fitted.describe()))
    assert told["series"] == 3
    assert told["last observed"] == "2024-03-15 23:00:00"


if __name__ == "__main__":
    made = fit(sys.argv[1], sales()).save()
    print(json.dumps({file: hashlib.sha256(data).hexdigest() for file, data in made.items()}))
