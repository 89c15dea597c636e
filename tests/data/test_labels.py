"""Labels that judge, and that nobody can have learned, are told."""

from __future__ import annotations

import numpy as np
import pytest

from keepfit.data.piecewise.cut_pieces import cut_pieces
from keepfit.data.prepare import prepare

HEADER = "id,side,text,number,yes\n"


SIDES = {"train": "ab" * 15, "validation": "abcababaca", "holdout": "dadbaebfba"}


@pytest.fixture
def goods(project):
    """Thirty rows to learn from, ten that end training, ten that judge: a label of text each, and
    in other columns a number and yes or no."""
    rows = [(side, label) for side, labels in SIDES.items() for label in labels]
    lines = [
        f"{i},{side},{label},{i % 2 if i < 30 else i % 3},{('false', 'true')[i % 2]}\n"
        for i, (side, label) in enumerate(rows)
    ]
    project.write("goods.csv", HEADER + "".join(lines))
    return project


def notes(project, spec, target, **more):
    model = spec(
        target=target,
        features=("id",),
        data={"source": "goods.csv", "key": ["id"]},
        split={"by": "column", "column": "side"},
    )
    snapshot = project.freeze(model)
    made = prepare(snapshot, model, project.parts.path, **more)
    if not more:
        cut = cut_pieces(snapshot, model, project.parts.path)
        assert cut.prepared.findings == made.findings
    return [(one.severity, one.message) for one in made.findings]


def test_of_both_sides_the_labels_are_told_that_no_training_row_has(goods, spec):
    (first, one), (second, other) = notes(goods, spec, "text")
    assert first == second == "note"
    assert one == (
        "2 validation rows have labels that no training row has ('c'): early stopping and "
        "calibration leave them out"
    )
    assert other == (
        "4 holdout rows have labels that no training row has ('d', 'e', 'f'): no answer to them "
        "can be right"
    )


def test_numbers_and_known_labels_are_not_told_of(goods, spec):
    assert notes(goods, spec, "number") == []
    assert notes(goods, spec, "yes") == []


def test_a_model_that_goes_on_knows_labels_from_before(goods, spec):
    assert notes(goods, spec, "text", seen=np.zeros(1, dtype=np.uint64)) == []
