"""A file of rows in, a file of predictions out: order, key, version, and what was rejected."""

import gzip

import numpy as np
import polars as pl
import pytest
from sklearn import datasets

from keepfit.data.types.conform import conform
from keepfit.errors import Refused, SourceError, UserError

SMALL = {"text": 200, "rows": 7, "slow_rows": 7, "streamed": 7}
KEYED = ["house_id", "prediction", "version"]

WRITERS = {
    "csv": pl.DataFrame.write_csv,
    "tsv": lambda rows, file: rows.write_csv(file, separator="\t"),
    "jsonl": pl.DataFrame.write_ndjson,
    "parquet": pl.DataFrame.write_parquet,
}
READERS = {
    "csv": pl.read_csv,
    "tsv": lambda file: pl.read_csv(file, separator="\t"),
    "jsonl": pl.read_ndjson,
    "parquet": pl.read_parquet,
}


def classifier(life, table, kind="logistic"):
    """The same project for a bundled table of classes, its target as text."""
    loaded = getattr(datasets, f"load_{table}")()
    rows = pl.DataFrame(loaded.data, schema=[f"x{i}" for i in range(loaded.data.shape[1])])
    names = [str(loaded.target_names[i]) for i in loaded.target]
    rows = rows.with_columns(label=pl.Series(names))
    rows.write_parquet(life.root / "rows.parquet")
    features = ", ".join(f'"{name}"' for name in rows.columns[:-1])
    (life.root / "keepfit.toml").write_text(
        f"""[project]
name = "{table}"
[model.price]
kind = "{kind}"
target = "label"
features = [{features}]
[model.price.data]
source = "rows.parquet"
"""
    )
    life.first_champion()
    return rows.drop("label")


@pytest.mark.parametrize("given", WRITERS)
@pytest.mark.parametrize("wanted", WRITERS)
def test_every_format_becomes_every_format_in_the_order_of_the_rows(
    batch, opened, houses, tmp_path, given, wanted
):
    source, output = tmp_path / f"in.{given}", tmp_path / f"out.{wanted}"
    WRITERS[given](houses, source)
    written = batch(source, output)
    rows = READERS[wanted](output)
    assert rows.columns == KEYED
    assert rows["house_id"].cast(pl.Int64).to_list() == houses["house_id"].to_list()
    assert rows["prediction"].to_list() == opened.predictor.predict(houses).values.to_list()
    assert set(rows["version"]) == {opened.state.version}
    assert (written.rows, written.rejected, written.rejects) == (houses.height, 0, ())
    assert sorted(tmp_path.iterdir()) == sorted([source, output])


def test_a_packed_file_is_read(batch, houses, tmp_path):
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(houses.write_csv().encode()))
    assert batch(tmp_path / "in.csv.gz", tmp_path / "out.csv").rows == houses.height


def test_the_expression_gives_the_very_bits_of_the_arrays(opened, houses):
    conformed = conform(houses, opened.predictor.schema)
    lazy = opened.predictor.lazy(conformed)
    assert lazy is not None
    by_expression = lazy.collect()["prediction"].to_numpy()
    by_arrays = opened.predictor.predict(conformed.collect()).values.to_numpy()
    assert by_expression.tobytes() == by_arrays.tobytes()


def test_a_row_alone_gets_what_it_gets_among_many(batch, houses, tmp_path):
    houses.write_parquet(tmp_path / "all.parquet")
    batch(tmp_path / "all.parquet", tmp_path / "all-out.parquet")
    for i in (0, houses.height - 1):
        houses[i : i + 1].write_parquet(tmp_path / f"{i}.parquet")
        batch(tmp_path / f"{i}.parquet", tmp_path / f"{i}-out.parquet")
        alone = pl.read_parquet(tmp_path / f"{i}-out.parquet")
        assert alone.equals(pl.read_parquet(tmp_path / "all-out.parquet")[i : i + 1])


