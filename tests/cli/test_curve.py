"""keepfit train --sizes as people type it."""

import json

import pytest

from keepfit.cli.curve import _would_help, sizes_of
from keepfit.errors import UserError
from keepfit.lifecycle.tune.curve import Curve, Size


def test_a_curve_prints_a_table_a_sentence_and_where_the_chart_is(project, call):
    said = call(project, "train", "fare", "--sizes", "10, 40,1k")
    assert said.code == 0
    head, columns, *rows = said.out.splitlines()
    assert head.startswith("fare: mae (lower is better) on ")
    assert "no holdout row judges" in head
    assert columns.split()[:4] == ["rows", "takes", "mae", "gain"]
    assert [row.split()[0] for row in rows[:2]] == ["10", "40"]
    assert "to learn from; the largest is all." in said.out
    assert "From 40 to " in said.out
    assert not (project.root / ".keepfit" / "candidates").exists()
    found = json.loads(call(project, "train", "fare", "--sizes", "10,40", "--json").out)
    assert [size["rows"] for size in found["sizes"]] == [10, 40]


def test_sizes_are_numbers_of_rows():
    assert sizes_of("500, 10k,1.5M,20K") == [500, 10_000, 1_500_000, 20_000]
    for wrong in ("", "0", "k", "10kk", "ten", "-5", "10;20"):
        with pytest.raises(UserError, match=r"numbers of rows such as 500,10k,1m"):
            sizes_of(wrong)


def test_what_is_wrong_with_the_flags_is_told(project, call):
    call(project, "train", "fare", "--sizes", "many").refuses(2, "--sizes many: expected numbers")
    call(project, "train", "fare", "--chart", "x").refuses(2, "expected --sizes")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.5, 1.5, "it still gets better by 1.000, 20 % (95 % sure of 0.5000 to 1.500): more rows"),
        (-0.5, 2.5, "no gain can be told from luck"),
        (-2.0, -0.1, "it gets worse by"),
    ],
)
def test_a_sentence_says_whether_more_rows_would_help(low, high, words):
    gain = 1.0 if high > 0 else -1.0
    before = Size(rows=10, score=5.0)
    last = Size(rows=20, score=5.0 - gain, gain=gain, low=low, high=high)
    curve = Curve(
        model="m",
        metric="mae",
        better="lower",
        newest=False,
        judged=9,
        there=20,
        confidence=0.95,
        sizes=(before, last),
    )
    assert words in _would_help(curve, before, last)
