"""Three models of care, on data whose coefficients are known."""

import functools
import shutil
import subprocess
import sys

import polars as pl
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def care(examples, project_at, tmp_path_factory):
    """The example with its data, after a run and the approvals; the tests only look."""
    folder = tmp_path_factory.mktemp("care") / "care"
    shutil.copytree(examples / "care", folder, ignore=shutil.ignore_patterns("data", "store"))
    subprocess.run([sys.executable, "make_data.py"], cwd=folder, check=True)
    project = project_at(folder)
    project.keepfit("check")
    ran = project.keepfit("run")
    for model in ("home_posts", "community_posts"):
        project.keepfit("approve", model, "--yes", "--reason", "the first")
    return project_at(folder, ran)


@functools.cache
def inside(care, model):
    return care.told("show", f"{model}@production")


def evidence(care, model):
    return inside(care, model)["judgement"]["evidence"]


def scores(care, model):
    return {score["metric"]: score["challenger"] for score in evidence(care, model)["scores"]}


def test_the_two_models_that_are_due_reach_production(care):
    rows = care.told("list")
    assert {(row["model"], row["stages"]) for row in rows} == {
        ("home_posts", "development, staging, production"),
        ("community_posts", "development, staging, production"),
    }
    assert {row["verdict"] for row in rows} == {"pass"}


def test_the_third_is_never_retrained_by_itself(care):
    plans = {plan["model"]: plan["status"] for plan in care.told("plan")}
    assert plans == {"home_posts": "fresh", "community_posts": "fresh", "community_simple": "off"}


def test_the_errors_are_the_noise_that_the_data_was_made_with(care):
    # Between locations and between months, each with a deviation of 3 posts, 0.03 a bed: together
    # 4.24 and 0.0424; the mean absolute value of a normal error is 0.798 of its deviation.
    assert scores(care, "community_posts")["rmse"] == pytest.approx(4.24, rel=0.15)
    assert scores(care, "home_posts")["rmse"] == pytest.approx(0.0424, rel=0.15)
    assert scores(care, "home_posts")["mae"] == pytest.approx(0.798 * 0.0424, rel=0.15)


def test_the_coefficients_are_those_that_the_data_was_made_with(care):
    weights = {
        (told["column"], told.get("level")): told["weight"]["prediction"]
        for told in inside(care, "community_posts")["described"]["coefficients"]
    }
    assert weights["services_capped", None] == pytest.approx(7.0, abs=0.4)  # three standard errors
    assert weights["nth_import", None] == pytest.approx(0.1, rel=0.15)
    dormant = {
        level: weight for (column, level), weight in weights.items() if column == "dormant_known"
    }
    assert dormant["yes"] - dormant["no"] == pytest.approx(-8.0, abs=1.5)


def test_metrics_of_its_own_are_in_posts_not_in_posts_a_bed(care):
    assert 1.0 < scores(care, "home_posts")["posts_mae"] < 2.0


def test_no_location_is_on_both_sides_and_unanswered_rows_are_counted(care):
    found = evidence(care, "home_posts")
    split = found["split"]
    homes = pl.read_parquet(care.root / "data" / "homes-*.parquet")
    assert split["by"] == "group"
    assert split["unlabelled"] == homes["posts_per_bed"].null_count()
    taken = {removal["rule"]: removal["rows"] for removal in found["removals"]}
    assert taken == {
        "believable-posts": homes.filter(pl.col("posts_per_bed") > 5).height,
        "recent-answer": homes.filter(
            (pl.col("posts_per_bed") <= 5) & (pl.col("days_since_answer") > 180)
        ).height,
    }


def test_locations_that_nobody_answered_for_are_predicted(care):
    care.keepfit(
        "predict", "community_posts@production", "data/community-2024-06.parquet", "out.csv"
    )
    rows = pl.read_parquet(care.root / "data" / "community-2024-06.parquet")
    out = pl.read_csv(care.root / "out.csv")
    assert out.columns == ["location_id", "import_date", "prediction", "version"]
    assert out["location_id"].to_list() == rows["location_id"].to_list()
    answered = rows.with_columns(out["prediction"]).filter(pl.col("filled_posts") > 0)
    error = (answered["filled_posts"] - answered["prediction"]).abs().median()
    assert rows["filled_posts"].null_count() > 50
    assert error < 4
