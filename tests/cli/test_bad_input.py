"""What is wrong with the file, the sources or the rows is told with place, value and next step."""

import polars as pl
import pytest


def test_a_misspelt_key_is_named_with_its_line_and_a_guess(project):
    project.edit("keepfit.toml", "holdout", "holdot")
    said = project.keepfit("run")
    said.refuses(2, "keepfit.toml:15: model.fare.split.holdot", "Did you mean `holdout`?")
    assert "next: " in said.err
    assert not project.store.exists()


def test_a_value_of_the_wrong_type_is_named_with_what_was_expected(project):
    project.edit("keepfit.toml", '["trip_id"]', '"trip_id"')
    said = project.keepfit("run")
    said.refuses(2, "keepfit.toml:12: model.fare.data.key is 'trip_id'; expected a list", "next: ")
    assert not project.store.exists()


def test_two_problems_are_told_at_once(project):
    project.edit("keepfit.toml", '"ridge"', '"rigde"')
    project.edit("keepfit.toml", '"1 month"', "7")
    said = project.keepfit("check")
    said.refuses(2, "keepfit.toml:5: model.fare.kind is 'rigde'", "Did you mean `ridge`?")
    said.refuses(2, "keepfit.toml:15: model.fare.split.holdout is 7; expected", "2 problems")


def test_a_file_that_is_no_toml_is_named_with_the_line(project):
    project.edit("keepfit.toml", 'name = "taxi"', "name = taxi")
    project.keepfit("plan").refuses(2, "keepfit.toml:2: ", "next: ")


def test_a_folder_without_a_project_says_how_to_begin_one(project):
    project.file("keepfit.toml").unlink()
    said = project.keepfit("run")
    said.refuses(2, f"there is no keepfit.toml in {project.root}", "keepfit init")


@pytest.mark.parametrize("verb", ["check", "run"])
def test_a_source_that_is_not_there_is_named_with_the_nearest_file(project, verb):
    project.edit("keepfit.toml", "trips-*.csv", "trips-2013-13.csv")
    said = project.keepfit(verb)
    said.refuses(2, "no file data/trips-2013-13.csv", "Did you mean `trips-2013-03.csv`?", "next: ")
    assert project.versions() == []


def test_a_source_in_a_folder_that_is_not_there_names_the_folder(project):
    project.edit("keepfit.toml", "data/trips", "dta/trips")
    said = project.keepfit("run")
    said.refuses(2, "dta/trips-*.csv", f"there is no folder {project.root / 'dta'}", "next: ")
    assert not project.store.exists()


def test_a_pattern_that_matches_nothing_says_what_lies_there(project):
    project.edit("keepfit.toml", "trips-*.csv", "trip-*.csv")
    said = project.keepfit("run")
    said.refuses(2, "no file matches data/trip-*.csv", "Did you mean `trips-2013-0", "next: ")
    assert project.recovers()


MISNAMED = {
    "features[0]": ('["distance_km"', '["distance_kn"', "distance_km"),
    "target": ('target = "fare"', 'target = "fares"', "fare"),
    "data.time": ('"pickup_at"', '"pickup_on"', "pickup_at"),
    "data.key[0]": ('["trip_id"]', '["tripid"]', "trip_id"),
}


@pytest.mark.parametrize("place", MISNAMED)
def test_a_column_that_is_not_there_is_named_with_a_guess(project, place):
    old, new, meant = MISNAMED[place]
    project.edit("keepfit.toml", old, new)
    for verb in ("check", "run"):
        said = project.keepfit(verb)
        said.refuses(2, f"model.fare.{place}", f"Did you mean `{meant}`?", "next: ")
    assert project.versions() == []


def test_check_finds_the_line_of_each_column_that_is_not_there(project):
    project.edit("keepfit.toml", '"distance_km", "borough"', '"distance_kn", "burough"')
    said = project.keepfit("check")
    said.refuses(2, "keepfit.toml:7: model.fare.features[0]", "`distance_km`")
    said.refuses(2, "keepfit.toml:7: model.fare.features[1]", "`borough`", "2 problems")


def test_a_target_of_nulls_only_is_refused(project):
    project.rewrite(lambda cells: [*cells[:-1], ""])
    said = project.keepfit("run")
    said.refuses(3, "model `fare`", "the target `fare`", "all 120 rows have null there", "next: ")
    assert project.recovers()


def test_a_constant_target_is_refused(project):
    project.rewrite(lambda cells: [*cells[:-1], "5.0"])
    said = project.keepfit("run")
    said.refuses(3, "model `fare`", "the target `fare` is 5.0 in all 79 training rows", "next: ")
    assert project.versions() == []


def test_a_classifier_of_one_class_is_refused(project):
    project.edit("keepfit.toml", '"ridge"', '"logistic"')
    project.rewrite(lambda cells: [*cells[:-1], "paid"])
    said = project.keepfit("run")
    said.refuses(3, "model `fare`", "'paid' in all 79", "a classifier needs two classes")
    assert project.versions() == []


