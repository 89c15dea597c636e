from __future__ import annotations

import hashlib
import json
import shutil

import msgspec
import pytest

from keepfit.data.piecewise import pieces
from keepfit.kinds.linear import gather
from keepfit.kinds.linear.least_squares import LINEAR
from keepfit.kinds.sklearn import chunks
from keepfit.train import job as jobs
from keepfit.train import pieces as train_pieces
from keepfit.train.fit import fit


@pytest.fixture
def many(monkeypatch):
    """Every snapshot has too many rows to be in memory."""
    monkeypatch.setattr(jobs, "MANY", 0)


@pytest.fixture(params=["linear", "ridge", "lasso", "elastic-net"])
def kind(request):
    return request.param


def coefficients(made):
    (out,) = json.loads(made.files["model.json"])["outputs"]
    return [out["intercept"], *out["numbers"], *out["categories"][0]]


@pytest.mark.usefixtures("many")
def test_what_is_learned_in_pieces_is_what_is_learned_of_all_rows(project, kind):
    job = project.job(kind=kind, split={"holdout": 0.2, "validation": 0.1})
    assert job.pieces
    made, whole = fit(job), fit(msgspec.structs.replace(job, pieces=False))
    assert coefficients(made) == pytest.approx(coefficients(whole), rel=1e-8)
    assert (made.keys, made.validated) == (whole.keys, whole.validated)
    assert made.candidate.split == whole.candidate.split
    assert made.candidate.schema == whole.candidate.schema
    assert made.proof.rows == whole.proof.rows
    assert made.proof.examples == whole.proof.examples
    assert made.proof.predictions == pytest.approx(whole.proof.predictions, rel=1e-8)


@pytest.mark.usefixtures("many")
def test_the_bytes_do_not_depend_on_the_size_of_pieces(project, kind, monkeypatch):
    monkeypatch.setattr(gather, "block_rows", lambda _: 32)
    made = []
    for size in (9, 64, 1000):
        monkeypatch.setattr(pieces, "_PIECE", size)
        made.append(fit(project.job(kind=kind)))
    assert made[0].files == made[1].files == made[2].files
    assert made[0].proof == made[1].proof == made[2].proof


