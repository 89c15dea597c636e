"""What people see of the ways to keep learning."""

from __future__ import annotations

import pytest

from keepfit.cli.ways import tell
from keepfit.lifecycle.ways import Month, Trial, Ways


def trial(way, scores):
    months = [
        Month(start=f"2024-{n:02}-01", rows=10, learned=100, seconds=0.1, score=score)
        for n, score in enumerate(scores, 1)
    ]
    return Trial(way=way, months=tuple(months))


def ways(*trials, better="lower"):
    return Ways(model="fare", metric="mae", better=better, now="window", trials=trials)


def test_a_better_way_is_told_with_how_often_it_was_better(capsys):
    tell(ways(trial("update", [1.0, 5.0, None]), trial("window", [9.0, 4.0, 3.0])))
    said = capsys.readouterr().out
    assert 'train = "update" in [model.fare], which was better than window in 1 of 2' in said


@pytest.mark.parametrize(("better", "times"), [("lower", 0), ("higher", 2)])
def test_what_is_better_depends_on_the_metric(capsys, better, times):
    tell(ways(trial("update", [7.0, 8.0]), trial("window", [3.0, 4.0]), better=better))
    said = capsys.readouterr().out
    assert ('train = "update" in' in said) == (better == "higher")
    assert (f"in {times} of 2" in said) == (better == "higher")


@pytest.mark.parametrize(("periods", "columns"), [(12, 12), (13, 0)])
def test_many_periods_have_no_column_each(capsys, periods, columns):
    tell(ways(trial("window", [1.0] * periods)))
    said = capsys.readouterr().out
    assert said.count("2024-") == columns
    assert "mean" in said