def test_an_empty_holdout_is_refused_and_says_where_the_rows_are(project):
    project.edit("keepfit.toml", 'holdout = "1 month"', 'by = "column"\ncolumn = "side"')
    project.edit(
        "keepfit.toml",
        "[model.fare.split]",
        """derive = { side = "'train'" }\n\n[model.fare.split]""",
    )
    said = project.keepfit("run")
    said.refuses(3, "model `fare` has no holdout rows", "train 120", "holdout 0", "next: ")
    assert project.recovers()


def test_a_holdout_of_more_time_than_there_is_leaves_nothing_to_train_on(project):
    project.edit("keepfit.toml", '"1 month"', '"1 year"')
    said = project.keepfit("run")
    said.refuses(3, "has no training rows", "train 0", "holdout 120", "model.fare.split")
    assert project.versions() == []


def test_duplicate_keys_are_refused_and_shown_in_a_file(project):
    first, second, _ = project.months()
    doubled = first.read_text().splitlines()[1:6]
    second.write_text(second.read_text() + "\n".join(doubled) + "\n")
    said = project.keepfit("run")
    said.refuses(
        3, "`fare`", "10 rows share their key (trip_id)", "next: ", ".keepfit/fare.bad.csv"
    )
    blamed = pl.read_csv(project.file(".keepfit/fare.bad.csv"))
    assert sorted(blamed["trip_id"]) == [40, 40, 41, 41, 42, 42, 43, 43, 44, 44]
    assert project.versions() == []
    assert project.recovers()


def test_a_third_file_with_other_columns_is_named(project):
    third = project.months()[2]
    third.write_text(third.read_text().replace("distance_km", "distance_miles", 1))
    for verb in ("check", "run"):
        said = project.keepfit(verb)
        said.refuses(2, "data/trips-2013-03.csv has other columns than data/trips-2013-01.csv")
        said.refuses(2, "`distance_km` is missing", "`distance_miles` is extra", "next: ")
    assert project.versions() == []
    assert project.recovers()


def test_text_among_numbers_in_one_file_is_named(project):
    project.edit("data/trips-2013-03.csv", "2013-03-02T01:00:00,", "2013-03-02T01:00:00,far")
    said = project.keepfit("run")
    said.refuses(2, "the column `distance_km` differs", "text in data/trips-2013-03.csv", "next: ")
    assert project.versions() == []


def test_an_empty_file_is_named(project):
    project.months()[1].write_text("")
    project.keepfit("run").refuses(4, "data/trips-2013-02.csv is empty", "next: ")
    assert project.versions() == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],  # the end was cut off
        lambda data: data[:4] + bytes(200) + data[204:],  # rows were overwritten
        lambda _: b"no Parquet",
        lambda _: b"",
    ],
)
def test_a_corrupt_parquet_file_is_named(project, spoil):
    for file in project.months():
        pl.read_csv(file, try_parse_dates=True).write_parquet(file.with_suffix(".parquet"))
    project.edit("keepfit.toml", "trips-*.csv", "trips-*.parquet")
    damaged = project.file("data/trips-2013-02.parquet")
    damaged.write_bytes(spoil(damaged.read_bytes()))
    said = project.keepfit("run")
    said.refuses(4, "data/trips-2013-02.parquet", "next: ")
    assert project.versions() == []


def test_a_month_without_data_is_a_period_without_rows_in_a_replay(project):
    project.months()[1].unlink()
    arguments = ["replay", "fare", "--from", "2013-01", "--to", "2013-04", "--policy", "monthly"]
    said = project.keepfit(*arguments)
    assert said.code == 0, said.err
    [february] = [line for line in said.out.splitlines() if line.startswith("2013-02-01")]
    assert "no rows" in february
    assert not project.store.exists()  # a replay has a store of its own


def test_a_run_at_the_end_of_a_month_without_data_is_refused(project):
    project.months()[1].unlink()
    said = project.keepfit("run", "--as-of", "2013-03-01")
    said.refuses(3, "model `fare` has no holdout rows", "2013-02-01", "next: ")
    assert project.versions() == []


def test_a_run_before_all_rows_says_what_the_sources_span(project):
    said = project.keepfit("run", "--as-of", "2012-01-01")
    said.refuses(3, "no rows before 2012-01-01", "2013-01-01T00:00:00 to 2013-03-28", "next: ")


def test_one_model_that_fails_does_not_stop_the_others(project):
    text = project.file("keepfit.toml").read_text()
    other = text.partition("[model.fare]")[2].replace("model.fare", "model.tips")
    bad = other.replace('target = "fare"', 'target = "tip"')
    project.file("keepfit.toml").write_text(
        text.replace("[model.fare]", f"[model.tips]{bad}\n[model.fare]")
    )
    said = project.keepfit("run")
    said.refuses(2, "model.tips.target is `tip`")
    assert "fare 1.0.0" in said.out
    assert len(project.versions()) == 1
