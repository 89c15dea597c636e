"""Goods to commodity codes: real texts of traders, with the Harmonized System's own beside them."""

from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.rows import Encode
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson

LEVELS = (2, 4, 6, 8)
FOLDS = 5


@pytest.fixture
def terms(data) -> pl.DataFrame:
    """Texts with codes of 8 digits, without the few that are malformed."""
    rows = pl.read_csv(data("uk_tariff_terms/terms_train.csv.gz"), infer_schema=False)
    rows = rows.filter(pl.col("code").str.contains(r"^\d{8,10}$"))
    return rows.select(pl.col("description"), pl.col("code").str.head(8))


@pytest.fixture
def nomenclature(data) -> pl.DataFrame:
    """The texts of the codes of 6 digits."""
    rows = pl.read_csv(data("hs_nomenclature/harmonized-system.csv.gz"), infer_schema=False)
    rows = rows.filter(pl.col("hscode").str.contains(r"^\d{6}$"))
    return rows.select("description", code="hscode")


def folds(rows: pl.DataFrame, seed: int) -> pl.Series:
    """Which fifth each row is in; a description is in one."""
    texts = rows["description"].str.to_lowercase()
    each = texts.unique().sort()
    fold = np.random.default_rng(seed).permutation(len(each)) % FOLDS
    return texts.replace_strict(each, pl.Series(fold))


def prefixes_right(model, rows: pl.DataFrame) -> dict[int, float]:
    """The share of rows of which the likeliest prefix of each length is right."""
    chances = model.predict(rows).probabilities
    right = {}
    for level in LEVELS:
        starts, place = np.unique([c[:level] for c in model.classes], return_inverse=True)
        sums = np.zeros((rows.height, len(starts)))
        np.add.at(sums.T, place, chances.T)
        right[level] = float(
            np.mean(starts[sums.argmax(axis=1)] == rows["code"].str.head(level).to_numpy())
        )
    return right


@pytest.mark.soak
def test_codes_of_goods_that_it_never_saw_are_found(terms, nomenclature):
    rows, params = terms, params_of("text-classifier")(levels=LEVELS)
    fold, found, seconds = folds(rows, seed=0), [], []
    for one in range(FOLDS):
        train = pl.concat([rows.filter(fold != one), nomenclature])
        lesson = Lesson(("description",), "code", train, train.clear(), Encode())
        start = time.monotonic()
        model = kind("text-classifier").fit(lesson, params, seed=42, threads=1)
        seconds.append(time.monotonic() - start)
        found.append(prefixes_right(model, rows.filter(fold == one)))
        print(one, found[-1], f"{seconds[-1]:.0f} s")
    size = sum(map(len, model.save().values()))
    means = {level: float(np.mean([each[level] for each in found])) for level in LEVELS}
    print(
        f"{means}, {max(seconds):.0f} s at most, {size / 1e6:.0f} MB, {len(model.classes)} labels"
    )
    assert means[6] > 0.40
    assert means[4] > 0.50
    assert size < 50e6