@pytest.fixture
def months(project):
    """A project whose rows lie in five files, and a job on the first so many of them."""
    rows = (project.root / "rows.csv").read_text().splitlines(keepends=True)
    header, rows = rows[0], rows[1:]
    size = -(-len(rows) // 5)

    def job(files, **changes):
        for number in range(files):
            text = "".join(rows[number * size : (number + 1) * size])
            (project.root / f"month-{number}.csv").write_text(header + text)
        return project.job(data={"source": "month-*.csv"}, **changes)

    return job


def taken_in(monkeypatch):
    """How many files' rows are taken in from here on."""
    found = []

    class Counted(train_pieces._School):
        def _read(self, share):
            found.append(share.name)
            return super()._read(share)

    monkeypatch.setattr(train_pieces, "_School", Counted)
    return found


@pytest.mark.usefixtures("many")
def test_a_new_month_is_all_that_is_read_and_the_bytes_are_those_of_a_full_pass(
    months, kind, tmp_path, monkeypatch
):
    split = {"by": "random", "holdout": 0.2, "validation": 0.1}
    noted = msgspec.structs.replace(
        months(4, kind=kind, split=split), notes=str(tmp_path / "notes")
    )
    fit(noted)
    job = months(5, kind=kind, split=split)
    read = taken_in(monkeypatch)
    made = fit(msgspec.structs.replace(job, notes=str(tmp_path / "notes")))
    assert len(read) == 1
    whole = fit(job)
    assert len(read) == 1 + 5
    assert made.files == whole.files
    assert (made.proof, made.keys, made.validated) == (whole.proof, whole.keys, whole.validated)
    assert made.candidate.split == whole.candidate.split


@pytest.mark.usefixtures("many")
def test_other_params_read_no_file_again(months, tmp_path, monkeypatch):
    notes = {"notes": str(tmp_path / "notes")}
    fit(msgspec.structs.replace(months(3, params={"alpha": 1.0}), **notes))
    read = taken_in(monkeypatch)
    job = months(3, params={"alpha": 50.0})
    made = fit(msgspec.structs.replace(job, **notes))
    assert not read
    assert made.files == fit(job).files


@pytest.mark.usefixtures("many")
def test_of_another_packages_kind_every_file_is_taken_in(months, tmp_path, monkeypatch):
    class Elsewhere(type(LINEAR)):
        __module__ = "their_package.kinds"

    theirs = Elsewhere(LINEAR.name, LINEAR.params, LINEAR.scales, LINEAR.solve)
    monkeypatch.setattr(train_pieces, "kind", lambda _: theirs)
    read = taken_in(monkeypatch)
    job = msgspec.structs.replace(months(3, kind="linear"), notes=str(tmp_path / "notes"))
    assert fit(job).files == fit(job).files
    assert len(read) == 6


@pytest.mark.usefixtures("many")
def test_notes_that_are_damaged_or_in_the_way_cost_only_time(months, tmp_path):
    job = months(3)
    folder = tmp_path / "notes"
    noted = msgspec.structs.replace(job, notes=str(folder))
    whole = fit(job)
    strange = hashlib.sha256(b"x").digest() + b"x"  # whole, but nothing that is known
    for damage in (b"", b"x" * 40, strange, None):
        fit(noted)
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert len(files) == 6  # a look and a lesson for each file of rows
        for file in files:
            file.write_bytes(file.read_bytes()[:-1] + b"?" if damage is None else damage)
        made = fit(noted)
        assert (made.files, made.proof) == (whole.files, whole.proof)
    shutil.rmtree(folder)
    folder.write_text("no folder")
    assert fit(noted).files == whole.files


@pytest.mark.usefixtures("many")
def test_notes_of_files_that_are_gone_are_deleted(months, project, tmp_path):
    folder = tmp_path / "notes" / "lessons"
    fit(msgspec.structs.replace(months(3), notes=str(tmp_path / "notes")))
    before = {file.name for file in folder.iterdir()}
    (project.root / "month-0.csv").unlink()
    job = project.job(data={"source": "month-*.csv"})
    fit(msgspec.structs.replace(job, notes=str(tmp_path / "notes")))
    after = {file.name for file in folder.iterdir()}
    assert len(before) == 3
    assert len(after) == 2


SGD = {"estimator": "sklearn.linear_model.SGDRegressor", "epochs": 2, "eta0": 0.001}


@pytest.mark.usefixtures("many")
def test_what_learns_by_partial_fit_is_given_chunk_after_chunk(project, monkeypatch):
    pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")
    monkeypatch.setattr(chunks, "_CHUNK", 50)
    made = []
    for size in (9, 64, 1000):
        monkeypatch.setattr(pieces, "_PIECE", size)
        job = project.job(kind="sklearn", params=SGD, encode={"scale": True})
        assert job.pieces
        made.append(fit(job))
    assert made[0].files == made[1].files == made[2].files
    assert made[0].proof == made[1].proof == made[2].proof
    whole = fit(msgspec.structs.replace(job, pieces=False))
    assert made[0].proof.rows == whole.proof.rows
    assert (made[0].keys, made[0].validated) == (whole.keys, whole.validated)
    assert made[0].proof.predictions == pytest.approx(whole.proof.predictions, rel=0.2)


@pytest.mark.usefixtures("many")
def test_kinds_that_need_all_rows_have_them(project):
    for changes in (
        {"kind": "lightgbm-regressor"},
        {"encode": {"missing": "median"}},
        {"data": {"source": "rows.csv", "derive": {"twice": "distance / MAX(distance)"}}},
    ):
        assert not project.job(**changes).pieces


def test_few_rows_are_learned_from_in_an_order_of_their_own(project):
    assert not project.job().pieces
    assert jobs.MANY == 2_000_000
