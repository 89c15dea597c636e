"""What makes a model due, in words and figures."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from keepfit.lifecycle.begin.houses import houses_csv
from keepfit.names import Version

_, *SALES = houses_csv().splitlines()


def bumped(life):
    """The number that the next run publishes."""
    return str(Version.parse(life.retrained().version).number)


@pytest.fixture
def champion(life):
    life.first_champion()
    return life


def test_a_model_that_was_never_trained_is_due(life):
    plan = life.plan()
    assert (plan.status, plan.reasons, plan.since) == ("due", ("never trained",), None)


def test_nothing_is_due_after_a_run(champion):
    plan = champion.plan()
    assert (plan.status, plan.reasons) == ("fresh", ("nothing changed since 1.0.0",))


def test_a_plan_says_how_long_the_last_retraining_took_on_this_machine(life):
    assert life.plan().seconds is None
    done = life.run()
    assert life.plan().seconds == pytest.approx(done.seconds, abs=0.001)
    (life.root / ".keepfit" / "took" / life.name).write_text("a while")
    assert life.plan().seconds is None


def test_new_rows_are_counted_and_the_champion_is_scored_on_them(champion):
    champion.months(11)
    plan = champion.plan()
    assert (plan.status, plan.bump) == ("due", "patch")
    then = champion.judgement().evidence.scores[0].challenger
    now = mae_on_november(champion)
    told = f"29 new rows since 1.0.0 (2024-10-31); champion's mae {then:.4g} → {now:.4g} on them"
    assert plan.reasons == (told,)


def mae_on_november(life):
    """The champion's mean absolute error on November, worked out without keepfit's metrics."""
    import polars as pl

    rows = pl.read_csv(life.root / "data" / "houses-2024-11.csv", try_parse_dates=True)
    said = life.open("production").predictor.predict(rows).values
    return (said - rows["price"]).abs().mean()


@pytest.mark.parametrize(
    ("old", "new", "reason", "number"),
    [
        ("alpha = 0.1", "alpha = 0.3", "params.alpha 0.1 → 0.3 (minor version)", "1.1.0"),
        (', "garden"]', "]", "features - garden (minor version)", "1.1.0"),
        ('"2 months"', '"3 months"', "split.holdout 2 months → 3 months (minor version)", "1.1.0"),
        ('"ridge"', '"linear"', "kind ridge → linear (major version)", "2.0.0"),
        ('= "price"\n', '= "area_m2"\n', "target price → area_m2 (major version)", "2.0.0"),
    ],
)
def test_what_changed_in_the_file_is_told_key_by_key(champion, old, new, reason, number):
    champion.change(old, new)
    if "linear" in new:
        champion.change("alpha = 0.1", "")
    if "area_m2" in new:
        champion.change('["area_m2", ', "[")
        champion.change("max = 20000", "max = 200")
    plan = champion.plan()
    assert plan.status == "due"
    assert reason in plan.reasons
    assert bumped(champion) == number


def test_a_change_of_code_is_a_minor_version(life):
    life.change("clean  =", 'transform = "features:rounded"\nclean  =')
    life.code("features", "def rounded(rows):\n    return rows\n")
    life.first_champion()
    life.code("features", "def rounded(rows):\n    return rows.with_columns(area_m2=60)\n")
    assert life.plan().reasons == ("code changed: features.py (minor version)",)
    life.change("max = 20000", "max = 200000")
    assert bumped(life) == "1.1.0"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"valuers"', '"somebody else"'),
        ("max = 20000", "max = 30000"),
        ('metric = "mae"\nrules', 'metric = "rmse"\nrules'),
    ],
)
def test_owner_and_gate_make_nothing_due(champion, old, new):
    champion.change(old, new)
    assert champion.plan().status == "fresh"


def test_a_version_that_is_too_old_is_due(champion):
    champion.add('[model.price.schedule]\nmax_age = "3 months"')
    champion.wait(days=89)
    assert champion.plan().status == "fresh"
    champion.wait(days=1)
    plan = champion.plan()
    assert (plan.status, plan.reasons) == ("due", ("1.0.0 is 90 days old; max_age = 3 months",))


def test_a_version_that_is_too_old_is_made_anew_and_is_not_due_for_ever(champion):
    champion.add('[model.price.schedule]\nmax_age = "3 months"')
    champion.wait(days=100)
    again = champion.retrained()
    assert again.version.startswith("1.0.1")
    assert "once more" in again.judgement.verdict.why  # the same rows give the same bytes
    assert champion.plan().status == "fresh"


def test_rows_that_were_restated_are_due_although_none_is_newer(champion):
    file = min((champion.root / "data").glob("*.csv"))
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-1]) + "\n")
    plan = champion.plan()
    told = f"rows that 1.0.0 saw have changed: data/{file.name}"
    assert (plan.status, plan.reasons) == ("due", (told,))


def test_a_version_whose_release_was_interrupted_is_due_and_released_as_it_is(life, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("keepfit.lifecycle.retrain.release", interrupted)
        with pytest.raises(KeyboardInterrupt):
            life.run()
    told = "1.0.0 passed but was not released: the run was interrupted"
    assert life.plan().reasons == (told,)
    again = life.retrained()
    assert again.already
    assert {step.what for step in again.releases} == {"promoted", "asked"}
    assert life.plan().status == "fresh"


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_new_rows_without_a_target_are_told_and_no_reason(champion):
    champion.months(11, change=lambda lines: [line.rpartition(",")[0] + "," for line in lines])
    plan = champion.plan()
    told = "29 new rows since 1.0.0 (2024-10-31), none of them to learn from"
    assert (plan.status, plan.reasons) == ("fresh", (told,))


def test_a_new_file_of_a_table_without_times_is_news(life):
    life.change('time   = "sold_on"\n', "")
    life.change('"2 months"', "0.2")
    life.first_champion()
    life.months(11)
    (reason,) = life.plan().reasons
    assert reason.startswith("29 new rows since 1.0.0; champion's mae ")


def test_a_model_waits_for_the_time_of_its_schedule_in_its_own_zone(life):
    life.add('[model.price.schedule]\ncron = "0 1 * * *"\ntimezone = "America/New_York"')
    life.now = datetime(2025, 6, 1, 12, tzinfo=UTC)
    life.first_champion()
    life.months(11)
    life.now = datetime(2025, 6, 2, 4, 59, tzinfo=UTC)  # 00:59 in New York
    plan = life.plan()
    assert plan.status == "waits"
    assert plan.reasons[0] == "until 2025-06-02 01:00 America/New_York (schedule.cron)"
    assert life.run().result is None
    life.now = datetime(2025, 6, 2, 5, tzinfo=UTC)
    assert life.plan().status == "due"


def test_fewer_new_rows_than_asked_for_are_told_and_no_reason(champion):
    champion.add("[model.price.schedule]\nmin_new_rows = 30")
    champion.months(11)
    plan = champion.plan()
    assert (plan.status, plan.bump) == ("fresh", None)
    assert plan.reasons[0].startswith("29 new rows since 1.0.0")
    champion.months(12)
    assert champion.plan().status == "due"


def test_new_rows_are_no_reason_while_the_champion_does_as_well_on_them(champion):
    champion.add("[model.price.schedule]\ndecay = 0.5")
    champion.months(11)
    assert champion.plan().status == "fresh"
    champion.months(11, change=lambda lines: [line + "0" for line in lines])  # ten times the price
    assert champion.plan().status == "due"


def test_a_model_that_is_off_is_never_due(life):
    life.add("[model.price.schedule]\nretrain = false")
    plan = life.plan()
    assert (plan.status, plan.reasons) == ("off", ("schedule.retrain = false",))
    assert life.run().result is None
    assert life.run(force=True).result.version.startswith("1.0.0")


def test_planning_writes_nothing(champion):
    champion.months(11)
    champion.change("alpha = 0.1", "alpha = 0.3")
    before = champion.tree()
    assert champion.plan().status == "due"
    assert champion.tree() == before


def test_planning_reads_no_rows_where_nothing_changed(champion):
    look = (
        "import sys; from keepfit.cli import main\n"
        "try: main(['plan'])\n"
        "except SystemExit as e: assert not e.code, e.code\n"
        "print({'polars', 'numpy', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=champion.root, capture_output=True, text=True, check=True
    )
    assert "nothing changed since 1.0.0" in done.stdout
    assert done.stdout.endswith("set()\n")


def test_a_new_file_of_one_source_of_several_without_times_is_counted_and_not_scored(life):
    life.change(
        'source = "data/houses-*.csv"\ntime   = "sold_on"',
        'source = { sales = "data/houses-*.csv", towns = "towns.csv" }\n'
        'query  = "SELECT * FROM sales JOIN towns USING (district)"',
    )
    life.change('holdout = "2 months"', "holdout = 0.2")
    districts = sorted({line.split(",")[5] for line in SALES})
    (life.root / "towns.csv").write_text("\n".join(["district", *districts]) + "\n")
    life.first_champion()
    life.months(11)
    assert life.plan().reasons == ("29 new rows since 1.0.0",)
    assert bumped(life) == "1.0.1"
    assert life.plan().status == "fresh"
