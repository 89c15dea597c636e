from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from keepfit.store.ulid import ulid

MOMENT = datetime.fromtimestamp(1469918176.385, tz=UTC)


def test_it_is_what_the_specification_shows():
    assert ulid(MOMENT, bytes) == "01ARYZ6S41" + "0" * 16


def test_the_largest_chance_fills_sixteen_characters():
    assert ulid(MOMENT, lambda n: b"\xff" * n)[10:] == "Z" * 16


@given(st.integers(1, 10**12), st.binary(min_size=10, max_size=10))
def test_a_later_one_sorts_later(milliseconds, chance):
    later = MOMENT + timedelta(milliseconds=milliseconds)
    assert ulid(MOMENT, lambda _: b"\xff" * 10) < ulid(later, lambda _: chance)
