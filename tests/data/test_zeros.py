"""Codes with a zero before their first digit are no numbers: who reads them as such is told."""

from __future__ import annotations

import gzip

import pytest

from keepfit.data.piecewise.cut_pieces import cut_pieces
from keepfit.data.prepare import prepare

TEXT = "id,code,month,plain,km,y\n" + "".join(
    f"{i},{i % 3 + 98:04},{i % 12 + 1:02},{i},{i}.05,{i * 2}\n" for i in range(40)
)


def notes(project, spec, *, source="trips.csv", features=("code", "plain"), **data):
    model = spec(
        target="y",
        features=features,
        data={"source": source, "key": ["id"], **data},
        split={"by": "random", "holdout": 0.3},
    )
    snapshot = project.freeze(model)
    made = prepare(snapshot, model, project.parts.path)
    cut = cut_pieces(snapshot, model, project.parts.path)
    assert cut.prepared.findings == made.findings
    return [(one.check, one.severity, one.message) for one in made.findings]


def test_a_code_that_lost_its_zeros_is_told_with_what_keeps_them(project, spec):
    project.write("trips.csv", TEXT)
    ((check, severity, message),) = notes(project, spec)
    assert (check, severity) == ("zeros", "note")
    assert message == (
        "`code` is read as a whole number, and 0098 in trips.csv loses its first 0; if it is a "
        'code, say data.types = { code = "text" }'
    )


@pytest.mark.parametrize("said", ["text", "integer"])
def test_whoever_says_what_it_is_hears_nothing(project, spec, said):
    project.write("trips.csv", TEXT)
    assert notes(project, spec, types={"code": said}) == []


def test_columns_that_the_model_does_not_name_are_not_told_of(project, spec):
    project.write("trips.csv", TEXT)
    assert notes(project, spec, features=("plain", "km")) == []


def test_it_is_told_once_whatever_the_files(project, spec):
    header, rows = TEXT.split("\n", 1)
    project.write("trips-1.csv", header + "\n90,120,3,4,5.5,6\n")
    project.write("trips-2.csv.gz", gzip.compress(TEXT.encode()))
    project.write("trips-3.csv", header + "\n" + "".join(f"1{row}\n" for row in rows.split()))
    told = [
        message for check, _, message in notes(project, spec, source="trips-*") if check == "zeros"
    ]
    assert len(told) == 1
    assert "0098 in trips-2.csv.gz loses" in told[0]


def test_zeros_and_fractions_are_numbers(project, spec):
    text = "id,code,plain,y\n" + "".join(f"{i},{i % 2},{i},0.{i}\n" for i in range(30))
    project.write("trips.csv", text)
    assert notes(project, spec) == []
