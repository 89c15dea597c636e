from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest

from keepfit.data.prepare import prepare
from keepfit.data.splitting.keys import read_fingerprint, row_keys
from keepfit.digest import digest_of, sha256, sha256_file
from keepfit.errors import Refused
from keepfit.records.training import Code
from keepfit.train.fit import fit
from keepfit.train.predictor import Predictor

DERIVED = {
    "features": ["distance", "colour", "twice"],
    "data": {
        "source": "rows.csv",
        "key": ["id"],
        "derive": {"twice": "distance * 2"},
    },
}
DOUBLES = """
import polars as pl
def change(rows):
    return rows.with_columns(twice=pl.col("distance") * 2)
"""


def holdout(project, job):
    spec = project.spec(**msgspec.to_builtins(job.spec))
    return prepare(job.snapshot, spec, lambda d: job.paths[d], root=project.root, transform=None)


def test_a_candidate_is_named_by_its_files(project):
    made = fit(project.job())
    assert made.candidate.files == {"model.json": sha256(made.files["model.json"])}
    assert made.candidate.digest == digest_of(made.candidate.files)
    assert (made.candidate.model, made.candidate.kind) == ("fare", "ridge")
    assert [column.name for column in made.candidate.schema] == ["distance", "colour"]


def test_fitting_takes_the_time_that_the_clock_says(project):
    times = iter([10.0, 12.5])
    assert fit(project.job(), clock=lambda: next(times)).candidate.seconds == 2.5


def test_the_fingerprint_is_of_the_training_rows_alone(project):
    made = fit(project.job())
    keys = read_fingerprint(made.keys)
    assert len(keys) == made.candidate.split.train
    ids = pl.read_csv(project.root / "rows.csv").select("id")
    everybody = row_keys(ids, ("id",))
    assert np.isin(keys, everybody).all()
    assert made.candidate.split.train + made.candidate.split.holdout == len(everybody)


def test_a_classifier_tells_its_classes(project):
    made = fit(project.job(kind="logistic", target="colour", features=["distance", "fare"]))
    assert made.candidate.classes == ("blue", "green", "red")


def test_what_is_trained_predicts_raw_rows(project):
    job = project.job(**DERIVED)
    spec, made = project.spec(**DERIVED), fit(job)
    predictor = made.predictor(spec, None)
    rows = pl.read_csv(project.root / "rows.csv")
    said = predictor.predict(rows.select("distance", "colour")).values
    assert (said - rows["fare"]).abs().mean() < 1.0
    prepared = rows.with_columns(twice=pl.col("distance") * 2)
    assert predictor.on_prepared(prepared).values.to_list() == said.to_list()
    lazy = predictor.lazy(rows.lazy()).collect()
    assert lazy["prediction"].to_list() == said.to_list()
    assert lazy.columns[: len(rows.columns)] == rows.columns


def test_a_transform_is_the_same_in_training_and_in_serving(project):
    job = project.transforming(DOUBLES)
    job.spec["features"] = DERIVED["features"]
    made = fit(job)
    spec = project.spec(**job.spec)

    def change(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.with_columns(twice=pl.col("distance") * 2)

    rows = pl.read_csv(project.root / "rows.csv").drop("fare")
    by_hand = rows.with_columns(twice=pl.col("distance") * 2)
    predictor = made.predictor(spec, change)
    said = predictor.predict(rows).values.to_list()
    assert said == predictor.on_prepared(by_hand).values.to_list()
    assert predictor.lazy(rows.lazy()) is None


def test_a_rule_that_makes_the_target_is_not_asked_for_in_serving(project):
    changes = {
        "target": "double_fare",
        "data": {
            "source": "rows.csv",
            "key": ["id"],
            "derive": {"double_fare": "fare * 2", "twice": "distance * 2"},
        },
        "features": ["twice"],
    }
    made = fit(project.job(**changes))
    predictor = made.predictor(project.spec(**changes), None)
    assert isinstance(predictor, Predictor)
    assert predictor.predict(pl.DataFrame({"distance": [3.0]})).values.len() == 1


def test_code_that_changed_after_the_run_began_is_refused(project):
    job = project.transforming(DOUBLES)
    steps = project.root / "steps.py"
    code = Code(digest="0" * 64, files={"steps.py": sha256_file(steps)})
    assert fit(msgspec.structs.replace(job, code=code))
    steps.write_text(DOUBLES + "\n# edited\n")
    with pytest.raises(Refused, match=r"steps\.py changed after the run began"):
        fit(msgspec.structs.replace(job, code=code))
