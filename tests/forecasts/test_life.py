"""A forecast from the file of models to answers in files and over HTTP, as people use it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from tests.forecasts.conftest import BEGIN, needs_network, sales

from keepfit.config.schema.serving import Answering
from keepfit.errors import DataRefused
from keepfit.lifecycle.open import fetch_version
from keepfit.names import Reference
from keepfit.serve.answer import written
from keepfit.serve.follow import Stage
from keepfit.serve.media import Media
from keepfit.serve.options import Options
from keepfit.serve.served import Served
from keepfit.store.open import open_store
from keepfit.store.registry import Registry

pytestmark = pytest.mark.slow

END = BEGIN + timedelta(hours=24 * 12)
GATE = "[model.sales.gate]"
PROJECT = """
[project]
name = "shops"

[model.sales]
kind   = "seasonal-naive"
target = "sold"

[model.sales.data]
source = "data/sales-*.csv"
time   = "hour"

[model.sales.series]
id        = ["shop"]
frequency = "1 hour"
horizon   = 12
season    = 24
cutoffs   = 3

[model.sales.gate]
metric  = "mase"
metrics = ["coverage-80"]
"""


def keepfit(root, *arguments, code=0):
    command = [sys.executable, "-m", "keepfit", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("shops")
    (root / "data").mkdir()
    (root / "keepfit.toml").write_text(PROJECT)
    sales().write_csv(root / "data" / "sales-1.csv")
    assert "✓ sales 1.0.0" in keepfit(root, "run")
    return root


@pytest.fixture(scope="module")
def newer(project):
    """A day later: the file of that day lies elsewhere, so that nothing is due."""
    file = project / "day-13.csv"
    sales(24 * 13).filter(pl.col("hour") >= END).write_csv(file)
    return file


def asked(root, *rows):
    frame = pl.DataFrame(rows, schema=["shop", "hour"], orient="row")
    frame.write_csv(root / "asked.csv")
    return "asked.csv"


def predicted(root, *arguments):
    out = root / "said.csv"
    told = keepfit(root, "predict", *arguments, out.name, "--overwrite", "--max-rejects", "100%")
    return pl.read_csv(out), told


def test_the_evidence_tells_of_the_forecast_and_of_the_naive_one(project):
    shown = json.loads(keepfit(project, "show", "sales@latest", "--json"))
    evidence = shown["judgement"]["evidence"]
    scores = {score["metric"]: score for score in evidence["scores"]}
    assert {"mase", "smape", "wql", "coverage-80", "mae"} <= scores.keys()
    assert scores["mase"]["challenger"] == scores["mase"]["baseline"]
    assert evidence["baseline"] == "seasonal naive, 24 steps before each cut-off"
    assert evidence["rows"] == 3 * 36
    assert [fan["rank"] for fan in evidence["exhibits"]["fans"]] == ["worst", "middle", "best"]


def test_files_are_answered_with_the_series_the_time_and_quantiles(project):
    end = END + timedelta(hours=11)
    said, _ = predicted(project, "sales@latest", asked(project, ("west", END), ("north", end)))
    assert said.columns == ["shop", "hour", "prediction", "q0.1", "q0.5", "q0.9", "version"]
    rows = sales()
    expected = [
        rows.filter(pl.col("shop") == shop)["sold"][at]
        for shop, at in (("west", -24), ("north", -13))
    ]
    assert said["prediction"].to_list() == expected == said["q0.5"].to_list()


def test_rows_that_are_not_forecast_are_rejected_with_the_reason(project):
    late = END + timedelta(hours=12)
    said, told = predicted(
        project, "sales@latest", asked(project, ("west", END), ("east", END), ("west", late))
    )
    assert said["shop"].to_list() == ["west"]
    assert "2 rows rejected" in told
    rejects = pl.read_csv(project / "said.rejects.csv")
    assert rejects["row"].to_list() == [2, 3]
    assert rejects["reason"][0] == "shop: no series that was observed"
    assert rejects["reason"][1].startswith("hour: not among the 12 steps of 1 hour after the last")


def test_only_the_quantiles_that_are_asked_for_are_written(project):
    said, _ = predicted(project, "sales@latest", asked(project, ("west", END)), "--select", "q0.9")
    assert said.columns == ["shop", "hour", "q0.9", "version"]
    told = keepfit(
        project, "predict", "sales@latest", "asked.csv", "x.csv", "--select", "q0.8", code=2
    )
    assert "no answer of" in told
    assert "`q0.8`" in told


def test_a_version_goes_on_from_newer_rows_without_being_trained(project, newer):
    late = END + timedelta(hours=30)
    said, _ = predicted(
        project, "sales@latest", asked(project, ("west", late)), "--observe", newer.name
    )
    expected = sales(24 * 13).filter(
        (pl.col("shop") == "west") & (pl.col("hour") == late - timedelta(hours=24))
    )
    assert said["prediction"].to_list() == expected["sold"].to_list()
    assert "sales  fresh" in keepfit(project, "plan").replace("·  ", "")


def test_rows_with_a_gap_before_them_are_not_gone_on_from(project, newer):
    far = project / "far.csv"
    pl.read_csv(newer).tail(3).write_csv(far)
    asked(project, ("west", END))
    told = keepfit(
        project, "predict", "sales@latest", "asked.csv", "x.csv", "--observe", far.name, code=3
    )
    assert "lacks 21 of its" in told


def test_files_to_go_on_from_that_are_not_there_are_named(project):
    asked(project, ("west", END))
    told = keepfit(
        project, "predict", "sales@latest", "asked.csv", "x.csv", "--observe", "day-1?.txt", code=2
    )
    assert "no file matches day-1?.txt" in told
    assert "next: correct --observe or serve.observe, or bring the file there" in told


def test_files_to_go_on_from_may_be_named_one_by_one(project, newer):
    rows = pl.read_csv(project / newer.name)
    halves = ["first.csv", "second.csv"]
    rows[: rows.height // 2].write_csv(project / halves[0])
    rows[rows.height // 2 :].write_csv(project / halves[1])
    late = asked(project, ("west", END + timedelta(hours=30)))
    whole, _ = predicted(project, "sales@latest", late, "--observe", newer.name)
    named = [word for name in halves for word in ("--observe", name)]
    parts, _ = predicted(project, "sales@latest", late, *named)
    assert parts.equals(whole)
    one, other = (served(project, observe=files) for files in (halves, newer.name))
    question = ("west", END + timedelta(hours=30))
    assert json.loads(answer(one, question)) == json.loads(answer(other, question))


def test_the_same_version_is_built_again_byte_for_byte(project):
    assert "IDENTICAL" in keepfit(project, "rebuild", "sales@latest")


def test_the_gate_refuses_what_it_must(project):
    told = keepfit(project, "check", "--gate")
    assert "10 of 10 sabotaged candidates refused" in told


def test_a_report_draws_the_fans(project):
    keepfit(project, "report", "sales@latest")
    page = next(Path(project / ".keepfit" / "reports").glob("*.html")).read_text()
    assert page.count('<polygon class="fan"') == 3
    assert "hold 80 % of what comes" in page


def test_past_periods_are_replayed_with_what_was_known_then(project):
    told = keepfit(
        project, "replay", "sales", "--from", "2024-03-10", "--to", "2024-03-15", "--every", "1 day"
    )
    assert "mase" in told


def registry_of(project):
    clock = partial(datetime.now, UTC)
    return Registry(open_store(str(project / "store")), clock=clock, actor="a test")


def served(project, observe=None):
    registry = registry_of(project)
    version = registry.resolve(Reference.parse("sales@latest"), ("development",))
    fetched = fetch_version(registry, "sales", version)
    one = Served(fetched, project, Answering(observe=observe))
    one.warm()
    one.observe()
    return one


def answer(one, *rows, form="json"):
    body = json.dumps([{"shop": shop, "hour": str(hour)} for shop, hour in rows]).encode()
    read = one.read(body, Media("json"), header=True)
    media = Media(form, header=True)
    return written(one.predict_exactly(read), Options(), media, "1.0.0").decode()


def test_http_answers_an_object_a_row(project):
    told = json.loads(answer(served(project), ("west", END), ("south", END)))
    first = told["predictions"][0]
    assert list(first) == ["prediction", "q0.1", "q0.5", "q0.9"]
    assert first["q0.1"] < first["prediction"] == first["q0.5"] < first["q0.9"]
    text = answer(served(project), ("west", END), form="csv")
    assert text.splitlines()[0] == "prediction,q0.1,q0.5,q0.9"
    assert float(text.splitlines()[1].split(",")[0]) == first["prediction"]


def test_files_and_http_say_the_same(project):
    rows = [(shop, END + timedelta(hours=hour)) for shop in ("west", "north") for hour in range(12)]
    said, _ = predicted(project, "sales@latest", asked(project, *rows))
    told = json.loads(answer(served(project), *rows))["predictions"]
    assert said.select("prediction", "q0.1", "q0.5", "q0.9").to_dicts() == told


def test_a_server_goes_on_from_newer_rows_as_soon_as_they_are_there(project, newer):
    late = END + timedelta(hours=30)
    one = served(project, observe=newer.name)
    expected = sales(24 * 13).filter(
        (pl.col("shop") == "west") & (pl.col("hour") == late - timedelta(hours=24))
    )
    told = json.loads(answer(one, ("west", late)))["predictions"]
    assert told[0]["prediction"] == expected["sold"][0]
    stage = Stage(
        registry_of(project),
        Reference.parse("sales@latest"),
        ("development",),
        project,
        answering=Answering(observe="day-*.csv"),
    )
    now = stage.load()
    assert stage.wanted() == now.wanted
    (project / "day-14.csv").write_bytes(newer.read_bytes())
    assert stage.wanted() != now.wanted
    (project / "day-14.csv").unlink()


def test_rows_that_a_server_cannot_go_on_from_are_told_when_it_loads(project):
    (project / "bad.csv").write_text("shop,hour,sold\nwest,2024-03-16 00:00,many\n")
    with pytest.raises(
        DataRefused, match=r"bad.csv: 1 rows cannot be read; the first: sold: 'many'"
    ):
        served(project, observe="bad.csv")


def test_the_answers_are_described(project):
    from keepfit.serve.openapi import _answer

    one = _answer(served(project))["oneOf"][0]
    assert {"prediction", "q0.1", "q0.9", "version"} <= one["properties"].keys()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('kind   = "seasonal-naive"', 'kind   = "ridge"', "kind 'ridge' forecasts none"),
        ("horizon   = 12", "horizon   = 0", "horizon is 0; expected"),
        ("season    = 24", "seson    = 24", "seson is not a known key. Did you mean `season`?"),
        ('frequency = "1 hour"', 'frequency = "hourly"', "expected a duration such as"),
        ("cutoffs   = 3", "quantiles = [0.9, 0.1]", "expected each once, the lowest first"),
        ('time   = "hour"', "", "expected data.time"),
        (GATE, f'[model.sales.split]\nholdout = "2 days"\n{GATE}', "= 36 hours"),
        ('target = "sold"', 'target = "sold"\nper = "shop"', "each series is learned alone"),
        (GATE, f'[model.sales.split]\nby = "random"\n{GATE}', "expected no `by`"),
    ],
)
def test_what_is_wrong_with_the_file_is_told_before_anything_runs(
    project, tmp_path, old, new, told
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sales-1.csv").write_bytes((project / "data" / "sales-1.csv").read_bytes())
    assert old in PROJECT
    (tmp_path / "keepfit.toml").write_text(PROJECT.replace(old, new))
    assert told in keepfit(tmp_path, "check", code=2)


DEEPAR = """
kind   = "deepar"
params = { epochs = 2, hidden_size = 8, samples = 20 }"""


def with_network(root, text=PROJECT):
    """The same shops, two of which are in one city, forecast by a network."""
    (root / "data").mkdir()
    city = pl.col("shop").replace_strict({"north": "a", "south": "a", "west": "b"})
    sales().with_columns(city=city).write_csv(root / "data" / "sales-1.csv")
    text = text.replace('\nkind   = "seasonal-naive"', DEEPAR)
    text = text.replace("frequency =", 'static    = ["city"]\nfrequency =')
    (root / "keepfit.toml").write_text(text)
    return city


def test_a_short_series_does_not_take_the_measure_from_all_others(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "keepfit.toml").write_text(PROJECT)
    new = sales(shops=("new",)).filter(pl.col("hour") >= END - timedelta(hours=40))
    pl.concat([sales(), new]).write_csv(tmp_path / "data" / "sales-1.csv")
    keepfit(tmp_path, "run")
    evidence = json.loads(keepfit(tmp_path, "show", "sales@latest", "--json"))["judgement"]
    (mase,) = [s for s in evidence["evidence"]["scores"] if s["metric"] == "mase"]
    assert mase["challenger"] == mase["baseline"] > 0
    told = [reason["text"] for reason in evidence["verdict"]["reasons"]]
    assert any("mase leaves out 1 of 4 series, the same for all sides" in text for text in told)
    assert "mase leaves out 1 of 4" in keepfit(tmp_path, "show", "sales@latest")
    assert evidence["verdict"]["outcome"] == "warn"


def test_a_champion_is_compared_on_the_series_that_have_a_scale_and_a_better_one_passes(tmp_path):
    (tmp_path / "data").mkdir()
    bound = '{ metric = "mase", max_drop = 0.1 }'
    text = PROJECT.replace(
        'metric  = "mase"', f'metric  = "mase"\nslices  = ["shop"]\nrules   = [{bound}]'
    )
    text += '\n[model.sales.checks]\nseverity = { series = "note" }\n'
    (tmp_path / "keepfit.toml").write_text(text.replace("season    = 24", "season    = 7"))
    new = sales(shops=("new",)).filter(pl.col("hour") >= END - timedelta(hours=40))
    pl.concat([sales(), new]).write_csv(tmp_path / "data" / "sales-1.csv")
    keepfit(tmp_path, "run")
    (tmp_path / "keepfit.toml").write_text(text)
    told = keepfit(tmp_path, "run")
    assert "of the champion: better by" in told
    assert "shop: none of 3 values is significantly worse; " in told


def scores_of(root, *arguments):
    told = json.loads(keepfit(root, *arguments, "--json"))
    told = told.get("judgement", told)
    return {score["metric"]: score for score in told.get("evidence", told)["scores"]}


def mase_by_hand(newer, before):
    """Of `seasonal-naive`, a day after another, in the moves of the rows before a moment."""
    day, errors = pl.read_csv(newer, try_parse_dates=True), []
    for shop in ("north", "south", "west"):
        one = pl.concat([sales(), day]).filter(pl.col("shop") == shop)
        past = one.filter(pl.col("hour") < before)["sold"]
        scale = (past - past.shift(24)).abs().mean()
        off = (one["sold"] - one["sold"].shift(24)).filter(one["hour"] >= END)
        errors += (off.abs() / scale).to_list()
    return sum(errors) / len(errors)


def test_on_a_file_errors_are_measured_in_what_the_version_learned_from(project, newer):
    """Not in what it observed since: the holdout, or the file itself."""
    mase = scores_of(project, "evaluate", "sales@latest", "--data", newer.name)["mase"]
    assert mase["challenger"] == pytest.approx(mase_by_hand(newer, END - timedelta(hours=36)))
    assert "leaves out" not in keepfit(project, "evaluate", "sales@latest", "--data", newer.name)


def test_on_a_file_too_series_without_a_scale_are_counted(tmp_path, newer):
    """One whose rows the version saw only when it had learned: it is forecast, and not scaled."""
    (tmp_path / "data").mkdir()
    (tmp_path / "keepfit.toml").write_text(PROJECT)
    new = sales(shops=("new",)).filter(pl.col("hour") >= END - timedelta(hours=40))
    pl.concat([sales(), new]).write_csv(tmp_path / "data" / "sales-1.csv")
    keepfit(tmp_path, "run")
    day = new.filter(pl.col("hour") >= END - timedelta(hours=24))
    day = day.with_columns(pl.col("hour") + timedelta(hours=24))
    pl.concat([pl.read_csv(newer, try_parse_dates=True), day]).write_csv(tmp_path / "day.csv")
    told = keepfit(tmp_path, "evaluate", "sales@latest", "--data", "day.csv")
    assert "mase leaves out 1 of 4 series" in told


def test_a_version_whose_series_had_other_names_is_measured_on_a_file_and_by_a_plan(
    tmp_path, newer
):
    (tmp_path / "data").mkdir()
    sales().write_csv(tmp_path / "data" / "sales-1.csv")
    text = PROJECT + '\n[model.sales.promote]\nproduction = "auto"\n'
    before = text.replace('"shop"', '"place"')
    before = before.replace(
        'time   = "hour"', 'time   = "hour"\nderive = { place = "upper(shop)" }'
    )
    (tmp_path / "keepfit.toml").write_text(before)
    keepfit(tmp_path, "run")
    mase = scores_of(tmp_path, "evaluate", "sales@latest", "--data", str(newer))["mase"]
    (tmp_path / "keepfit.toml").write_text(text)
    assert scores_of(tmp_path, "evaluate", "sales@latest", "--data", str(newer))["mase"] == mase
    (tmp_path / "data" / "sales-2.csv").write_bytes(newer.read_bytes())
    then = scores_of(tmp_path, "show", "sales@latest")["mase"]["challenger"]
    told = f"champion's mase {then:.3f} → {mase['challenger']:.3f} on them"
    assert told in keepfit(tmp_path, "plan")


def test_the_holdout_as_a_file_has_the_mase_that_it_was_judged_by(project):
    late = pl.col("hour") >= END - timedelta(hours=36)
    sales().filter(late).write_csv(project / "holdout.csv")
    again = scores_of(project, "evaluate", "sales@latest", "--data", "holdout.csv")["mase"]
    judged = scores_of(project, "show", "sales@latest")["mase"]
    assert again["challenger"] == pytest.approx(judged["challenger"], rel=1e-12)


def test_a_version_that_keeps_its_last_steps_alone_says_that_it_has_no_scale(tmp_path, newer):
    (tmp_path / "data").mkdir()
    text = PROJECT.replace("season    = 24", "season    = 24\ncontext   = 96")
    (tmp_path / "keepfit.toml").write_text(text)
    sales().write_csv(tmp_path / "data" / "sales-1.csv")
    keepfit(tmp_path, "run")
    mase = scores_of(tmp_path, "evaluate", "sales@latest", "--data", str(newer))["mase"]
    assert mase["challenger"] is None
    assert "for those without series.context, which keep all steps; smape, wql" in mase["error"]


def test_two_versions_on_a_file_are_measured_in_what_the_second_learned_from(tmp_path, newer):
    (tmp_path / "data").mkdir()
    sales().write_csv(tmp_path / "data" / "sales-1.csv")
    for cutoffs, code in ((3, 0), (6, 3)):  # the second forecasts alike, which the gate refuses
        text = PROJECT.replace("cutoffs   = 3", f"cutoffs   = {cutoffs}")
        (tmp_path / "keepfit.toml").write_text(text)
        keepfit(tmp_path, "run", code=code)
    file = ("--data", str(newer))
    for one, other, cutoffs in (("1.0", "1.1", 6), ("1.1", "1.0", 3)):
        versions = f"sales@{one}", f"sales@{other}"
        mase = scores_of(tmp_path, "compare", *versions, *file)["mase"]
        by_hand = mase_by_hand(newer, END - timedelta(hours=12 * cutoffs))
        assert mase["challenger"] == pytest.approx(by_hand) == mase["champion"]


@pytest.mark.slow
@needs_network
def test_a_network_of_all_series_lives_as_any_forecast_does(tmp_path):
    city = with_network(tmp_path)
    assert "✓ sales 1.0.0" in keepfit(tmp_path, "run")
    assert "IDENTICAL" in keepfit(tmp_path, "rebuild", "sales@latest")
    assert "sales  fresh" in keepfit(tmp_path, "plan").replace("·  ", "")
    more = sales(24 * 13).with_columns(city=city).filter(pl.col("hour") >= END)
    more.write_csv(tmp_path / "day-13.csv")
    row = {"shop": "west", "city": "b", "hour": END + timedelta(hours=30)}
    pl.DataFrame([row]).write_csv(tmp_path / "asked.csv")
    said, _ = predicted(tmp_path, "sales@latest", "asked.csv", "--observe", "day-13.csv")
    assert said["q0.1"][0] < said["q0.5"][0] < said["q0.9"][0]


def test_what_series_are_like_is_for_a_kind_that_reads_it(tmp_path):
    with_network(tmp_path)
    text = (tmp_path / "keepfit.toml").read_text().replace(DEEPAR, '\nkind   = "seasonal-naive"')
    (tmp_path / "keepfit.toml").write_text(text)
    told = keepfit(tmp_path, "check", code=2)
    assert "series.static is ['city'], and kind 'seasonal-naive' reads none" in told
    assert "expected it left out, or kind deepar" in told


def test_check_names_the_command_that_brings_a_missing_extra(tmp_path):
    with_network(tmp_path)
    blind = "import sys; sys.modules['gluonts'] = None; from keepfit.cli import main; main()"
    command = [sys.executable, "-c", blind, "check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "model.sales.kind is 'deepar', which cannot be trained here" in done.stderr
    assert "pip install 'keepfit[deepar]'" in done.stderr


def test_series_are_not_torn_into_folds(project):
    told = keepfit(project, "train", "sales", "--sizes", "3", code=2)
    assert "folds of rows would tear them apart" in told


def test_a_season_that_is_left_out_is_noted(tmp_path):
    (tmp_path / "data").mkdir()
    sales(24 * 12).write_csv(tmp_path / "data" / "sales-1.csv")
    (tmp_path / "keepfit.toml").write_text(PROJECT)
    assert "series.season" not in keepfit(tmp_path, "check")
    (tmp_path / "keepfit.toml").write_text(PROJECT.replace("season    = 24\n", ""))
    told = keepfit(tmp_path, "check")
    assert "series.season is left out, which is 1: no season is looked for; of steps of 1" in told


def test_a_kind_that_forecasts_asks_for_series(tmp_path):
    text = PROJECT.partition("[model.sales.series]")[0]
    (tmp_path / "data").mkdir()
    sales().write_csv(tmp_path / "data" / "sales-1.csv")
    text = text.replace('target = "sold"', 'target = "sold"\nfeatures = ["hour"]')
    (tmp_path / "keepfit.toml").write_text(text)
    assert "which forecasts; expected [series]" in keepfit(tmp_path, "check", code=2)


def test_the_verdict_tells_of_series_that_a_kind_could_not_learn(tmp_path):
    pytest.importorskip("statsforecast")
    (tmp_path / "data").mkdir()
    text = PROJECT.replace("seasonal-naive", "theta").replace('"mase"', '"mae"')
    (tmp_path / "keepfit.toml").write_text(text)
    short = sales(shops=("north",)).tail(38).with_columns(shop=pl.lit("new"))
    pl.concat([sales(), short]).write_csv(tmp_path / "data" / "sales-1.csv")
    told = keepfit(tmp_path, "run")
    assert "1 of 4 series repeat their last season: they could not be learned" in told


def with_series_as_grave_as(root, severity):
    """Where one of four is too short for `theta`."""
    (root / "data").mkdir()
    text = PROJECT.replace("seasonal-naive", "theta").replace('"mase"', '"mae"')
    text += f'[model.sales.checks]\nseverity = {{ series = "{severity}" }}\n'
    (root / "keepfit.toml").write_text(text)
    short = sales(shops=("north",)).tail(38).with_columns(shop=pl.lit("new"))
    pl.concat([sales(), short]).write_csv(root / "data" / "sales-1.csv")


def test_it_is_noted_alone_where_the_file_says_so(tmp_path):
    pytest.importorskip("statsforecast")
    with_series_as_grave_as(tmp_path, "note")
    keepfit(tmp_path, "run")
    shown = json.loads(keepfit(tmp_path, "show", "sales@latest", "--json"))
    assert shown["judgement"]["verdict"]["outcome"] == "pass"
    told = "noted: 1 of 4 series repeat their last season"
    assert told in keepfit(tmp_path, "show", "sales@latest")


def test_it_is_refused_where_the_file_says_so_by_hand_as_well(tmp_path):
    pytest.importorskip("statsforecast")
    with_series_as_grave_as(tmp_path, "fail")
    told = "✗ 1 of 4 series repeat their last season"
    assert told in keepfit(tmp_path, "run", code=3)
    by_hand = ("promote", "sales@latest", "--to", "staging", "--yes")
    assert told in keepfit(tmp_path, *by_hand, code=3)
