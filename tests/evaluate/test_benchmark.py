"""Cases of codes: prefixes, the likeliest labels, and which side is right."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.evaluate.benchmark import Cases, benchmark_score
from keepfit.evaluate.metrics import get
from keepfit.kinds.base import Prediction

CODES = ("010121", "010129", "020110", "030110")


def cases(expected, metric):
    rows = pl.DataFrame({"row": range(len(expected))})
    names = pl.Series([f"case {i}" for i in range(len(expected))])
    return Cases("known", "known.csv", "a" * 64, None, get(metric), names, rows, expected, 0)


def codes(*labels):
    return pl.Series(labels, dtype=pl.String)


@pytest.mark.parametrize(("metric", "right"), [("accuracy", 1), ("prefix-4", 2), ("prefix-1", 4)])
def test_a_prefix_is_right_where_its_first_characters_are(metric, right):
    expected, said = codes(*CODES), codes("010121", "010121", "030110", "020110")
    score = benchmark_score(
        cases(expected, metric), Prediction(said, classes=CODES), None, "classification"
    )
    assert score.challenger == right / 4


@given(
    truth=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    seed=st.integers(0, 2**32 - 1),
    shown=st.integers(1, 4),
)
def test_the_likeliest_labels_are_those_of_a_plain_sort(truth, seed, shown):
    chances = np.random.default_rng(seed).dirichlet(np.ones(4), len(truth)).round(1)
    chances[:, 3] = 1 - chances[:, :3].sum(axis=1)
    chances = np.abs(chances) / np.abs(chances).sum(axis=1, keepdims=True)
    expected = codes(*(CODES[t] for t in truth))
    said = Prediction(codes(*(CODES[k] for k in chances.argmax(axis=1))), chances, CODES)
    score = benchmark_score(cases(expected, f"top-{shown}"), said, None, "classification")
    by_hand = [
        t in sorted(range(4), key=lambda k: (-row[k], k))[:shown] and row[t] > 0
        for t, row in zip(truth, chances, strict=True)
    ]
    assert score.challenger == pytest.approx(np.mean(by_hand))


@given(
    st.lists(st.tuples(*[st.sampled_from(CODES)] * 3), min_size=1, max_size=40),
)
def test_gained_and_lost_are_the_whole_difference(rows):
    expected, ours, theirs = (codes(*column) for column in zip(*rows, strict=True))
    score = benchmark_score(
        cases(expected, "accuracy"),
        Prediction(ours, classes=CODES),
        Prediction(theirs, classes=CODES),
        "classification",
    )
    assert score.gained == sum(o == e != t for e, o, t in rows)
    assert score.lost == sum(t == e != o for e, o, t in rows)
    assert score.challenger - score.champion == pytest.approx(
        (score.gained - score.lost) / len(rows)
    )
    for change in score.changes:
        right = change.challenger if change.better == "challenger" else change.champion
        assert right == change.expected
    assert len(score.changes) <= 40


def test_a_number_is_better_where_it_is_nearer():
    expected = pl.Series([10.0, 20.0, 30.0])
    ours, theirs = (
        Prediction(pl.Series([10.0, 25.0, 30.0])),
        Prediction(pl.Series([12.0, 21.0, 30.0])),
    )
    score = benchmark_score(cases(expected, "mae"), ours, theirs, "regression")
    assert (score.gained, score.lost) == (1, 1)
    assert [(c.case, c.better) for c in score.changes] == [
        ("case 1", "champion"),
        ("case 0", "challenger"),
    ]


@pytest.mark.parametrize(
    ("challenger", "champion", "words"),
    [
        (None, None, "the challenger was not asked"),
        ("out of memory", None, "challenger: out of memory"),
        (Prediction(codes("010121")), "cannot read", "champion: cannot read"),
        (Prediction(codes("010121", "010121")), None, "2 predictions for 1 rows"),
    ],
)
def test_a_side_that_says_nothing_is_an_error(challenger, champion, words):
    score = benchmark_score(
        cases(codes("010121"), "accuracy"), challenger, champion, "classification"
    )
    assert words in score.error
    assert score.challenger is None
