"""A life whose rows are never all in memory: it is told, judged and made again as any other."""

from __future__ import annotations

import pytest

from keepfit.data.piecewise import pieces
from keepfit.lifecycle.rebuilding.rebuild import Scene, rebuild
from keepfit.train import job as jobs


@pytest.fixture
def many(monkeypatch):
    """Every snapshot has too many rows for memory, and pieces are small."""
    monkeypatch.setattr(jobs, "MANY", 0)
    monkeypatch.setattr(pieces, "_PIECE", 50)


SGD = """estimator = "sklearn.linear_model.SGDRegressor"
epochs = 3
eta0 = 0.001
[model.price.encode]
scale = true"""


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("kind", ["ridge", "sklearn"])
def test_a_version_that_learned_in_pieces_is_made_again_bit_for_bit(life, kind):
    if kind == "sklearn":
        pytest.importorskip("sklearn", reason="the extra `sklearn` is not installed")
        life.change('kind     = "ridge"', 'kind     = "sklearn"')
        life.change("alpha = 0.1", SGD)
    life.retrained()
    life.months(11)
    life.retrained()
    rebuilt = rebuild(life.state.newest, life.name, life.ports(), Scene(life.root))
    assert (rebuilt.outcome, rebuilt.differs) == ("IDENTICAL", ())


def test_it_is_judged_as_one_that_learned_of_all_rows(life, begin_at, tmp_path, monkeypatch):
    whole = life.judgement(life.retrained().version)
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setattr(jobs, "MANY", 0)
    again = begin_at(other)
    again.months(*range(1, 11))
    found = again.judgement(again.retrained().version)
    assert found.verdict.outcome == whole.verdict.outcome
    assert found.evidence.rows == whole.evidence.rows
    assert found.evidence.split == whole.evidence.split
    mine, theirs = found.evidence.exhibits, whole.evidence.exhibits
    assert mine.profile.columns[0].column == theirs.profile.columns[0].column == "price"
    for ours, told in zip(mine.profile.columns, theirs.profile.columns, strict=True):
        assert (ours.nulls, ours.low, ours.high, ours.distinct) == (
            told.nulls,
            told.low,
            told.high,
            told.distinct,
        )


@pytest.mark.usefixtures("many")
def test_checks_and_clean_rules_see_every_piece(life):
    life.months(10, change=lambda lines: [*lines, lines[0]])
    with pytest.raises(Exception, match="2 rows share their key"):
        life.retrained()
