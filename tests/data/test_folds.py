"""Folds of the rows that may be learned from: apart, whole, forward in time, never the holdout."""

# ruff: noqa: DTZ001 - the rows' own times are naive
from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from keepfit.config.schema.model import ModelSpec
from keepfit.data.splitting.folds import fewer, folds_of, units_of
from keepfit.data.splitting.split import cut
from keepfit.errors import DataRefused

START = datetime(2020, 1, 1)


def model(split, **data):
    return ModelSpec.model_validate(
        {
            "name": "m",
            "kind": "ridge",
            "target": "y",
            "features": ["x"],
            "data": {"source": "a.csv", "key": ["id"]} | data,
            "split": split,
        }
    )


SPLITS = {
    "a span of time": ({"holdout": "2 days"}, {"time": "t"}),
    "a share of time": ({"holdout": 0.2, "by": "time", "validation": 0.2}, {"time": "t"}),
    "a span to stop at": ({"holdout": "1 day", "validation": "1 day"}, {"time": "t"}),
    "random": ({"holdout": 0.2, "by": "random"}, {}),
    "random, stopping early": ({"holdout": 0.2, "validation": 0.2}, {}),
    "group": ({"holdout": 0.2, "by": "group", "group": "g", "validation": 0.2}, {}),
    "column": ({"by": "column", "column": "side"}, {}),
    "column and time": ({"by": "column", "column": "side"}, {"time": "t"}),
}
FORWARD = {name for name, (_, data) in SPLITS.items() if data}


