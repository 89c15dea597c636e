"""What the network of all series promises, beside what every kind that forecasts does."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.forecasts.conftest import HORIZON, lesson_of, needs_network, sales, spec_of
from tests.forecasts.test_kinds import asked, bits

from keepfit.data.files.series_files import from_deepar
from keepfit.data.series import scales
from keepfit.data.splitting.split import cut
from keepfit.durations import Duration
from keepfit.errors import Corrupt, NotInstalled, UserError
from keepfit.evaluate.metrics import get
from keepfit.evaluate.sample import Sample
from keepfit.kinds import kind, params_of
from keepfit.kinds.forecasts.forecast import forecaster

pytestmark = [needs_network, pytest.mark.slow]

SMALL = {"epochs": 2, "hidden_size": 8, "learning_rate": 0.02, "samples": 20}


def fit(rows, params=None, seed=1, **series):
    spec = spec_of("deepar", series=series)
    made = params_of("deepar")(**{**SMALL, **(params or {})})
    return kind("deepar").fit(lesson_of(rows, spec), made, seed=seed, threads=1)


@pytest.fixture(scope="module")
def small():
    return fit(sales())


def test_a_series_alone_is_forecast_like_among_many(small):
    """Neither what is drawn nor how it is added up hangs on which others are there."""
    rows = asked(("south",))
    alone = {n: h for n, h in small.histories.items() if n == ("south",)}
    found = forecaster(small.teacher, small.learned, alone)
    assert bits(found.predict(rows)) == bits(small.predict(rows))
    wild = sales(24 * 13).filter(pl.col("shop") != "south").with_columns(pl.col("sold") * 50)
    assert bits(small.observe(wild).predict(rows)) == bits(small.predict(rows))


def test_another_seed_draws_and_learns_another(small):
    assert bits(fit(sales(), seed=2).predict(asked())) != bits(small.predict(asked()))


def test_torch_is_left_as_it_was():
    import torch

    torch.manual_seed(99)
    before = torch.get_rng_state(), torch.get_num_threads()
    fit(sales(), {"epochs": 1})
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    assert not torch.are_deterministic_algorithms_enabled()


def test_its_paths_are_those_that_gluonts_draws(small):
    """Other chance, the same distributions: their means and deviations agree."""
    import torch

    from keepfit.kinds.deepar import kind as own
    from keepfit.kinds.deepar.paths import _UNKNOWN, paths

    learned = small.learned
    shape, params = own._shape_in(learned), own.DeepAr.model_validate(learned.params)
    lines = own.lines_of(small.histories, learned.taught, learned.series, shape)
    who = [(name, history.end) for name, history in small.histories.items()]
    windows = lines.windows(np.arange(3), lines.end)
    known = {n: torch.from_numpy(a) for n, a in windows.items() if n not in _UNKNOWN}
    with torch.no_grad(), own.at_work(1, threads=1):
        network = own.revived(shape, params, learned.weights)
        ours = np.stack(list(paths(torch, network, lines, who, 4000)))
        theirs = network(**known, num_parallel_samples=4000).numpy()
    for quantile in (0.1, 0.5, 0.9):
        one, other = (np.quantile(drawn, quantile, axis=1) for drawn in (ours, theirs))
        np.testing.assert_allclose(one, other, atol=0.05 * np.ptp(theirs.mean(axis=1)) + 0.02)


def test_weights_of_another_network_are_refused(small):
    other = fit(sales(), {"hidden_size": 4, "epochs": 1}).learned
    mixed = replace(small.learned, weights=other.weights)
    with pytest.raises(Corrupt, match=r"weights.safetensors: these are not this network's"):
        forecaster(small.teacher, mixed, small.histories)


def test_series_of_which_none_is_long_enough_or_moves_repeat_their_last_season():
    flat = sales(48, shops=("flat",)).with_columns(sold=pl.lit(3.0))
    fitted = fit(pl.concat([sales(HORIZON, shops=("new",)), flat]))
    told = fitted.describe()
    assert told["repeat their last season"] == told["series"] == 2
    assert "no series is longer than the horizon" in told["learned"]
    assert not fitted.learned.weights
    assert kind("deepar").load(fitted.save()).save() == fitted.save()


def test_it_tells_how_it_learned(small):
    told = json.loads(json.dumps(small.describe()))
    assert told["series learned"] == 3
    assert told["loss"]["last epoch"] < told["loss"]["first epoch"]
    assert {1, 24, 48} <= set(told["lags"])


def test_lags_and_context_are_what_params_say():
    told = fit(sales(), {"lags": [24, 1], "context_length": 5, "epochs": 1}).describe()
    assert (told["lags"], told["context length"]) == ([1, 24], 5)


@pytest.mark.parametrize("distribution", ["normal", "negative-binomial"])
def test_every_distribution_is_learned(distribution):
    counts = sales().with_columns(pl.col("sold").round())
    said = fit(counts, {"distribution": distribution}).predict(asked())
    assert said.values.is_finite().all()
    if distribution == "negative-binomial":
        assert (said.quantiles >= 0).all()


@pytest.mark.parametrize("value", [-1.0, 0.5])
def test_what_is_no_count_is_refused_by_its_series(value):
    rows = sales().with_columns(pl.col("sold").round())
    rows = rows.with_columns(
        sold=pl.when(pl.int_range(pl.len()) == 300).then(value).otherwise("sold")
    )
    with pytest.raises(UserError, match=f"series 'south' holds {value:g}; expected counts"):
        fit(rows, {"distribution": "negative-binomial"})


def test_what_series_are_like_is_learned():
    """Two cities with opposite days, and hardly a past to tell them by: the city tells."""
    hours = 24 * 10
    frames = []
    for place in range(8):
        rows = sales(hours, shops=(f"s{place}",), seed=place)
        sign = 1 if place % 2 else -1
        rhythm = (np.arange(hours) % 24 < 12) * 40.0 * sign
        frames.append(rows.with_columns(city=pl.lit("ab"[place % 2]), sold=100.0 + rhythm))
    rows = pl.concat(frames).with_columns(pl.col("sold") + pl.Series(noise(hours * 8)))
    params = {"lags": [1], "context_length": 2, "epochs": 8}
    late = pl.col("hour") >= rows["hour"].max() - pl.duration(hours=HORIZON - 1)
    truth, train = rows.filter(late), rows.filter(~late)
    errors = {}
    for static in ((), ("city",)):
        fitted = fit(train, params, static=static)
        said = fitted.predict(truth.select("shop", "city", "hour"))
        errors[static] = (said.values - truth["sold"]).abs().mean()
    assert errors["city",] < errors[()]


def noise(count):
    return np.random.default_rng(1).normal(size=count)


def test_categories_of_deepars_own_files_are_read():
    lines = [
        {
            "start": "2024-01-01 00:00:00",
            "target": np.round(50 + 9 * np.sin(np.arange(60) + place), 2).tolist(),
            "cat": [place % 2],
        }
        for place in range(4)
    ]
    rows = from_deepar(pl.DataFrame(lines), Duration.parse("1 hour"), "lines.jsonl")
    spec = spec_of(
        "deepar",
        target="target",
        data={"time": "time"},
        series={"id": ["item"], "static": ["cat_0"]},
    )
    params = params_of("deepar")(**SMALL)
    fitted = kind("deepar").fit(lesson_of(rows, spec), params, seed=1, threads=1)
    assert list(fitted.histories) == [("0", "0"), ("1", "1"), ("2", "0"), ("3", "1")]
    assert fitted.learned.shared["shape"]["levels"] == (("0", "1"),)


@pytest.mark.parametrize(
    ("frequency", "lag"),
    [
        ("15 minutes", 96),
        ("1 hour", 168),
        ("5 hours", 4),
        ("1 day", 7),
        ("2 weeks", 26),
        ("1 month", 12),
        ("1 quarter", 4),
        ("6 months", 2),
        ("1 year", 1),
    ],
)
def test_every_frequency_has_lags_and_tells_its_time(frequency, lag):
    from keepfit.kinds.deepar.network import usual_clock, usual_lags

    span = Duration.parse(frequency)
    assert lag in usual_lags(span)
    assert (usual_clock(span, 10**6) == ()) == (frequency == "1 year")


def test_what_tells_the_time_has_been_gone_through_twice():
    from keepfit.kinds.deepar.network import usual_clock

    hour = Duration.parse("1 hour")
    assert usual_clock(hour, 40) == ()
    assert usual_clock(hour, 24 * 14) == ("hour_of_day", "day_of_week")
    assert usual_clock(hour, 24 * 730)[-1] == "day_of_year"
    assert usual_clock(Duration.parse("1 month"), 24) == ("month_of_year",)


def test_years_are_forecast_too():
    from datetime import datetime

    years = [datetime(1900 + n, 1, 1) for n in range(60)]  # noqa: DTZ001
    rows = pl.DataFrame({"shop": "a", "hour": years, "sold": (10.0 + noise(60)).round(3)})
    fitted = fit(rows, frequency="1 year", horizon=4, season=1)
    assert fitted.predict(fitted.next_rows(1)).values.is_finite().all()


LOADS = """
import sys, json
from keepfit.kinds import kind
files = {name: bytes.fromhex(data) for name, data in json.load(sys.stdin).items()}
model = kind("deepar").load(files)
model.predict(model.next_rows(3))
model.describe()
print(*{"torch", "gluonts", "lightning", "pandas", "scipy", "safetensors"} & set(sys.modules))
"""


def test_who_only_answers_needs_none_of_its_packages(small):
    files = {name: data.hex() for name, data in small.save().items()}
    command = [sys.executable, "-c", LOADS]
    out = subprocess.run(
        command, input=json.dumps(files), capture_output=True, text=True, check=True
    )
    assert (out.stdout.strip(), out.stderr) == ("", "")


@pytest.mark.parametrize("package", ["torch", "gluonts"])
def test_an_extra_that_is_not_there_is_answered_with_the_command_that_brings_it(
    monkeypatch, package
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(NotInstalled) as refused:
        fit(sales())
    assert refused.value.hint == "pip install 'keepfit[deepar]'"


WHOLE = """
import sys
from keepfit.kinds.deepar.network import parts
parts()
print(*(name for name in sys.modules if name.startswith(("gluonts.torch", "lightning"))))
"""


def test_lightning_is_not_imported_and_gluonts_is_left_whole_for_others():
    command = [sys.executable, "-c", WHOLE]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (out.stdout.strip(), out.stderr) == ("", "")


def test_it_leaves_no_files_where_it_trains(tmp_path, monkeypatch):
    """As the trainer of lightning would: logs and checkpoints."""
    monkeypatch.chdir(tmp_path)
    fit(sales(), {"epochs": 1})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.soak
@pytest.mark.parametrize("static", [(), ("shop",)], ids=["alike", "each of its own"])
def test_on_m4_hourly_it_is_better_than_the_seasonal_naive_forecast(m4, static):
    nine = tuple(round(0.1 * n, 1) for n in range(1, 10))
    series = {"horizon": 48, "quantiles": nine, "static": static}
    spec = spec_of("deepar", series=series)
    split = cut(m4, spec)
    begun = time.perf_counter()
    fitted = kind("deepar").fit(
        lesson_of(split.train, spec), params_of("deepar")(), seed=1, threads=1
    )
    seconds = time.perf_counter() - begun
    rows = split.holdout.with_columns(scales(split.holdout, split.train, spec))
    sample = Sample(rows["sold"], fitted.predict(rows.select(spec.features)), rows=rows)
    found = {name: get(name).of(sample) for name in ("mase", "smape", "wql", "coverage-80")}
    told = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
    print(f"DeepAR on M4 hourly, static {list(static)}: {told}, {seconds:.0f} s")
    assert found["wql"] < 0.0483
