"""Retrains on data in which nothing has changed; bench/aa.py lives through more of them."""

import sys
from pathlib import Path

import pytest

from keepfit.errors import SourceError

pytestmark = pytest.mark.slow

BENCH = Path(__file__).parents[2] / "bench"
RETRAINS = 100


@pytest.fixture(scope="module")
def aa():
    sys.path.insert(0, str(BENCH))
    try:
        import aa
    finally:
        sys.path.remove(str(BENCH))
    return aa


@pytest.fixture(scope="module")
def flights(aa, tmp_path_factory):
    try:
        return aa.flights(tmp_path_factory.mktemp("flights"))
    except SourceError as error:
        pytest.skip(f"the flights cannot be had here: {error}")


@pytest.mark.parametrize("number", range(8))
def test_where_nothing_has_changed_luck_alone_promotes_no_more_than_agreed(number, aa, flights):
    assert len(aa.WORLDS) == 8
    world = aa.WORLDS[number]
    retrains = RETRAINS // 2 if world.gate.metric in ("roc_auc", "r2") else RETRAINS  # they draw
    promoted = aa.promoted(world, flights, retrains)
    assert promoted.falsely <= 0.05 * retrains
    if world is aa.WORLDS[0]:
        assert promoted.all > 0  # or the gate would refuse whatever it is shown


def test_whoever_takes_the_rows_of_a_day_for_independent_promotes_by_luck(aa, flights):
    # What the gate guards against: the very same rows, judged as if none hung together.
    assert aa.promoted(aa.BLIND[1], flights, RETRAINS).falsely > 0.05 * RETRAINS