def test_rows_are_numbered_where_the_model_has_no_key(bare, batch_of, tmp_path):
    rows = classifier(bare, "iris")
    rows.write_csv(tmp_path / "in.csv")
    batch_of(bare.open("production"))(tmp_path / "in.csv", tmp_path / "out.csv")
    assert pl.read_csv(tmp_path / "out.csv")["row"].to_list() == list(range(1, 151))


@pytest.mark.parametrize("table", ["iris", "breast_cancer"])
def test_classes_come_with_their_probabilities(bare, batch_of, tmp_path, table):
    rows = classifier(bare, table)
    rows.write_csv(tmp_path / "in.csv")
    opened = bare.open("production")
    batch_of(opened)(tmp_path / "in.csv", tmp_path / "out.csv")
    out = pl.read_csv(tmp_path / "out.csv")
    names = sorted(getattr(datasets, f"load_{table}")().target_names)
    chances = [f"probability_{name}" for name in names]
    assert out.columns == ["row", "prediction", *chances, "version"]
    said = out.select(chances).to_numpy()
    assert np.allclose(said.sum(axis=1), 1, atol=1e-12)
    likeliest = [names[i] for i in said.argmax(axis=1)]
    assert out["prediction"].to_list() == likeliest
    assert set(out["version"]) == {opened.state.version}
    assert opened.predictor.predict(rows).values.to_list() == likeliest


def test_rows_that_cannot_be_read_go_to_a_file_of_their_own_with_the_reason(
    batch, houses, tmp_path
):
    lines = houses.write_csv().splitlines()
    for number, old in ((3, houses["area_m2"][2]), (5, houses["area_m2"][4])):
        lines[number] = lines[number].replace(f",{old},", ",big,")
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n")
    written = batch(tmp_path / "in.csv", tmp_path / "out.csv", max_rejects=1.0)
    assert (written.rows, written.rejected) == (houses.height - 2, 2)
    assert written.rejects == (str(tmp_path / "out.rejects.csv"),)
    rejects = pl.read_csv(*written.rejects)
    assert rejects["row"].to_list() == [3, 5]
    assert set(rejects["reason"]) == {"area_m2: 'big' is not a whole number"}
    assert rejects["house_id"].to_list() == [houses["house_id"][i] for i in (2, 4)]
    kept = pl.read_csv(tmp_path / "out.csv")["house_id"].to_list()
    assert kept == [id_ for i, id_ in enumerate(houses["house_id"]) if i not in (2, 4)]


def test_what_is_not_known_is_filled_in_and_no_reason_to_reject(batch, opened, houses, tmp_path):
    holes = houses.with_columns(
        area_m2=pl.when(pl.int_range(pl.len()) % 3 == 0).then(None).otherwise("area_m2"),
        district=pl.lit("a district that nobody has seen"),
    )
    holes.write_csv(tmp_path / "in.csv")
    assert batch(tmp_path / "in.csv", tmp_path / "out.csv").rejected == 0
    said = pl.read_csv(tmp_path / "out.csv")["prediction"]
    assert said.to_list() == opened.predictor.predict(holes).values.to_list()
    assert said.is_finite().all()


def pedantic(life):
    """The same project with a model that fills no missing number, neither a raw nor a derived."""
    life.months(*range(1, 13))
    life.change("clean  =", 'derive = { m2_per_room = "area_m2 / rooms" }\nclean  =')
    life.change('"garden"]', '"garden", "m2_per_room"]')
    life.add('[model.price.encode]\nmissing = "fail"')
    life.first_champion()
    return life.open("production")


