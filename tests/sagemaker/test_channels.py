"""Which channel is which, and that none is left unread."""

from pathlib import Path

import pytest

from keepfit.sagemaker.channels import ROWS, assign, settings_of, sources_named
from keepfit.sagemaker.job import Channel


def channels(*names):
    return {name: Channel(name, (Path(name, "a.csv"),), Path(name)) for name in names}


def planned(*names, sources=(ROWS,)):
    plan, problems = assign(channels(*names), sources)
    assert not problems
    holdout = plan.holdout.name if plan.holdout else None
    return {source: channel.name for source, channel in plan.sources.items()}, holdout


def wrongs(*names, sources=(ROWS,)):
    return [str(problem) for problem in assign(channels(*names), sources)[1]]


@pytest.mark.parametrize("training", ["training", "train", "rows_of_may"])
def test_one_channel_is_what_a_model_learns_from(training):
    assert planned(training) == ({ROWS: training}, None)


@pytest.mark.parametrize("holdout", ["validation", "test", "holdout"])
def test_a_second_one_is_what_it_is_judged_on(holdout):
    assert planned("train", holdout) == ({ROWS: "train"}, holdout)


def test_sources_that_have_names_take_channels_of_the_same_names():
    sources = ("trips", "zones")
    assert planned("trips", "zones", sources=sources) == (
        {"trips": "trips", "zones": "zones"},
        None,
    )
    assert planned("training", "zones", "test", sources=sources) == (
        {"zones": "zones", "trips": "training"},
        "test",
    )
    assert planned("trips", sources=sources) == ({"trips": "trips"}, None)


def test_a_source_may_be_called_as_other_channels_are():
    assert planned("train", "test", sources=("train", "test")) == (
        {"train": "train", "test": "test"},
        None,
    )


def test_no_channel_is_a_model_that_has_sources_of_its_own():
    assert planned() == ({}, None)


def test_a_channel_that_nobody_reads_is_told_with_a_guess():
    assert wrongs("training", "validaton") == [
        "channel validaton: it is read by nobody. Did you mean `validation`?"
    ]
    assert wrongs("trip", sources=("trips", "zones")) == [
        "channel trip: it is read by nobody. Did you mean `trips`?"
    ]


def test_two_channels_for_one_thing_are_too_many():
    assert wrongs("training", "train") == [
        "channel train: it holds rows to learn from, as `training` does; expected one of them"
    ]
    assert len(wrongs("train", "validation", "test", "holdout")) == 2


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a.csv", (ROWS,)),
        (["a.csv", "b.csv"], (ROWS,)),
        ({"sql": "select 1", "uri": "sqlite:///a"}, (ROWS,)),
        ({"trips": "a.csv", "zones": "b.csv"}, ("trips", "zones")),
        (None, (ROWS,)),
    ],
)
def test_a_table_tells_the_names_of_its_sources(source, names):
    assert sources_named({"data": {"source": source}}) == names
    assert sources_named({}) == (ROWS,)


def test_a_channel_to_judge_on_takes_the_place_of_any_other_split():
    plan, _ = assign(channels("train", "test"), (ROWS,))
    table = {"split": {"holdout": "1 month", "by": "group", "group": "site"}}
    settings = settings_of(plan, "fare", table, Path("/rows"))
    assert {setting.path[2:]: setting.value for setting in settings} == {
        ("data", "source"): "/rows/train",
        ("split", "by"): "file",
        ("split", "file"): "/rows/test",
        ("split", "holdout"): 0.2,
        ("split", "group"): None,
    }
