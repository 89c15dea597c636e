"""Where two sides differ most: all of it, in an order that nothing but the rows decides."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.digest import canonical
from keepfit.evaluate.disagree import MOST_COLUMNS, MOST_GROUPS, SHOWN, Shown, disagreements
from keepfit.kinds.base import Prediction

SHOW = Shown(("id",), ("x",), "y", ())
NUMBERS = st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=1, max_size=40)


def rows_of(count, **more):
    return pl.DataFrame({"id": range(count), "x": range(count), "y": [0.0] * count, **more})


def numbers(values):
    return Prediction(pl.Series(values, dtype=pl.Float64))


@given(NUMBERS)
def test_those_that_differ_most_come_first_and_of_equals_the_earlier(pairs):
    ours, theirs = zip(*pairs, strict=True)
    found = disagreements(rows_of(len(pairs)), numbers(ours), numbers(theirs), SHOW)
    apart = [abs(a - b) for a, b in pairs]
    order = sorted((i for i in range(len(pairs)) if apart[i]), key=lambda i: (-apart[i], i))
    assert [int(row.key["id"]) for row in found.most] == order[:SHOWN]
    assert found.differing == len(order)
    assert found.mean == pytest.approx(np.mean(apart))


def test_the_same_rows_give_the_same_bytes_and_few_of_them():
    rng = np.random.default_rng(7)
    rows = rows_of(20_000, place=rng.integers(0, 5_000, 20_000).astype(str))
    many = {f"f{i}": rng.normal(size=20_000) for i in range(40)}
    show = Shown(("id",), tuple(many), "y", ("place", "x > 50"))
    sides = numbers(rng.normal(size=20_000)), numbers(rng.normal(size=20_000))
    frame = rows.with_columns(**{name: pl.Series(values) for name, values in many.items()})
    one, other = (canonical(disagreements(frame, *sides, show)) for _ in range(2))
    assert one == other
    assert len(one) < 20_000
    found = disagreements(frame, *sides, show)
    assert (found.features_left_out, len(found.most)) == (40 - MOST_COLUMNS, SHOWN)
    assert len([s for s in found.slices if s.slice == "place"]) == MOST_GROUPS


def test_slices_are_values_of_a_column_or_a_condition_with_counts_and_means():
    rows = rows_of(4, place=["a", "a", None, "b"])
    show = Shown(("id",), ("x",), "y", ("place", "x >= 2", "nonsense ((", "missing"))
    found = disagreements(rows, numbers([1, 2, 3, 4]), numbers([1, 0, 0, 4]), show)
    assert [(s.slice, s.value, s.rows, s.differing, s.mean) for s in found.slices] == [
        ("place", "(null)", 1, 1, 3.0),
        ("place", "a", 2, 1, 1.0),
        ("place", "b", 1, 0, 0.0),
        ("x >= 2", "True", 2, 1, 1.5),
        ("x >= 2", "False", 2, 1, 1.0),
    ]


def test_nothing_is_shown_but_the_key_the_features_and_the_answers():
    rows = rows_of(2, secret=["s1", "s2"])
    (row, _) = disagreements(rows, numbers([1, 2]), numbers([0, 0]), SHOW).most
    assert (row.key, row.features, row.truth) == ({"id": "1"}, {"x": "1"}, "0")
    assert (row.challenger, row.champion, row.distance) == ("2", "0", 2.0)


def test_labels_differ_by_being_another_and_probabilities_by_their_sum(said):
    rows = pl.DataFrame({"id": [1, 2], "x": [1, 2], "y": ["a", "b"]})
    labels = [Prediction(pl.Series(values)) for values in (["a", "b"], ["a", "c"])]
    assert disagreements(rows, *labels, SHOW).differing == 1
    chances = [said([[0.9, 0.1], [0.5, 0.5]]), said([[0.6, 0.4], [0.5, 0.5]])]
    found = disagreements(rows, *chances, SHOW)
    assert found.most[0].distance == pytest.approx(0.6)
    other = said([[0.6, 0.4], [0.5, 0.5]], classes=(0, 2))
    assert disagreements(rows, chances[0], other, SHOW).distance == "another label"


def test_rows_that_one_side_alone_would_answer_are_counted():
    willing, shy = numbers([1.0] * 4), numbers([1.0] * 4)
    some, others = (shy.answering(np.array(of, bool)) for of in ([1, 1, 0, 0], [1, 0, 1, 0]))
    assert disagreements(rows_of(4), willing, shy, SHOW).one_sided == 0
    assert (
        disagreements(rows_of(4), willing, some.answering(np.zeros(4, bool)), SHOW).one_sided == 4
    )
    found = disagreements(rows_of(4), some, others, SHOW)
    assert (found.one_sided, found.differing) == (2, 0)