@st.composite
def tables(draw):
    """Rows of which some share a moment, a group or a key."""
    count = draw(st.integers(60, 200))
    moments = draw(st.integers(30, 300))
    groups, keys = draw(st.integers(12, 40)), draw(st.integers(count // 2, count * 3))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    times = [START + timedelta(hours=int(n)) for n in rng.integers(moments, size=count)]
    return pl.DataFrame(
        {
            "row": range(count),
            "id": rng.integers(keys, size=count),
            "t": times,
            "g": [f"g{n}" for n in rng.integers(groups, size=count)],
            "side": rng.choice(["train", "validation", "holdout"], p=[0.7, 0.1, 0.2], size=count),
            "x": rng.normal(size=count),
            "y": rng.normal(size=count),
        }
    )


def folded(rows, name, count, seed):
    """The model, its rows, and their folds; other rows are drawn where these are too few."""
    split, data = SPLITS[name]
    spec, named = model(split, **data), split.get("by") == "column"
    try:
        pool = cut(rows, model(split if named else {**split, "validation": None}, **data))
        return spec, pool, folds_of(pool, spec, count, seed)
    except DataRefused:
        reject()


@given(tables(), st.sampled_from(sorted(SPLITS)), st.integers(2, 5), st.integers(0, 9))
def test_no_row_and_no_key_of_a_fold_is_in_two_places_and_the_holdout_in_none(
    rows, name, count, seed
):
    _, split, folds = folded(rows, name, count, seed)
    assert len(folds) == count
    judged = set(split.holdout["row"])
    for fold in folds:
        places = (fold.train, fold.validation, fold.judge)
        assert fold.train.any()
        assert fold.judge.any()
        for place, one in enumerate(places):
            assert not judged & set(split.pool.filter(pl.Series(one))["row"])
            for other in places[place + 1 :]:
                assert not (one & other).any()
                assert not set(split.keys[one]) & set(split.keys[other])


@given(tables(), st.sampled_from(sorted(FORWARD)), st.integers(2, 5))
def test_in_order_of_time_what_judges_is_newer_than_all_that_was_learned_from(rows, name, count):
    _, split, folds = folded(rows, name, count, 0)
    times, before = split.pool["t"].to_numpy(), None
    for fold in folds:
        begins = times[fold.judge].min()
        assert times[fold.train | fold.validation].max() < begins
        assert before is None or before < begins
        before = times[fold.judge].max()


@given(tables(), st.integers(2, 5), st.integers(0, 9))
def test_a_group_judges_in_one_fold_and_is_learned_from_in_the_others_only(rows, count, seed):
    _, split, folds = folded(rows, "group", count, seed)
    groups = split.pool["g"].to_numpy()
    seen = []
    for fold in folds:
        inside = set(groups[fold.judge])
        assert not inside & set(groups[fold.train | fold.validation])
        seen += inside
    assert len(seen) == len(set(seen)) == len(set(groups))


@given(tables(), st.sampled_from(["random", "random, stopping early"]), st.integers(2, 5))
def test_at_random_every_row_judges_once_and_another_seed_deals_otherwise(rows, name, count):
    _, split, folds = folded(rows, name, count, 1)
    times = sum(fold.judge.astype(int) for fold in folds)
    assert (times == 1).all()
    again = folded(rows, name, count, 1)[2]
    assert all((a.judge == b.judge).all() for a, b in zip(folds, again, strict=True))
    other = folded(rows, name, count, 2)[2]
    assert any((a.judge != b.judge).any() for a, b in zip(folds, other, strict=True))
    assert split.pool.height == times.sum()


@given(tables(), st.sampled_from(sorted(SPLITS)), st.lists(st.integers(1, 150), min_size=2))
def test_fewer_rows_are_whole_units_and_those_of_a_smaller_number_among_those_of_a_larger(
    rows, name, sizes
):
    spec, split, folds = folded(rows, name, 2, 0)
    units, fold, before = units_of(split, spec), folds[-1], None
    for size in sorted(sizes):
        some = fewer(fold, units, size, 7)
        assert not (some.train & ~fold.train).any()
        assert (some.judge == fold.judge).all()
        assert (some.validation == fold.validation).all()
        taken = set(units[some.train])
        assert (np.isin(units, list(taken)) & fold.train == some.train).all()
        assert some.train.sum() <= size or len(taken) == 1
        assert before is None or not (before & ~some.train).any()
        before = some.train
    assert (fewer(fold, units, 10**6, 7).train == fold.train).all()


def few(count, **more):
    plain = {"id": range(count), "x": range(count), "y": [n % 7 for n in range(count)]}
    return pl.DataFrame(plain | more)


def test_more_folds_than_there_are_groups_or_moments_are_refused_with_what_there_is():
    rows = few(60, g=[f"g{n % 9}" for n in range(60)])
    spec = model({"holdout": 0.2, "by": "group", "group": "g"})
    with pytest.raises(DataRefused, match=r"into 10 folds: its training rows have \d groups of"):
        folds_of(cut(rows, spec), spec, 10, 0)
    rows = few(60, t=[START + timedelta(days=n // 15) for n in range(60)])
    spec = model({"holdout": "1 day"}, time="t")
    with pytest.raises(DataRefused, match="its training rows have 3 different times"):
        folds_of(cut(rows, spec), spec, 5, 0)


def test_a_fold_that_stopping_early_leaves_nothing_to_learn_from_is_refused():
    rows = few(240, t=[START + timedelta(hours=n) for n in range(240)])
    spec = model({"holdout": "1 day", "validation": "4 days"}, time="t")
    pool = cut(rows, model({"holdout": "1 day"}, time="t"))
    with pytest.raises(DataRefused, match="fold 1 has 0 rows to learn from, and there are none"):
        folds_of(pool, spec, 5, 0)


def test_validation_rows_are_the_end_of_the_time_that_a_fold_learns_from():
    rows = few(240, t=[START + timedelta(hours=n) for n in range(240)])
    spec = model({"holdout": "1 day", "validation": "1 day"}, time="t")
    pool = cut(rows, model({"holdout": "1 day"}, time="t"))
    for fold in folds_of(pool, spec, 3, 0):
        last = pool.pool["id"].filter(pl.Series(fold.train)).max()
        first, end = (
            pool.pool["id"].filter(pl.Series(fold.validation)).min(),
            pool.pool["id"].filter(pl.Series(fold.judge)).min(),
        )
        assert (last + 1, first % 24) == (first, 0)
        assert end > first


def test_rows_without_a_time_take_no_part_where_a_column_names_the_holdout():
    times = [None if n % 10 == 0 else START + timedelta(hours=n) for n in range(100)]
    rows = few(100, t=times, side=["train"] * 80 + ["holdout"] * 20)
    spec = model({"by": "column", "column": "side"}, time="t")
    pool = cut(rows, spec)
    nowhere = pool.pool["t"].is_null().to_numpy()
    for fold in folds_of(pool, spec, 4, 0):
        assert not ((fold.train | fold.validation | fold.judge) & nowhere).any()
