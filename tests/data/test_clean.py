from __future__ import annotations

import polars as pl
import pytest

from keepfit.data.columns.clean import clean
from keepfit.errors import UserError

ROWS = pl.DataFrame(
    {"id": range(6), "fare": [5.0, -1, None, 500, 7, 8], "riders": [1, 1, 1, 1, 0, 2]}
)
RULES = {"positive-fare": "fare > 0 AND fare < 400", "riders": "riders BETWEEN 1 AND 7"}


def test_each_rule_is_counted_over_what_the_rules_before_it_left():
    rows, removals = clean(ROWS, RULES)
    assert rows["id"].to_list() == [0, 5]
    assert [(r.rule, r.rows) for r in removals] == [("positive-fare", 3), ("riders", 1)]


def test_a_rule_that_is_null_for_a_row_removes_it_and_examples_show_why():
    _, (removal, _) = clean(ROWS, RULES, show=("id",))
    assert removal.examples == (
        {"id": "1", "fare": "-1.0"},
        {"id": "2", "fare": "null"},
        {"id": "3", "fare": "500.0"},
    )


def test_a_rule_may_compare_with_a_figure_of_all_rows():
    rows, _ = clean(ROWS, {"cheap": "riders < avg(riders) + 0.5"})
    assert rows["riders"].to_list() == [1, 1, 1, 1, 0]


def test_no_rules_remove_nothing():
    rows, removals = clean(ROWS, {})
    assert rows.equals(ROWS)
    assert removals == ()


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("fare >", r'data.clean.r is "fare >", which is not understood: unable to parse'),
        ("faer > 0", r"no column `faer`. Did you mean `fare`"),
        ("fare + 1", r"gives Float64; expected a condition"),
        ("nosuch(fare)", r"unsupported function 'nosuch'"),
        ("fare AND riders", r"which (does not work|gives)"),
    ],
)
def test_a_rule_that_cannot_be_is_told_with_place_and_sql(condition, told):
    with pytest.raises(UserError, match=told):
        clean(ROWS, {"r": condition})