@pytest.mark.parametrize("given", WRITERS)
def test_rows_that_the_model_refuses_are_rejected_with_the_reason_and_count_as_rejects(
    bare, batch_of, houses, tmp_path, given
):
    opened, source = pedantic(bare), tmp_path / f"in.{given}"
    holes = houses.with_columns(
        age_years=pl.when(pl.int_range(pl.len()) == 2).then(None).otherwise("age_years"),
        rooms=pl.when(pl.int_range(pl.len()) == 11).then(0).otherwise("rooms"),
    )
    WRITERS[given](holes, source)
    batch = batch_of(opened)
    with pytest.raises(Refused, match=r"2 of \d+ rows .* row 3, age_years: no finite number, and"):
        batch(source, tmp_path / "out.csv", pace=SMALL, max_rejects=0)
    written = batch(source, tmp_path / "out.csv", pace=SMALL, max_rejects=1.0)
    assert (written.rows, written.rejected) == (houses.height - 2, 2)
    rejects = pl.read_csv(*written.rejects)
    assert rejects.select("row", "house_id", "reason").rows() == [
        (3, houses["house_id"][2], 'age_years: no finite number, and encode.missing is "fail"'),
        (12, houses["house_id"][11], 'm2_per_room: no finite number, and encode.missing is "fail"'),
    ]
    out, good = pl.read_csv(tmp_path / "out.csv"), np.delete(np.arange(houses.height), [2, 11])
    assert out.columns == KEYED
    assert out["house_id"].to_list() == houses[good]["house_id"].to_list()
    assert out["prediction"].to_list() == opened.predictor.predict(houses[good]).values.to_list()


@pytest.mark.parametrize("given", WRITERS)
def test_a_row_out_of_the_ranges_that_training_demands_is_rejected_as_it_is_over_http(
    bare, batch_of, houses, tmp_path, given
):
    bare.months(*range(1, 13))
    bare.add("[model.price.checks]\nranges = { rooms = [1, 20], price = [0, inf] }")
    bare.first_champion()
    opened, source = bare.open("production"), tmp_path / f"in.{given}"
    rooms = pl.when(pl.int_range(pl.len()) == 4).then(40).otherwise("rooms").alias("rooms")
    WRITERS[given](houses.with_columns(rooms), source)
    written = batch_of(opened)(source, tmp_path / "out.csv", pace=SMALL)
    assert (written.rows, written.rejected) == (houses.height - 1, 1)
    rejects = pl.read_csv(*written.rejects)
    assert rejects.select("row", "reason").rows() == [(5, "rooms: 40 is not between 1 and 20")]
    good = opened.predictor.predict(houses[np.delete(np.arange(houses.height), [4])])
    assert pl.read_csv(tmp_path / "out.csv")["prediction"].to_list() == good.values.to_list()


def test_a_row_that_is_unreadable_and_one_that_is_refused_stand_in_their_order(
    bare, batch_of, houses, tmp_path
):
    text = houses.head(9).cast(pl.String)
    text = text.with_columns(
        area_m2=pl.when(pl.int_range(pl.len()) == 5).then(pl.lit("big")).otherwise("area_m2"),
        rooms=pl.when(pl.int_range(pl.len()).is_in([3, 7])).then(None).otherwise("rooms"),
    )
    text.write_csv(tmp_path / "in.csv")
    written = batch_of(pedantic(bare))(tmp_path / "in.csv", tmp_path / "out.csv", max_rejects=1.0)
    rejects = pl.read_csv(*written.rejects)
    assert rejects["row"].to_list() == [4, 6, 8]
    assert [why.partition(":")[0] for why in rejects["reason"]] == ["rooms", "area_m2", "rooms"]


def test_a_file_of_which_the_model_refuses_every_row_has_no_answers(
    bare, batch_of, houses, tmp_path
):
    houses.with_columns(rooms=pl.lit(None, pl.Int64)).write_parquet(tmp_path / "in.parquet")
    written = batch_of(pedantic(bare))(
        tmp_path / "in.parquet", tmp_path / "out.parquet", max_rejects=1.0
    )
    assert (written.rows, written.rejected) == (0, houses.height)
    assert pl.read_parquet(tmp_path / "out.parquet").columns == KEYED


def test_columns_that_the_model_does_not_want_are_ignored(batch, opened, houses, tmp_path):
    more = houses.with_columns(
        row=pl.lit("a"), prediction=pl.lit("b"), version=pl.lit(3), reason=pl.lit("c")
    )
    more.write_csv(tmp_path / "in.csv")
    batch(tmp_path / "in.csv", tmp_path / "out.csv")
    out = pl.read_csv(tmp_path / "out.csv")
    assert out.columns == KEYED
    assert out["prediction"].to_list() == opened.predictor.predict(houses).values.to_list()


