"""Versions on rows: what is scored, what is left out, and where two disagree."""

import numpy as np
import polars as pl
import pytest

from keepfit.errors import NotComparable, UserError
from keepfit.lifecycle.judging.compare import compare, evaluate


@pytest.fixture(scope="module")
def two(begin_at, tmp_path_factory):
    """1.0.0, and 1.1.0 that learned from two months more; the tests only look."""
    life = begin_at(tmp_path_factory.mktemp("two"))
    life.months(*range(1, 11))
    life.first_champion()
    life.months(11, 12)
    life.change("alpha = 0.1", "alpha = 20.0")
    life.retrained()
    return life


@pytest.fixture
def spring(two, tmp_path):
    """A file of rows of another year, which nobody has learned from."""
    rows = months_of(two, "03", "04").with_columns(
        pl.col("house_id") + 5000, pl.col("price") * 1.01, sold_on=pl.date(2025, 3, 1)
    )
    rows.write_parquet(tmp_path / "spring.parquet")
    return tmp_path / "spring.parquet"


def months_of(life, *months):
    files = [life.root / "data" / f"houses-2024-{month}.csv" for month in months]
    return pl.concat(pl.read_csv(file, try_parse_dates=True) for file in files)


def said(life, number, rows):
    return life.open(number).predictor.predict(rows).values.to_numpy()


def scored(result):
    return {score.metric: score.challenger for score in result.scores}


def scores_by_hand(truth, prediction):
    error = truth - prediction
    return {
        "mae": np.abs(error).mean(),
        "rmse": np.sqrt((error**2).mean()),
        "r2": 1 - (error**2).sum() / ((truth - truth.mean()) ** 2).sum(),
    }


def test_a_version_is_scored_on_the_present_holdout(two):
    result = evaluate(two.model, two.ports(), two.open("1.0.0"), None)
    rows = months_of(two, "11", "12")
    by_hand = scores_by_hand(rows["price"].to_numpy(), said(two, "1.0.0", rows))
    assert (result.rows, result.learned_from, result.data) == (69, 0, "the present holdout")
    assert scored(result) == pytest.approx(by_hand, rel=1e-12)


def test_a_version_is_scored_on_a_file_of_its_own(two, spring):
    result = evaluate(two.model, two.ports(), two.open("1.0.0"), spring)
    rows = pl.read_parquet(spring)
    by_hand = scores_by_hand(rows["price"].to_numpy(), said(two, "1.0.0", rows))
    assert (result.rows, result.data) == (rows.height, str(spring))
    assert scored(result) == pytest.approx(by_hand, rel=1e-12)


def test_rows_that_it_learned_from_are_left_out_and_counted(two, tmp_path):
    months_of(two, "07", "12").write_csv(tmp_path / "mixed.csv")
    result = evaluate(two.model, two.ports(), two.open("1.0.0"), tmp_path / "mixed.csv")
    assert (result.learned_from, result.rows) == (41, 40)


def test_a_version_that_learned_from_every_row_cannot_be_scored_on_them(two, tmp_path):
    months_of(two, "07").write_csv(tmp_path / "old.csv")
    with pytest.raises(NotComparable, match="has learned from each of the 41 rows") as caught:
        evaluate(two.model, two.ports(), two.open("1.0.0"), tmp_path / "old.csv")
    assert caught.value.hint == "name newer rows with --data"


def test_a_file_that_is_not_there_is_named(two, tmp_path):
    with pytest.raises(UserError, match=r"there is no file .*nowhere\.csv"):
        evaluate(two.model, two.ports(), two.open("1.0.0"), tmp_path / "nowhere.csv")


def test_two_versions_are_compared_on_rows_that_neither_has_learned_from(two):
    result = compare(two.model, two.ports(), two.open("1.0.0"), two.open("1.1.0"), None)
    evidence = result.judgement.evidence
    assert (evidence.rows, evidence.overlap.trimmed) == (69, 0)
    assert evidence.challenger.version.startswith("1.0.0")
    assert evidence.champion.version.startswith("1.1.0")
    assert evidence.comparison.gain > 0
    back = compare(two.model, two.ports(), two.open("1.1.0"), two.open("1.0.0"), None)
    assert back.judgement.evidence.comparison.gain == -evidence.comparison.gain
    assert back.judgement.evidence.holdout == evidence.holdout


def test_the_gain_is_the_mean_of_the_differences_of_losses(two, spring):
    result = compare(two.model, two.ports(), two.open("1.0.0"), two.open("1.1.0"), spring)
    rows = pl.read_parquet(spring)
    ours, theirs = (
        np.abs(said(two, number, rows) - rows["price"].to_numpy()) for number in ("1.0.0", "1.1.0")
    )
    found = result.judgement.evidence.comparison
    assert found.gain == pytest.approx((theirs - ours).mean(), rel=1e-9)
    error = (theirs - ours).std(ddof=1) / np.sqrt(rows.height)
    assert found.gain - found.low == pytest.approx(2 * error, rel=0.02)  # t at 95 % and 67 degrees


def test_where_they_disagree_most_comes_first(two, spring):
    result = compare(two.model, two.ports(), two.open("1.0.0"), two.open("1.1.0"), spring)
    rows = pl.read_parquet(spring)
    apart = np.abs(said(two, "1.0.0", rows) - said(two, "1.1.0", rows))
    most = rows["house_id"].gather(np.argsort(-apart)[:10]).to_list()
    found = result.judgement.evidence.disagreements
    assert [int(row.key["house_id"]) for row in found.most] == most
    assert set(found.most[0].features) == set(two.model.spec.features)
    assert found.mean == pytest.approx(apart.mean())
    assert (found.rows, found.differing) == (rows.height, rows.height)
    assert found.distance == "absolute difference"


def test_a_model_is_not_compared_with_itself(two):
    with pytest.raises(NotComparable, match="the challenger is the same model"):
        compare(two.model, two.ports(), two.open("1.0.0"), two.open("1.0.0"), None)


def test_comparing_stores_nothing(two, spring):
    before = two.tree()
    compare(two.model, two.ports(), two.open("1.0.0"), two.open("1.1.0"), spring)
    evaluate(two.model, two.ports(), two.open("1.0.0"), spring)
    assert two.tree() == before
