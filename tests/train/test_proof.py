from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl

from keepfit.config.schema.model import ModelSpec
from keepfit.data.prepare import prepare
from keepfit.digest import canonical
from keepfit.lifecycle.rebuilding.differences import equal, of_rows
from keepfit.train.fit import fit
from keepfit.train.proof import proof_of, said


def proven(project, turn=lambda train: train, **changes):
    """The proof of a training whose rows were turned before."""
    job = project.job(**changes)
    spec = ModelSpec.model_validate(job.spec)
    prepared = prepare(job.snapshot, spec, lambda digest: Path(job.paths[digest]))
    made = fit(job)
    fitted = made.predictor(spec, None).fitted
    object.__setattr__(prepared.split, "train", turn(prepared.split.train))
    return proof_of(prepared, spec, fitted, made.files, None)


def inputs(was, now):
    return [(one.input, one.text) for one in of_rows(was, now)]


def test_a_proof_is_the_same_each_time_and_small(project):
    proof = proven(project)
    assert proof == proven(project)
    assert len(canonical(proof)) < 5000
    assert list(proof.columns) == ["distance", "colour", "fare"]


def test_rows_in_another_order_are_told_from_other_rows(project):
    proof = proven(project)
    turned = proven(project, lambda train: train.reverse())
    text = "the prepared training rows are the same, but in another order"
    assert inputs(proof, turned) == [("row order", text)]
    other = proven(project, lambda train: train.with_columns(pl.col("distance") + 1e-12))
    text = "the prepared training rows differ in distance"
    assert inputs(proof, other) == [("prepared rows", text)]
    wider = proven(project, lambda train: train.with_columns(pl.col("fare").cast(pl.Float32)))
    assert inputs(proof, wider) == [("prepared rows", "the prepared training rows differ in fare")]
    assert inputs(proof, proof) == []


def test_the_examples_are_rows_of_the_holdout_and_what_the_model_says_of_them(project):
    job = project.job()
    made = fit(job)
    proof = made.proof
    assert len(proof.examples) == len(proof.predictions) == 20
    assert [*proof.examples[0]] == [column.name for column in made.candidate.schema]
    predictor = made.predictor(ModelSpec.model_validate(job.spec), None)
    assert said(predictor.predict(pl.DataFrame(list(proof.examples)))) == proof.predictions


def test_a_classifier_s_predictions_are_labels_with_chances(project):
    job = project.job(kind="logistic", target="colour", features=["distance", "fare"])
    label, chances = fit(job).proof.predictions[0]
    assert label in {"red", "green", "blue"}
    assert abs(sum(chances) - 1) < 1e-9


def test_a_transform_that_cannot_do_with_few_rows_leaves_the_proof_without_predictions(project):
    job = project.transforming(
        "import polars as pl\n"
        "def change(rows):\n"
        "    if rows.select(pl.len()).collect().item() < 100:\n"
        "        raise ValueError('too few')\n"
        "    return rows\n"
    )
    proof = fit(job).proof
    assert (len(proof.examples), proof.predictions) == (20, ())


def test_equal_is_the_same_parameters_and_the_same_answers(project):
    proof = proven(project)
    assert equal(proof, msgspec.structs.replace(proof, rows="other"))
    assert not equal(proof, msgspec.structs.replace(proof, parameters="other"))
    assert not equal(proof, msgspec.structs.replace(proof, predictions=proof.predictions[1:]))