def test_a_column_called_row_survives_in_the_rejects(batch, houses, tmp_path):
    more = houses.with_columns(row=pl.lit("a"), area_m2=pl.lit("big")).head(2)
    more.write_csv(tmp_path / "in.csv")
    written = batch(tmp_path / "in.csv", tmp_path / "out.csv", max_rejects=1.0)
    assert (written.rows, written.rejected) == (0, 2)
    assert pl.read_csv(*written.rejects)["row"].to_list() == [1, 2]


def test_a_column_that_is_missing_is_named_with_a_guess(batch, houses, tmp_path):
    houses.rename({"area_m2": "area_m"}).write_csv(tmp_path / "in.csv")
    with pytest.raises(UserError, match=r"lack the column `area_m2`\. Did you mean `area_m`") as e:
        batch(tmp_path / "in.csv", tmp_path / "out.csv")
    assert e.value.hint == "the model wants: area_m2, rooms, age_years, district, garden"
    assert not (tmp_path / "out.csv").exists()


def test_a_file_of_other_columns_is_told_what_it_has(batch, houses, tmp_path):
    houses.write_csv(tmp_path / "in.csv", separator=";")
    with pytest.raises(UserError, match=r"district`, `garden`\. They have: house_id;sold_on;area"):
        batch(tmp_path / "in.csv", tmp_path / "out.csv")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_input_without_rows_gives_an_output_without_rows(batch, houses, tmp_path, form):
    WRITERS[form](houses.clear(), tmp_path / f"in.{form}")
    written = batch(tmp_path / f"in.{form}", tmp_path / f"out.{form}")
    assert written.rows == 0
    assert READERS[form](tmp_path / f"out.{form}").columns == KEYED


def test_a_transform_is_applied_in_batch_as_in_training(life, batch_of, tmp_path):
    life.change("clean  =", 'transform = "features:add"\nclean  =')
    life.change('"garden"]', '"garden", "rank"]')
    life.code(
        "features",
        "import polars as pl\n\n"
        "def add(rows):\n    return rows.with_columns(rank=1000 / pl.col('rooms'))\n",
    )
    life.first_champion()
    opened = life.open("production")
    rows = pl.read_csv(life.root / "data" / "houses-2024-03.csv").drop("price")
    rows.write_csv(tmp_path / "in.csv")
    batch_of(opened)(tmp_path / "in.csv", tmp_path / "out.csv")
    out = pl.read_csv(tmp_path / "out.csv")
    assert out["prediction"].to_list() == opened.predictor.predict(rows).values.to_list()
    assert out["house_id"].to_list() == rows["house_id"].to_list()


def test_an_output_that_is_there_is_not_written_over_unasked(batch, houses, tmp_path):
    houses.write_csv(tmp_path / "in.csv")
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(UserError, match="is there already") as caught:
        batch(tmp_path / "in.csv", tmp_path / "out.csv")
    assert caught.value.hint == "add --overwrite, or name another place"
    assert (tmp_path / "out.csv").read_text() == "mine"
    batch(tmp_path / "in.csv", tmp_path / "out.csv", overwrite=True)
    assert pl.read_csv(tmp_path / "out.csv").height == houses.height


