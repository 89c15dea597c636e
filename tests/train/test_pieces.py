from __future__ import annotations

import json

import msgspec
import pytest

from keepfit.data import pieces
from keepfit.kinds import gather
from keepfit.train import job as jobs
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
