"""The trials of searches on disk, for a search that goes on."""

import os

import pytest

from keepfit.digest import digest_of
from keepfit.lifecycle.tune.kept import SEARCHES, Kept
from keepfit.lifecycle.tune.records import Trial

TRIAL = Trial(number=0, params={"alpha": 1.0}, outcome="scored", score=2.0)


@pytest.fixture
def searched(tmp_path):
    """A search of some name, with one trial; each is used later than the one before."""
    clock = iter(range(1, 100))

    def search(name):
        Kept(tmp_path, digest_of(name)).add(TRIAL)
        age(tmp_path, next(clock))

    return search


def age(folder, moment):
    """The file that was written last was written then."""
    newest = max(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    os.utime(newest, (moment, moment))


def trials(folder, name):
    return Kept(folder, digest_of(name)).trials


def test_a_search_that_was_stopped_goes_on_with_its_own_trials(searched, tmp_path):
    searched("one")
    assert trials(tmp_path, "one") == (TRIAL,)
    assert trials(tmp_path, "another") == ()


def test_searches_that_were_long_not_used_make_room_for_new_ones(searched, tmp_path):
    for number in range(SEARCHES):
        searched(number)
    assert trials(tmp_path, 0) == (TRIAL,)  # and so it is used again
    searched("new")
    assert len([*tmp_path.iterdir()]) == SEARCHES
    assert trials(tmp_path, 0) == trials(tmp_path, "new") == trials(tmp_path, 2) == (TRIAL,)
    assert trials(tmp_path, 1) == ()


def test_one_that_goes_on_or_begins_anew_deletes_no_other(searched, tmp_path):
    for number in range(SEARCHES):
        searched(number)
    Kept(tmp_path, digest_of(3)).add(TRIAL)
    Kept(tmp_path, digest_of(4), fresh=True).add(TRIAL)
    assert len([*tmp_path.iterdir()]) == SEARCHES
