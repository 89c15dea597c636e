"""Answers at a prefix of the labels."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.errors import UserError
from keepfit.kinds.base import Prediction
from keepfit.kinds.texts.prefixes import Prefixes

labels = st.sets(st.text("012", min_size=1, max_size=5), min_size=2, max_size=30).map(sorted)


def said(classes: list[str], seed: int, rows: int = 7) -> Prediction:
    chances = np.random.default_rng(seed).dirichlet(np.ones(len(classes)), rows)
    best = [classes[place] for place in chances.argmax(axis=1)]
    return Prediction(pl.Series("prediction", best), chances, tuple(classes))


@given(labels, st.integers(1, 6), st.integers(0, 2**32))
def test_what_begins_alike_is_added_up(classes, length, seed):
    whole = said(classes, seed)
    found = Prefixes(classes, length).of(whole)
    assert found.classes == tuple(sorted({label[:length] for label in classes}))
    for place, prefix in enumerate(found.classes):
        mine = [label[:length] == prefix for label in classes]
        expected = whole.probabilities[:, mine].sum(axis=1)
        np.testing.assert_allclose(found.probabilities[:, place], expected, rtol=1e-14)
    best = found.probabilities.argmax(axis=1)
    assert found.values.to_list() == [found.classes[place] for place in best]


@given(labels, st.integers(1, 6), st.integers(0, 2**32))
def test_a_row_by_itself_gets_the_same_bits(classes, length, seed):
    whole, prefixes = said(classes, seed), Prefixes(classes, length)
    rows = [prefixes.chances(row) for row in whole.probabilities.tolist()]
    assert rows == prefixes.of(whole).probabilities.tolist()


def test_the_length_of_all_labels_changes_nothing():
    whole = said(["01", "02", "13"], seed=1)
    found = Prefixes(whole.classes, 2).of(whole)
    assert found.values.equals(whole.values)
    assert (found.probabilities == whole.probabilities).all()


def test_without_probabilities_the_label_is_cut():
    plain = Prediction(pl.Series("prediction", ["0101", "02"]), None, ("0101", "02"))
    assert Prefixes(plain.classes, 2).of(plain).values.to_list() == ["01", "02"]


@pytest.mark.parametrize("classes", [(1, 2), (False, True)])
def test_labels_that_are_no_text_have_none(classes):
    with pytest.raises(UserError, match="the first 2 characters of a label are asked for") as told:
        Prefixes(classes, 2)
    assert "data.types" in str(told.value.hint)
