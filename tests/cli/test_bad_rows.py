"""Rows that cannot be predicted, and places where predictions cannot go."""

import polars as pl
import pytest

JANUARY = "data/trips-2013-01.csv"


@pytest.fixture
def predict(trained):
    return lambda source, output, *flags: trained.keepfit(
        "predict", "fare@latest", source, output, *flags
    )


def test_a_missing_column_is_named_with_what_the_model_wants(trained, predict):
    trained.edit(JANUARY, "distance_km", "distance_kn")
    said = predict(JANUARY, "out.csv")
    said.refuses(2, "lack the column `distance_km`", "Did you mean `distance_kn`?", "next: ")
    assert not list(trained.root.glob("*out*"))


def test_text_in_a_number_column_costs_its_row_and_is_kept_with_the_reason(trained, predict):
    trained.edit(JANUARY, "2013-01-02T01:00:00,", "2013-01-02T01:00:00,far")
    said = predict(JANUARY, "out.csv")
    assert said.code == 0, said.err
    assert "1 row rejected: out.rejects.csv" in said.out
    [rejected] = pl.read_csv(trained.file("out.rejects.csv")).to_dicts()
    assert rejected["trip_id"] == 41
    assert "distance_km: 'far" in rejected["reason"]
    assert "is not a whole number" in rejected["reason"]
    ids = pl.read_csv(trained.file("out.csv"))["trip_id"].to_list()
    assert ids == [40, *range(42, 80)]


def test_an_input_that_is_not_there_is_named(predict):
    predict("trips.csv", "out.csv").refuses(2, "there is no file trips.csv")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("in.csv", b"", 4), ("in.parquet", b"no Parquet", 4), ("in.txt", b"a\n1\n", 2)],
)
def test_an_input_that_cannot_be_read_is_named(trained, predict, name, content, code):
    trained.file(name).write_bytes(content)
    predict(name, "out.csv").refuses(code, name)
    assert not list(trained.root.glob("*out*"))


def test_an_output_in_a_folder_that_is_not_there_names_the_folder(predict):
    predict(JANUARY, "nowhere/out.csv").refuses(2, "there is no folder nowhere", "next: ")


def test_an_output_of_no_known_format_is_named(predict):
    predict(JANUARY, "out.xyz").refuses(2, "out.xyz", "expected .csv")


def test_an_output_that_is_there_is_kept_unless_told_otherwise(trained, predict):
    trained.file("out.csv").write_text("mine")
    predict(JANUARY, "out.csv").refuses(2, "out.csv is there already", "next: add --overwrite")
    assert trained.file("out.csv").read_text() == "mine"
    assert predict(JANUARY, "out.csv", "--overwrite").code == 0
    assert pl.read_csv(trained.file("out.csv")).height == 40


def test_predictions_never_replace_the_rows_that_they_are_of(trained, predict):
    before = trained.file(JANUARY).read_bytes()
    said = predict(JANUARY, f"../taxi/{JANUARY}", "--overwrite")
    said.refuses(2, "the file of rows itself", "next: ")
    assert trained.file(JANUARY).read_bytes() == before


def test_a_row_counter_of_the_users_own_is_no_trouble(trained, predict):
    trained.edit(JANUARY, "trip_id", "row")
    said = predict(JANUARY, "out.csv")
    assert said.code == 0, said.err
    assert pl.read_csv(trained.file("out.csv")).height == 40
