"""The past as it would have gone: nothing of a period's future is known in it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.digest import canonical
from keepfit.durations import Duration
from keepfit.errors import UserError
from keepfit.lifecycle.replay import DECAY, check_policy, periods, replay

MONTH = Duration(1, "month")


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def replayed(life, policy, start="2024-05-01", end="2024-11-01"):
    return replay(life.model, life.ports(), policy, list(periods(day(start), day(end), MONTH)))


def absurd(lines):
    """The sales of a month, each a thousand times too dear, tiny, and of a house of January."""
    cells = [line.split(",") for line in lines]
    return [f"{i},{c[1]},-{c[2]}.5,99,{c[4]},nowhere,{c[6]},{c[7]}000" for i, c in enumerate(cells)]


def test_what_comes_after_a_period_changes_nothing_in_it(life, begin_at, tmp_path_factory):
    other = begin_at(tmp_path_factory.mktemp("other"))
    other.months(*range(1, 8))
    other.months(8, 9, 10, 11, change=absurd)
    july = other.root / "data" / "houses-2024-07.csv"
    late = absurd(["0,2024-08-20,50,2,10,hills,true,100000"] * 3)
    july.write_text(july.read_text() + "\n".join(late) + "\n")
    for policy in ("monthly", "on-decay"):
        known, planted = (replayed(one, policy) for one in (life, other))
        assert len(known.periods) == 6
        assert canonical(known.periods[:3]) == canonical(planted.periods[:3])
        assert known.periods[3].champion_score != planted.periods[3].champion_score


def test_a_replay_up_to_a_day_is_the_beginning_of_a_longer_one(life):
    short, long = replayed(life, "monthly", end="2024-08-01"), replayed(life, "monthly")
    assert canonical(short.periods) == canonical(long.periods[:3])


def test_the_present_store_is_neither_read_nor_written(life):
    before = replayed(life, "on-decay")
    life.first_champion()
    tree = life.tree()
    assert replayed(life, "on-decay") == before
    assert life.tree() == tree


def test_never_trains_once_and_keeps_its_champion(life):
    course = replayed(life, "never")
    assert (course.trainings, course.promotions) == (1, 1)
    assert [p.champion for p in course.periods] == [None] + [course.periods[0].challenger] * 5


def test_monthly_trains_at_the_end_of_every_month(life):
    course = replayed(life, "monthly")
    assert course.trainings == len(course.periods) == 6
    assert [p.champion for p in course.periods[1:]] == champions_after(course)


def champions_after(course):
    """Who holds the stage after each period but the last, by what the periods say of promotions."""
    held, after = None, []
    for period in course.periods[:-1]:
        held = period.challenger if period.promoted else held
        after.append(held)
    return after


def test_on_decay_trains_where_the_champion_got_worse_than_it_was_judged(life):
    course = replayed(life, "on-decay")
    judged = {p.challenger: p.challenger_score for p in course.periods if p.challenger}
    for period in course.periods[1:]:
        worse = period.champion_score / judged[period.champion] - 1
        assert (period.challenger is not None) == (worse > DECAY)
    assert 1 < course.trainings < 6


def test_the_models_own_decay_is_the_limit(life):
    life.add("[model.price.schedule]\ndecay = 10.0")
    assert replayed(life, "on-decay").trainings == 1


def test_what_was_served_is_the_mean_over_all_rows_that_were_served(life):
    course = replayed(life, "monthly")
    served = course.periods[1:]
    total = sum(p.champion_score * p.rows for p in served)
    assert course.served == pytest.approx(total / sum(p.rows for p in served), rel=1e-12)


def test_the_first_period_with_nothing_before_it_serves_nobody(life):
    first = replayed(life, "monthly").periods[0]
    assert (first.champion, first.champion_score) == (None, None)
    assert first.challenger.startswith("1.0.0")


def test_a_month_without_rows_is_told_and_lived_through(life):
    (life.root / "data" / "houses-2024-08.csv").unlink()
    course = replayed(life, "monthly")
    empty = course.periods[3]
    assert (empty.rows, empty.note, empty.challenger) == (0, "no rows", None)
    assert empty.champion is not None
    assert empty.champion == course.periods[4].champion
    # October's challenger learns up to August, which is empty: it is September's once more.
    assert (course.periods[5].verdict, course.periods[5].promoted) == ("fail", False)
    assert course.trainings == 5


def test_too_little_to_train_on_is_told_and_tried_again(life):
    life.add("[model.price.checks]\nmin_rows = 100")
    course = replayed(life, "monthly")
    assert "100" in course.periods[0].note
    assert course.periods[0].challenger is None
    assert course.periods[-1].challenger is not None


def test_nobody_is_asked_in_a_replay(life):
    life.add('[model.price.promote]\nstaging = "approval"\napprovers = 3')
    assert replayed(life, "never").promotions == 1


@pytest.mark.parametrize("name", ["monthly", "weekly", "always", "never", "on-decay"])
def test_the_known_policies_are_known(name):
    assert check_policy(name) == name


def test_an_unknown_policy_is_told_with_those_that_there_are():
    with pytest.raises(UserError, match="there is no policy `montly`; expected one of: always, "):
        check_policy("montly")


def test_months_that_begin_on_a_31st_end_where_the_month_does():
    spans = periods(day("2024-01-31"), day("2024-05-15"), MONTH)
    assert [f"{start:%m-%d} {end:%m-%d}" for start, end in spans] == [
        "01-31 02-29",
        "02-29 03-31",
        "03-31 04-30",
        "04-30 05-15",
    ]


@given(
    start=st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2030-01-01")),
    days=st.integers(0, 900),
    every=st.builds(
        Duration, st.integers(1, 5), st.sampled_from(["day", "week", "month", "quarter", "year"])
    ),
)
def test_periods_lie_end_to_end_and_cover_the_whole(start, days, every):
    end = start + timedelta(days=days)
    spans = list(periods(start, end, every))
    assert bool(spans) == (days > 0)
    assert all(a < b for a, b in spans)
    assert all(one[1] == next_[0] for one, next_ in pairwise(spans))
    if spans:
        assert (spans[0][0], spans[-1][1]) == (start, end)
