"""What a method says of all hourly series of the M4 competition: half an hour, so it is a soak."""

import time

import polars as pl
import pytest
from tests.forecasts.conftest import lesson_of, spec_of

from keepfit.data.series import scales
from keepfit.data.splitting.split import cut
from keepfit.evaluate.metrics import get
from keepfit.evaluate.sample import Sample
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Prediction

_SOME = 10  # series at a time: each is learned alone, and somebody may want to see how it goes


@pytest.mark.soak
def test_auto_arima_is_better_than_the_seasonal_naive_forecast_on_m4_hourly(m4):
    pytest.importorskip("statsforecast")
    spec = spec_of("auto-arima", series={"horizon": 48, "quantiles": []})
    begun, parts = time.perf_counter(), []
    shops = sorted(m4["shop"].unique())
    for first in range(0, len(shops), _SOME):
        split = cut(m4.filter(pl.col("shop").is_in(shops[first : first + _SOME])), spec)
        lesson, params = lesson_of(split.train, spec), params_of("auto-arima")()
        fitted = kind("auto-arima").fit(lesson, params, seed=1, threads=1)
        rows = split.holdout.with_columns(scales(split.holdout, split.train, spec))
        said = fitted.predict(rows.select(spec.features)).values
        parts.append(rows.with_columns(said.alias("said")))
        done = min(first + _SOME, len(shops))
        print(f"{done} of {len(shops)} series, {time.perf_counter() - begun:.0f} s")
    rows = pl.concat(parts)
    sample = Sample(rows["sold"], Prediction(rows["said"]), rows=rows)
    mase, smape = (get(name).of(sample) for name in ("mase", "smape"))
    print(f"auto-arima on M4 hourly: mase {mase:.4f}, smape {100 * smape:.2f} %")
    assert mase < 1.05
