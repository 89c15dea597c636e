"""Forecasts of assets, from a series a line to quantiles, on data whose rhythm is known."""

import polars as pl
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def assets(project_at, tmp_path_factory):
    """The example as `init` writes it; the tests only look."""
    project = project_at(tmp_path_factory.mktemp("assets"))
    project.keepfit("init", "assets", "--example", "assets")
    project = project_at(project.root / "assets")
    project.keepfit("check")
    return project


@pytest.fixture(scope="module", params=["volume_naive", "volume"])
def model(assets, request):
    """A model in production."""
    if request.param == "volume":
        pytest.importorskip("statsforecast")
    assets.keepfit("run", request.param)
    return request.param


def forecast(assets, model, asked, *more):
    assets.keepfit("predict", f"{model}@production", asked, "said.csv", "--overwrite", *more)
    return pl.read_csv(assets.root / "said.csv", try_parse_dates=True).cast({"time": pl.Date})


def scores(assets, model):
    evidence = assets.told("show", f"{model}@production")["judgement"]["evidence"]
    return {score["metric"]: score for score in evidence["scores"]}


def test_it_is_judged_from_four_cut_offs_beside_the_naive_forecast(assets, model):
    shown = assets.told("show", f"{model}@production")
    assert shown["judgement"]["evidence"]["rows"] == 6 * 4 * 14
    mase = scores(assets, model)["mase"]
    if model == "volume":
        assert mase["challenger"] < 0.95 * mase["baseline"]
    else:
        assert mase["challenger"] == mase["baseline"]


def test_the_next_two_weeks_are_forecast_with_how_sure_they_are(assets, model):
    said = forecast(assets, model, "next.csv")
    came = pl.read_csv(assets.root / "later.csv", try_parse_dates=True)
    both = said.join(came, on=["asset", "time"])
    assert both.height == 6 * 14
    inside = both.select(
        (pl.col("q0.1") <= pl.col("target")) & (pl.col("target") <= pl.col("q0.9"))
    )
    assert 0.6 < inside.to_series().mean() <= 1
    error = both.select(
        (pl.col("prediction") - pl.col("target")).abs().sum() / pl.col("target").sum()
    )
    assert error.item() < 0.25


def test_the_two_weeks_after_that_are_forecast_once_these_have_come(assets, model):
    told = assets.keepfit("predict", f"{model}@production", "after.csv", "no.csv", code=3)
    assert not told
    said = forecast(assets, model, "after.csv", "--observe", "later.csv")
    assert said.height == 6 * 14
    assert said["prediction"].is_finite().all()


def test_a_version_is_built_again_from_its_recipe(assets, model):
    assert "IDENTICAL" in assets.keepfit("rebuild", f"{model}@production")