def test_rejects_of_an_earlier_try_do_not_stay_behind(batch, houses, tmp_path):
    houses.with_columns(area_m2=pl.lit("big")).write_csv(tmp_path / "in.csv")
    first = batch(tmp_path / "in.csv", tmp_path / "out.csv", max_rejects=1.0)
    assert first.rejected == houses.height
    houses.write_csv(tmp_path / "in.csv")
    batch(tmp_path / "in.csv", tmp_path / "out.csv", overwrite=True)
    assert not (tmp_path / "out.rejects.csv").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.xlsx", "does not tell how to write it: expected .csv, .tsv, .jsonl, .parquet$"),
        ("out", "does not tell how to write it"),
        ("out.csv.gz", "predictions are written uncompressed"),
        ("nowhere/out.csv", "there is no folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_anything_is_read(batch, tmp_path, name, words):
    with pytest.raises(UserError, match=words):
        batch(tmp_path / "never-there.csv", tmp_path / name)


def test_an_input_that_is_damaged_leaves_no_output(batch, houses, tmp_path):
    houses.write_parquet(tmp_path / "in.parquet")
    whole = (tmp_path / "in.parquet").read_bytes()
    (tmp_path / "in.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"in\.parquet cannot be read"):
        batch(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["in.parquet"]


def test_a_text_file_that_is_cut_off_in_the_middle_leaves_no_output(batch, houses, tmp_path):
    lines = [*houses.write_csv().splitlines(), '1,2024-12-01,"12']
    (tmp_path / "in.csv").write_text("\n".join(lines))
    with pytest.raises(SourceError, match=r"in\.csv cannot be read"):
        batch(tmp_path / "in.csv", tmp_path / "out.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


def test_an_input_that_is_damaged_in_its_middle_leaves_no_output(batch, houses, tmp_path):
    houses.write_parquet(tmp_path / "in.parquet", compression="uncompressed")
    damaged = bytearray((tmp_path / "in.parquet").read_bytes())
    damaged[8:400] = bytes(392)
    (tmp_path / "in.parquet").write_bytes(damaged)
    with pytest.raises(SourceError, match=r"in\.parquet cannot be read") as caught:
        batch(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert "the file may be damaged" in caught.value.hint
    assert [file.name for file in tmp_path.iterdir()] == ["in.parquet"]


@pytest.fixture(scope="module")
def flowers(begin_at, tmp_path_factory):
    """A classifier of three classes, and rows for it in a file."""
    life = begin_at(tmp_path_factory.mktemp("flowers"))
    classifier(life, "iris").write_csv(life.root / "new.csv")
    return life.open("production"), life.root / "new.csv"


IRIS = ["setosa", "versicolor", "virginica"]
CHANCES = [f"probability_{name}" for name in IRIS]
TOP = ["label_1", "score_1", "label_2", "score_2"]


@pytest.mark.parametrize(
    ("how", "columns"),
    [
        ({}, ["prediction", *CHANCES]),
        ({"probabilities": False}, ["prediction"]),
        ({"top_k": 2}, ["prediction", *TOP]),
        ({"top_k": 2, "probabilities": True}, ["prediction", *CHANCES, *TOP]),
        ({"select": ("probability_setosa", "prediction")}, ["probability_setosa", "prediction"]),
        ({"top_k": 2, "select": ("label_2",)}, ["label_2"]),
    ],
)
def test_answers_are_those_that_are_asked_for(flowers, batch_of, tmp_path, how, columns):
    opened, rows = flowers
    batch_of(opened)(rows, tmp_path / "out.csv", **how)
    out = pl.read_csv(tmp_path / "out.csv")
    assert out.columns == ["row", *columns, "version"]
    batch_of(opened)(rows, tmp_path / "all.csv", top_k=3, probabilities=True)
    assert out.equals(pl.read_csv(tmp_path / "all.csv").select(out.columns))


def test_labels_that_begin_alike_are_answered_together(flowers, batch_of, tmp_path):
    opened, rows = flowers
    batch_of(opened)(rows, tmp_path / "out.parquet", prefix=1, probabilities=True, top_k=2)
    out = pl.read_parquet(tmp_path / "out.parquet")
    batch_of(opened)(rows, tmp_path / "all.parquet")
    whole = pl.read_parquet(tmp_path / "all.parquet")
    assert out.columns[1:4] == ["prediction", "probability_s", "probability_v"]
    assert out["probability_s"].equals(whole["probability_setosa"], check_names=False)
    both = whole["probability_versicolor"] + whole["probability_virginica"]
    assert out["probability_v"].equals(both, check_names=False)
    assert out["label_1"].equals(out["prediction"], check_names=False)
    assert set(out["prediction"]) == {"s", "v"}
    with pytest.raises(UserError, match="--top-k 3: price knows 2 classes"):
        batch_of(opened)(rows, tmp_path / "three.csv", prefix=1, top_k=3)


def test_of_many_classes_probabilities_come_where_they_are_asked_for(
    flowers, batch_of, tmp_path, monkeypatch
):
    from keepfit.lifecycle.batch import answers

    opened, rows = flowers
    monkeypatch.setattr(answers, "_FEW", 2)
    batch_of(opened)(rows, tmp_path / "out.csv")
    assert pl.read_csv(tmp_path / "out.csv").columns == ["row", "prediction", "version"]
    batch_of(opened)(rows, tmp_path / "all.csv", probabilities=True)
    assert set(CHANCES) < set(pl.read_csv(tmp_path / "all.csv").columns)


def test_of_many_classes_rows_are_answered_a_few_at_a_time(
    flowers, batch_of, tmp_path, monkeypatch
):
    from keepfit.lifecycle.batch import answers

    opened, rows = flowers
    batch_of(opened)(rows, tmp_path / "whole.parquet", top_k=2)
    seen = []
    said = answers._said
    monkeypatch.setattr(answers, "_said", lambda a, few: seen.append(few.height) or said(a, few))
    monkeypatch.setattr(answers, "_CHANCES", 40)  # of 3 classes: 13 rows
    batch_of(opened)(rows, tmp_path / "few.parquet", top_k=2)
    assert max(seen) == 13
    assert (tmp_path / "few.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_the_likeliest_labels_come_first_with_their_scores(flowers, batch_of, tmp_path):
    opened, rows = flowers
    batch_of(opened)(rows, tmp_path / "out.parquet", top_k=3, probabilities=True)
    for row in pl.read_parquet(tmp_path / "out.parquet").iter_rows(named=True):
        ranked = sorted(IRIS, key=lambda name: -row[f"probability_{name}"])
        assert [row[f"label_{k}"] for k in (1, 2, 3)] == ranked
        assert [row[f"score_{k}"] for k in (1, 2, 3)] == [row[f"probability_{n}"] for n in ranked]
        assert row["prediction"] == ranked[0]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"select": ("predicton",)}, r"no answer of .* `predicton`\. Did you mean `prediction`"),
        ({"select": ("score_1",)}, "no answer of .* called `score_1`"),
        ({"top_k": 4}, "--top-k 4: price knows 3 classes"),
    ],
)
def test_answers_that_there_are_none_of_are_refused(flowers, batch_of, tmp_path, how, words):
    opened, rows = flowers
    with pytest.raises(UserError, match=words):
        batch_of(opened)(rows, tmp_path / "out.csv", **how)


@pytest.mark.parametrize("how", [{"top_k": 1}, {"probabilities": True}, {"prefix": 2}])
def test_a_regression_has_no_classes_to_rank(batch, houses, tmp_path, how):
    houses.write_csv(tmp_path / "in.csv")
    with pytest.raises(UserError, match="price predicts numbers, not classes"):
        batch(tmp_path / "in.csv", tmp_path / "out.csv", **how)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "tsv", "jsonl", "jsonl.gz", "parquet"])
