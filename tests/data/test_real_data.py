# ruff: noqa: DTZ001 - the rows' own times are naive
from __future__ import annotations

from datetime import datetime

from keepfit.data.prepare import prepare


def test_two_years_of_taxi_files_meet_and_are_cut_by_month(shared, project, spec):
    model = spec(
        target="duration",
        features=["trip_distance", "route"],
        data={
            "source": str(shared / "nyc_green_taxi" / "green_tripdata_2023-*.parquet"),
            "time": "lpep_pickup_datetime",
            "derive": {
                "duration": "CAST(lpep_dropoff_datetime - lpep_pickup_datetime AS BIGINT) / 6e7",
                "route": "PULocationID || '_' || DOLocationID",
            },
            "clean": {
                "an-hour": "duration BETWEEN 1 AND 60",
                "of-2023": "lpep_pickup_datetime >= DATE '2023-01-01'",
            },
        },
        split={"holdout": "1 month"},
    )
    snapshot = project.freeze(model, until=datetime(2023, 3, 1))
    made = prepare(snapshot, model, project.parts.path)
    report = made.split.report
    assert report.cut == "2023-02-01T00:00:00"
    assert snapshot.time_to is not None
    assert snapshot.time_to < "2023-03-01"
    assert report.train > 60_000
    assert report.holdout > 60_000
    assert made.split.train["duration"].is_between(1, 60).all()
    assert [column.name for column in made.schema] == [
        "PULocationID",
        "DOLocationID",
        "trip_distance",
    ]


def test_prostate_names_its_own_training_rows(shared, project, spec):
    model = spec(
        target="lpsa",
        features=["lcavol", "lweight"],
        data={"source": str(shared / "regression_classics" / "prostate.csv")},
        split={"by": "column", "column": "train"},
    )
    made = prepare(project.freeze(model), model, project.parts.path)
    assert (made.split.report.train, made.split.report.holdout) == (67, 30)


def test_packed_files_with_text_classes_are_read(shared, project, spec):
    model = spec(
        target="class",
        features=["age"],
        data={"source": str(shared / "adult_income" / "train.csv.gz")},
    )
    snapshot = project.freeze(model)
    assert snapshot.rows > 30_000
    assert snapshot.parts[0].compression == "gz"
