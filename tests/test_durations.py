from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.durations import Duration

UNITS = ["hour", "day", "week", "month", "quarter", "year"]
DURATION = st.builds(Duration, st.integers(1, 60), st.sampled_from(UNITS))
MOMENT = st.datetimes(datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2100-01-01"))


@given(DURATION)
def test_a_duration_is_read_as_it_is_written(duration):
    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("12 months", Duration(12, "month")),
        ("1 day", Duration(1, "day")),
        ("36hours", Duration(36, "hour")),
        ("  2  Quarters ", Duration(2, "quarter")),
        ("1 weeks", Duration(1, "week")),
    ],
)
def test_people_may_write_a_duration_as_they_like(text, duration):
    assert Duration.parse(text) == duration


@pytest.mark.parametrize(
    "text", ["", "month", "0 days", "-1 day", "1.5 days", "12", "12 mo", "3 fortnights", "1 day 2"]
)
def test_what_is_no_duration_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="expected a duration such as '1 month', '12 weeks' or"):
        Duration.parse(text)


@given(DURATION, MOMENT)
def test_a_span_is_as_long_as_polars_makes_it(duration, moment):
    offset = pl.Series([moment]).dt
    assert duration.after(moment) == offset.offset_by(duration.polars).item()
    assert duration.before(moment) == offset.offset_by(f"-{duration.polars}").item()


@given(DURATION, MOMENT)
def test_time_goes_forward_after_and_backward_before(duration, moment):
    assert duration.before(moment) < moment < duration.after(moment)
    assert duration.before(duration.after(moment)) <= moment


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1 month", "2024-01-31", "2024-02-29"),
        ("1 month", "2023-12-15", "2024-01-15"),
        ("1 year", "2024-02-29", "2025-02-28"),
        ("1 quarter", "2024-11-30", "2025-02-28"),
        ("2 weeks", "2024-02-20", "2024-03-05"),
    ],
)
def test_a_day_that_a_month_lacks_becomes_its_last(text, start, end):
    after = Duration.parse(text).after(datetime.fromisoformat(start))
    assert after == datetime.fromisoformat(end)


def test_hours_are_hours():
    moment = datetime.fromisoformat("2024-03-30T12:00")
    assert Duration(36, "hour").after(moment) == moment + timedelta(hours=36)
