from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from keepfit.data.piecewise import pieces
from keepfit.data.piecewise.cut_pieces import cut_pieces
from keepfit.data.piecewise.notes import Notes
from keepfit.data.piecewise.pieces import may_be_cut
from keepfit.data.piecewise.sample import some_of
from keepfit.data.prepare import prepare
from keepfit.errors import DataRefused, SourceError, UserError

HEADER = "id,t,km,fare,place,side\n"
SPLITS = {
    "by time": {"holdout": "1 week", "validation": "3 days"},
    "by a share of time": {"holdout": 0.3, "by": "time"},
    "at random": {"holdout": 0.3, "validation": 0.2},
    "by group": {"holdout": 0.4, "by": "group", "group": "place"},
    "by column": {"by": "column", "column": "side"},
}


def lines(first, last):
    return [
        f"{i % 85},2020-01-{i % 28 + 1:02} {i % 24:02}:00:00,{i},"
        f"{'' if i % 17 == 0 else i * 2.5 - 3},p{i % 7},{'train' if i % 3 else 'test'}\n"
        for i in range(first, last)
    ]


@pytest.fixture
def trips(project):
    for month, rows in enumerate([(0, 40), (40, 41), (41, 130)]):
        text = lines(*rows)
        random.Random(month).shuffle(text)
        project.write(f"trips-{month}.csv", HEADER + "".join(text))
    return project


@pytest.fixture(params=[7, 1000])
def size(request, monkeypatch):
    monkeypatch.setattr(pieces, "_PIECE", request.param)
    return request.param


def model(spec, split=None, features=("km", "hour"), checks=None, **data):
    return spec(
        target="fare",
        features=features,
        checks=checks or {"unique": "note", "nulls": {"place": 0.5}, "ranges": {"km": (0, 120)}},
        data={
            "source": "trips-*.csv",
            "time": "t",
            "key": ["id"],
            "clean": {"positive": "fare > 0 OR fare IS NULL", "daytime": "hour >= 3"},
            "derive": {"hour": "hour(t)", "km": "km + 1"},
        }
        | data,
        split=split or {"holdout": "1 week"},
    )


def both(project, model):
    snapshot = project.freeze(model)
    whole = prepare(snapshot, model, project.parts.path)
    return whole, cut_pieces(snapshot, model, project.parts.path)


def opened(project, monkeypatch):
    """The files that are read from here on, by the source's name for them."""
    names = []

    def noting(part):
        names.append(part.raw)
        return reading(part)

    reading = pieces.PartRows.__iter__
    monkeypatch.setattr(pieces.PartRows, "__iter__", noting)
    return names


@pytest.mark.parametrize("key", [["id"], []], ids=["a key", "no key"])
@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
@pytest.mark.usefixtures("size")
def test_pieces_are_cut_as_all_rows_are(trips, spec, split, key):
    whole, cut = both(trips, model(spec, split, key=key))
    found = cut.judged(Notes())
    assert found.split.report == whole.split.report
    for name in ("train_keys", "validation_keys", "holdout_keys"):
        np.testing.assert_array_equal(getattr(found.split, name), getattr(whole.split, name))
    assert found.split.holdout.equals(whole.split.holdout)
    assert found.raw(found.split.holdout).equals(whole.raw(whole.split.holdout))
    assert found.removals == whole.removals
    assert found.findings == whole.findings
    assert (found.schema, found.columns) == (whole.schema, whole.columns)
    assert found.sample.sort(found.sample.columns).equals(
        whole.split.train.sort(found.sample.columns)
    )


@pytest.mark.usefixtures("size")
def test_training_rows_come_piece_by_piece_in_the_order_of_the_files(trips, spec):
    whole, cut = both(trips, model(spec))
    train = pl.concat(rows for share in cut.training() for rows in share)
    shown = cut.at(cut.holdout[::5])
    assert train.sort(train.columns).equals(whole.split.train.sort(train.columns))
    assert shown.equals(whole.split.holdout[::5])
    files = [pl.read_csv(trips.root / f"trips-{n}.csv", try_parse_dates=True) for n in range(3)]
    order = pl.concat(files).select("km", pl.int_range(pl.len()).alias("place"))
    places = train.select(km="__raw.km").join(order, on="km", how="left")["place"]
    assert places.is_sorted()


def test_few_columns_are_kept_of_training_rows(trips, spec):
    _, cut = both(trips, model(spec))
    assert set(cut.prepared.split.train.columns) == {"fare", "t", "id", "place", "km"}


def test_what_refuses_all_rows_refuses_pieces(trips, spec):
    for wrong, error, words in [
        (model(spec, clean={"none": "fare > 1e9"}), DataRefused, "there are no rows"),
        (model(spec, features=("kn",)), UserError, "is `kn`, which is no column"),
        (model(spec, split={"by": "column", "column": "place"}), UserError, "which holds 'p"),
    ]:
        snapshot = trips.freeze(wrong)
        with pytest.raises(error, match=words):
            cut_pieces(snapshot, wrong, trips.parts.path)


def test_a_file_that_breaks_off_is_named_as_such(trips, spec):
    trips.write("trips-3.parquet", pl.read_csv(trips.root / "trips-0.csv"))
    parquet = spec(target="fare", features=("km",), data={"source": "trips-3.parquet"})
    snapshot = trips.freeze(parquet)
    (part,) = snapshot.parts
    path = trips.parts.path(part.digest)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(SourceError, match="cannot be read"):
        cut_pieces(snapshot, parquet, trips.parts.path)