@pytest.mark.parametrize("wanted", ["csv", "jsonl", "parquet"])
def test_in_many_chunks_a_file_is_answered_as_in_one(batch, houses, tmp_path, form, wanted):
    rows = houses.with_columns(district=pl.format('the "{}",\nthere', "district"))
    kind, _, packed = form.partition(".")
    WRITERS[kind](rows, tmp_path / f"in.{kind}")
    if packed:
        data = (tmp_path / f"in.{kind}").read_bytes()
        (tmp_path / f"in.{form}").write_bytes(gzip.compress(data))
    batch(tmp_path / f"in.{form}", tmp_path / f"one.{wanted}")
    batch(tmp_path / f"in.{form}", tmp_path / f"many.{wanted}", pace=SMALL)
    assert len(batch.moved) > 4
    one, many = (READERS[wanted](tmp_path / f"{name}.{wanted}") for name in ("one", "many"))
    assert many.equals(one)
    if wanted != "parquet":
        files = [tmp_path / f"{name}.{wanted}" for name in ("one", "many")]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_rejects_of_many_chunks_are_those_of_one(batch, houses, tmp_path):
    bad = pl.int_range(pl.len()) % 3 == 1
    rows = houses.with_columns(
        rooms=pl.when(bad).then(pl.lit("many")).otherwise(pl.col("rooms").cast(pl.String))
    )
    for form, write in WRITERS.items():
        write(rows, tmp_path / f"in.{form}")
        for name, pace in (
            ("one", {}),
            ("many", {"text": 200, "rows": 7, "slow_rows": 7, "streamed": 7}),
        ):
            output = tmp_path / f"{form}-{name}.csv"
            assert batch(tmp_path / f"in.{form}", output, pace=pace, max_rejects=1.0).rejected == 13
        one, many = (tmp_path / f"{form}-{name}.rejects.csv" for name in ("one", "many"))
        assert one.read_bytes() == many.read_bytes()
        assert pl.read_csv(one)["row"].to_list() == list(range(2, 41, 3))


