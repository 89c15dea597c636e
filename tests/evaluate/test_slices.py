import numpy as np
import polars as pl
import pytest

from keepfit.evaluate.metrics import get
from keepfit.evaluate.sample import Sample
from keepfit.evaluate.slices import cut, slice_scores, worst
from keepfit.kinds.base import Prediction


def scored(rows, columns=("town",), *, ours, theirs=None, confidence=0.95):
    def sample(said):
        return Sample(rows["y"], Prediction(pl.Series(said, dtype=pl.Float64)))

    return slice_scores(
        cut(rows, columns),
        get("mae"),
        sample(ours),
        None if theirs is None else sample(theirs),
        confidence=confidence,
        seed=1,
    )


@pytest.fixture
def towns():
    rng = np.random.default_rng(1)
    towns = [*["oslo"] * 60, *["rome"] * 40, *["nice"] * 29, *[None] * 31]
    rows = pl.DataFrame({"town": towns, "y": rng.normal(0, 1, 160)})
    noise = rng.normal(0, 1, 160)
    return rows.sample(fraction=1, shuffle=True, seed=2), noise


def test_every_value_is_scored_and_null_is_one_of_them(towns):
    rows, noise = towns
    found = scored(rows, ours=noise, theirs=noise[::-1])
    assert [(s.value, s.rows) for s in found] == [
        ("oslo", 60),
        ("rome", 40),
        ("(null)", 31),
        ("nice", 29),
    ]
    for one in found:
        part = rows["town"].eq_missing(None if one.value == "(null)" else one.value)
        expected = np.abs(rows["y"].to_numpy() - noise)[part.to_numpy()].mean()
        assert one.challenger == pytest.approx(expected)


def test_few_rows_are_too_few_to_tell(towns):
    rows, noise = towns
    few = scored(rows, ours=noise, theirs=noise[::-1])[-1]
    assert few.note == "too few rows to tell"
    assert few.comparison is None
    assert few.challenger is not None


def test_many_slices_are_judged_with_more_confidence_each(towns):
    rows, noise = towns
    both = rows.with_columns(half=pl.int_range(pl.len()) % 2)
    found = scored(both, ("town", "half"), ours=noise, theirs=noise[::-1])
    assert {s.comparison.confidence for s in found if s.comparison} == {1 - 0.05 / 5}


def test_a_value_that_got_worse_shows_below_zero(towns):
    rows, _ = towns
    ours = rows.select(pl.col("y") + pl.when(pl.col("town") == "rome").then(9).otherwise(0.1))
    theirs = rows["y"] + np.random.default_rng(3).normal(0, 1, 160)
    found = {s.value: s for s in scored(rows, ours=ours["y"], theirs=theirs)}
    assert found["rome"].comparison.high < 0
    assert found["oslo"].comparison.low > 0


def test_without_a_champion_there_are_scores_alone(towns):
    rows, noise = towns
    for one in scored(rows, ours=noise):
        assert one.challenger is not None
        assert one.champion is None
        assert one.comparison is None


def test_rare_values_are_counted_together():
    rows = pl.DataFrame({"town": [f"t{k // 2}" for k in range(120)], "y": [1.0] * 120})
    found = scored(rows, ours=[0.0] * 120, theirs=[0.0] * 120)
    assert len(found) == 51
    assert found[-1].value == "(other)"
    assert found[-1].rows == 20
    assert found[-1].note == "10 rarer values together, which are not compared"
    assert sum(s.rows for s in found) == 120


def test_an_unknown_column_is_told_with_a_guess(towns):
    rows, noise = towns
    (found,) = scored(rows, ("twon",), ours=noise)
    assert found.rows == 0
    assert "Did you mean `town`?" in found.note


def test_an_empty_holdout_has_no_slice():
    rows = pl.DataFrame({"town": [], "y": []}, schema={"town": pl.String, "y": pl.Float64})
    (found,) = scored(rows, ours=[])
    assert (found.rows, found.note) == (0, "the holdout has no rows")