@pytest.mark.usefixtures("size")
def test_what_was_noted_of_a_file_says_what_reading_it_says(trips, spec, tmp_path, monkeypatch):
    asked, folder = model(spec), tmp_path / "notes"
    snapshot = trips.freeze(asked)

    def cut(name):
        looks, samples = Notes(folder, "looks"), Notes(folder, name)
        found = cut_pieces(snapshot, asked, trips.parts.path, notes=looks)
        return found, found.judged(samples)

    first, told = cut("samples")
    read = opened(trips, monkeypatch)
    again, told_again = cut("samples")
    assert len(read) == len({share.part.name for share in first._shares(first.holdout)})
    np.testing.assert_array_equal(again.train, first.train)
    np.testing.assert_array_equal(again.prepared.split.keys, first.prepared.split.keys)
    assert again.prepared.split.report == first.prepared.split.report
    assert (told_again.removals, told_again.findings) == (told.removals, told.findings)
    assert (told_again.schema, told_again.columns) == (told.schema, told.columns)
    assert told_again.sample.equals(told.sample)
    assert told_again.split.holdout.equals(told.split.holdout)


@pytest.mark.parametrize(
    "change",
    [
        {"clean": {"positive": "fare > 1 OR fare IS NULL"}},
        {"derive": {"hour": "hour(t) + 1", "km": "km + 1"}},
        {"clean": {"daytime": "hour >= 3", "positive": "fare > 0 OR fare IS NULL"}},
        {"derive": {"km": "km + 1", "hour": "hour(t)"}},
        {"key": ["id", "t"]},
        {"types": {"id": "text"}},
        {"time": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_file_is_read_again_where_its_rows_are_made_otherwise(
    trips, spec, tmp_path, monkeypatch, change
):
    by = {"holdout": 0.3, "by": "random"}
    for asked in (model(spec, by), model(spec, by, **change)):
        read, notes = opened(trips, monkeypatch), Notes(tmp_path, "looks")
        cut = cut_pieces(trips.freeze(asked), asked, trips.parts.path, notes=notes)
        assert len(read) == 3
        whole = prepare(trips.freeze(asked), asked, trips.parts.path)
        assert cut.prepared.split.report == whole.split.report
        assert cut.prepared.removals == whole.removals


def test_a_column_that_is_not_there_is_told_whatever_was_noted(trips, spec, tmp_path):
    good, wrong = model(spec), model(spec, features=("kn",))
    notes = Notes(tmp_path, "looks")
    cut_pieces(trips.freeze(good), good, trips.parts.path, notes=notes)
    with pytest.raises(UserError, match="is `kn`, which is no column"):
        cut_pieces(trips.freeze(wrong), wrong, trips.parts.path, notes=notes)


def test_bounds_of_time_read_again_only_the_file_that_they_cut(project, spec, monkeypatch):
    for month in range(1, 6):
        lines = [
            f"{month * 100 + i},2020-0{month}-{i % 28 + 1:02} 05:00:00,{i},{i}.5,p,train\n"
            for i in range(60)
        ]
        project.write(f"trips-{month}.csv", HEADER + "".join(lines))
    found = []
    for window in ("2 months", "63 days"):
        read = opened(project, monkeypatch)
        asked = model(spec, window=window, clean={})
        notes = Notes(project.root / "notes", "looks")
        found.append(cut_pieces(project.freeze(asked), asked, project.parts.path, notes=notes))
    assert found[0].ends[-1] != found[1].ends[-1]
    assert len(read) == 1


def test_a_sample_of_many_rows_is_about_as_large_as_it_should_be(trips, spec, tmp_path):
    asked = model(spec, {"holdout": 0.2, "by": "random"}, clean={})
    cut = cut_pieces(trips.freeze(asked), asked, trips.parts.path)
    shares = list(cut.training())
    assert [share.height for share in shares] == [len(s) for s in map(joined, shares)]
    notes = Notes(tmp_path, "samples")
    few = [some_of(share, 0.3, Notes()) for share in shares]
    many = [some_of(share, 0.6, notes) for share in shares]
    assert 0.1 < sum(map(len, few)) / len(cut.train) < 0.5
    assert 0.4 < sum(map(len, many)) / len(cut.train) < 0.8
    for fewer, share in zip(few, shares, strict=True):
        assert some_of(share, 0.3, notes).equals(fewer)


def joined(share):
    return pl.concat(list(share))


@pytest.mark.parametrize(
    ("change", "may"),
    [
        ({}, True),
        ({"derive": {"hour_sin": "sin(2 * pi() * hour(t) / 24)", "half": "km / 2"}}, True),
        ({"clean": {"known": "place IN ('p1', 'p2') AND km BETWEEN 1 AND 2"}}, True),
        ({"derive": {"hour": "hour(t)", "share": "km / SUM(km)"}}, False),
        ({"derive": {"hour": "hour(t)", "before": "LAG(km) OVER (ORDER BY t)"}}, False),
        ({"clean": {"above": "km > AVG(km)"}}, False),
        ({"derive": {"hour": "COALESCE(km, COUNT(*))"}}, False),
        ({"derive": {"hour": "ROW_NUMBER() OVER ()"}}, False),
        ({"derive": {"hour": "date(place)"}}, False),
        ({"transform": "steps:change"}, False),
        ({"query": "SELECT * FROM trips"}, False),
    ],
)
def test_rows_are_cut_in_pieces_where_each_stands_alone(spec, change, may):
    assert may_be_cut(model(spec, **change)) is may


def test_of_rows_in_one_file_nothing_is_noted(project, spec, tmp_path):
    project.write("trips-0.csv", HEADER + "".join(lines(0, 100)))
    asked = model(spec)
    looks, samples = Notes(tmp_path, "looks"), Notes(tmp_path, "samples")
    cut = cut_pieces(project.freeze(asked), asked, project.parts.path, notes=looks)
    assert cut.judged(samples).sample.height == len(cut.train)
    assert not list(tmp_path.glob("looks/*")) + list(tmp_path.glob("samples/*"))