def test_json_lines_may_leave_out_what_is_null(batch, houses, tmp_path):
    lines = houses.write_ndjson().splitlines()
    without = [line.replace('"garden":true,', "").replace(',"garden":true', "") for line in lines]
    (tmp_path / "in.jsonl").write_text("\n".join([lines[0], *without[1:]]) + "\n")
    written = batch(tmp_path / "in.jsonl", tmp_path / "out.csv", pace={"text": 150})
    assert written.rows == houses.height
    batch(tmp_path / "in.jsonl", tmp_path / "one.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_rows_within_rows_come_as_json_in_the_rejects(batch, houses, tmp_path):
    rows = houses.with_columns(
        rooms=pl.lit("many"), notes=pl.struct(a=pl.lit(1), b=pl.concat_list(pl.lit("x")))
    )
    rows.write_ndjson(tmp_path / "in.jsonl")
    batch(tmp_path / "in.jsonl", tmp_path / "out.csv", max_rejects=1.0)
    assert set(pl.read_csv(tmp_path / "out.rejects.csv")["notes"]) == {'{"a":1,"b":["x"]}'}


def test_progress_tells_rows_and_the_share_of_what_is_behind(batch, houses, tmp_path):
    houses.write_csv(tmp_path / "in.csv")
    batch(tmp_path / "in.csv", tmp_path / "out.csv", pace={"text": 500})
    rows, shares = zip(*batch.moved, strict=True)
    assert rows == tuple(sorted(rows))
    assert shares == tuple(sorted(shares))
    assert (rows[-1], shares[-1]) == (houses.height, 1.0)


def test_what_the_project_s_code_raises_is_told_in_its_words(life, batch_of, houses, tmp_path):
    life.change("clean  =", 'transform = "features:checked"\nclean  =')
    life.code(
        "features",
        "def checked(rows):\n"
        "    if rows.collect()['area_m2'].null_count():\n"
        "        raise ValueError('no area')\n"
        "    return rows\n",
    )
    life.first_champion()
    rows = houses.with_columns(area_m2=pl.lit(None, dtype=pl.Int64))
    rows.write_csv(tmp_path / "in.csv")
    with pytest.raises(UserError, match=r"checked raised ValueError at .*features.py:3: no area"):
        batch_of(life.open("production"))(tmp_path / "in.csv", tmp_path / "out.csv")


def test_more_rows_than_fit_into_32_bits_are_numbered(flowers, batch_of, tmp_path, monkeypatch):
    from keepfit.lifecycle.batch import answers

    opened, rows = flowers
    batch_of(opened)(rows, tmp_path / "whole.parquet", pace={"text": 500})
    monkeypatch.setattr(answers, "_FAR", 100)
    batch_of(opened)(rows, tmp_path / "far.parquet", pace={"text": 500})
    far = pl.read_parquet(tmp_path / "far.parquet")
    assert far["row"].dtype == pl.Int64
    assert far.cast({"row": pl.UInt32}).equals(pl.read_parquet(tmp_path / "whole.parquet"))
