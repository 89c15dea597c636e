"""A learning curve: nested parts of the training rows, scored on rows that no size learns from."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from keepfit.errors import NotInstalled
from keepfit.evaluate.luck import compare
from keepfit.lifecycle.chart import draw_curve
from keepfit.lifecycle.tune.bench import Bench
from keepfit.lifecycle.tune.curve import Curve, Size, learning_curve


def curve_of(life, *sizes):
    return learning_curve(life.model, life.ports(), sizes)


def facts(curve):
    return [(size.rows, size.score, size.gain, size.low, size.high) for size in curve.sizes]


def test_more_rows_teach_more_and_each_size_is_held_against_the_one_before(life):
    curve = curve_of(life, 100, 12, 30)
    assert [size.rows for size in curve.sizes] == [12, 30, 100]
    first, *others = curve.sizes
    assert (first.gain, first.low) == (None, None)
    for before, size in zip(curve.sizes, others, strict=False):
        assert size.gain == pytest.approx(before.score - size.score)
        assert size.low <= size.gain <= size.high
    assert curve.sizes[-1].score < first.score
    assert curve.last_step == (curve.sizes[1], curve.sizes[2])


def test_no_row_of_the_holdout_and_none_that_is_learned_from_scores(life):
    curve = curve_of(life, 20, 10_000)
    bench = Bench.of(life.model, life.ports())
    fold = bench.folds[-1]
    times = bench.split.pool["sold_on"]
    assert curve.judged == fold.judge.sum()
    assert curve.there == fold.train.sum() == curve.sizes[-1].rows
    assert times.filter(pl.Series(fold.train)).max() < times.filter(pl.Series(fold.judge)).min()
    assert times.cast(pl.String).max() < "2024-09"


def test_the_holdout_may_say_whatever_it_likes(life):
    before = curve_of(life, 20, 80)
    late = [file for file in sorted(life.root.glob("data/*.csv")) if file.stem >= "houses-2024-09"]
    assert len(late) == 2
    for file in late:
        rows = pl.read_csv(file, infer_schema=False)
        rows.with_columns(price=pl.lit("99999"), rooms=pl.lit("7")).write_csv(file)
    assert facts(curve_of(life, 20, 80)) == facts(before)


def test_the_same_curve_comes_again_and_sizes_beyond_what_there_is_are_all_there_is(life):
    one = curve_of(life, 20, 1_000, 5_000)
    assert [size.rows for size in one.sizes] == [20, one.there]
    assert facts(curve_of(life, 20, 5_000)) == facts(one)


def test_its_interval_is_the_one_that_the_gate_would_find(life):
    from keepfit.data.splitting.folds import fewer
    from keepfit.data.splitting.sides import times_of
    from keepfit.evaluate.dependence import dependence

    curve = curve_of(life, 20, 80)
    bench = Bench.of(life.model, life.ports())
    fold = bench.folds[-1]
    params = life.model.spec.params
    few, many = (
        next(bench.judged(params, [fewer(fold, bench.units, rows, bench.seed)])).sample
        for rows in (20, 80)
    )
    rows = bench.split.pool.filter(pl.Series(fold.judge))
    found = compare(
        bench.metric,
        many,
        few,
        confidence=0.95,
        rng=None,
        dependence=dependence(rows, (), times_of(rows, life.model.spec)),
    )
    assert (curve.sizes[1].low, curve.sizes[1].high) == pytest.approx((found.low, found.high))


def test_a_size_that_holds_one_class_only_is_told_and_the_next_ones_go_on(life):
    life.change('kind     = "ridge"', 'kind     = "logistic"')
    life.change('target   = "price"', 'target   = "garden"')
    life.change('"district", "garden"]', '"district"]')
    life.change('metric = "mae"\nrules  = [{ metric = "mae", max = 20000 }]', 'metric = "log_loss"')
    life.change("alpha = 0.1", "")
    curve = curve_of(life, 1, 40, 80)
    first, second, third = curve.sizes
    assert (first.rows, first.score) == (1, None)
    assert first.note
    assert second.score is not None
    assert second.gain is None
    assert third.gain is not None


def test_nothing_is_stored(life):
    before = life.tree()
    curve_of(life, 20, 80)
    assert life.tree() == before


CURVE = Curve(
    model="price",
    metric="mae",
    better="lower",
    newest=True,
    judged=40,
    there=100,
    confidence=0.95,
    sizes=(Size(rows=1, note="one class"), Size(rows=10, score=5.0), Size(rows=100, score=4.0)),
)


def test_its_chart_is_a_picture_and_a_drawing_and_the_same_each_time(tmp_path):
    pytest.importorskip("matplotlib")
    files = [tmp_path / "sizes.png", tmp_path / "sizes.svg"]
    draw_curve(CURVE, files)
    assert files[0].read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    drawn = files[1].read_bytes()
    words = " ".join(ET.fromstring(drawn).itertext())
    assert "rows learned from" in words
    assert "mae (lower is better)" in words
    draw_curve(CURVE, files)
    assert files[1].read_bytes() == drawn


def test_without_matplotlib_the_chart_is_asked_for_by_its_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NotInstalled):
        draw_curve(CURVE, [tmp_path / "sizes.svg"])