def test_what_cannot_be_measured_on_a_large_slice_is_an_error(binary):
    rows = pl.DataFrame({"town": ["oslo"] * 40 + ["rome"] * 40, "y": [0] * 40 + [0, 1] * 20})
    chance = np.linspace(0.1, 0.9, 80)
    sample = Sample(rows["y"], binary(chance), (0, 1))
    other = Sample(rows["y"], binary(1 - chance), (0, 1))
    found = slice_scores(
        cut(rows, ("town",)), get("roc_auc"), sample, other, confidence=0.95, seed=1
    )
    assert found[0].error == "the rows hold one class only, 0"
    assert found[0].note is None
    assert found[1].comparison is not None


@pytest.mark.parametrize(
    "values",
    [[1, 2], [1.5, float("nan")], [True, False], [[1], [2]], ["(null)", None]],
)
def test_columns_of_any_type_can_be_cut(values):
    rows = pl.DataFrame({"town": [v for v in values for _ in range(30)], "y": [1.0] * 60})
    found = scored(rows, ours=[0.0] * 60)
    assert [s.rows for s in found] == [30, 30]


def test_a_condition_is_the_rows_for_which_it_is_true_and_null_is_not(towns):
    rows, noise = towns
    (found,) = scored(rows, ("town <> 'rome'",), ours=noise, theirs=noise[::-1])
    assert (found.column, found.value, found.condition) == ("town <> 'rome'", "true", True)
    assert found.rows == 60 + 29  # the rows without a town are not told to be anywhere else
    part = rows["town"].is_in(["oslo", "nice"]).fill_null(False).to_numpy()
    expected = np.abs(rows["y"].to_numpy() - noise)[part].mean()
    assert found.challenger == pytest.approx(expected)
    assert found.comparison is not None


@pytest.mark.parametrize(
    ("condition", "rows", "note"),
    [
        ("town = 'nice'", 29, "too few rows to tell"),
        ("town = 'riga'", 0, "there are no such rows"),
        ("twon = 'rome'", 0, "there is no column `twon`. Did you mean `town`?"),
        ("y * 2", 0, "which gives Float64; expected a condition, true or false"),
        ("y >", 0, "which is neither a column nor a condition"),
        ("town > 3 +", 0, "which is neither a column nor a condition"),
        ("abs(town) > 3", 0, "which does not work"),
        ("cast(town as int) > 3", 0, "which does not work"),
    ],
)
def test_a_condition_that_cannot_be_compared_says_why_and_is_never_dropped(
    condition, rows, note, towns
):
    table, noise = towns
    (found,) = scored(table, (condition,), ours=noise, theirs=noise[::-1])
    assert found.rows == rows
    assert note in found.note
    assert found.comparison is None


def test_claims_beside_the_slices_share_the_doubt(towns):
    rows, noise = towns
    sample, other = (Sample(rows["y"], Prediction(pl.Series(n))) for n in (noise, noise[::-1]))
    parts = cut(rows, ("town", "y > 0"))
    found = slice_scores(parts, get("mae"), sample, other, confidence=0.95, seed=1, others=3)
    assert {s.comparison.confidence for s in found if s.comparison} == {1 - 0.05 / (4 + 3)}


@pytest.mark.parametrize("name", ["mae", "rmse", "r2"])
@pytest.mark.parametrize("bad", [False, True], ids=["all measured", "one row without an answer"])
def test_the_worst_values_are_those_that_a_look_at_each_finds_worst(name, bad):
    random = np.random.default_rng(3)
    stores = random.choice([f"s{i:02}" for i in range(40)] + [None], 900)
    rows = pl.DataFrame({"store": pl.Series(stores.tolist(), dtype=pl.String)})
    rows = rows.with_columns(y=pl.Series(random.normal(size=900)))
    said = pl.Series(random.normal(size=900) * 2)
    if bad:
        said = said.set(pl.Series(np.arange(900) == 5), None)
    sample = Sample(rows["y"], Prediction(said))
    metric, found = get(name), worst(rows, "store", get(name), sample, None)
    by_hand = {}
    for value in set(stores):
        places = np.flatnonzero(stores == value)
        if not (bad and 5 in places):
            by_hand[str(value or "(null)")] = metric.of(sample.take(places)), len(places)
    ranked = sorted(by_hand, key=lambda value: metric.gain(by_hand[value][0], 0.0))
    assert [one.value for one in found] == ranked[:10]
    for one in found:
        assert (one.challenger, one.rows) == by_hand[one.value]
        assert (one.note is not None) == (one.rows < 30)
