import hashlib
import itertools
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import Ridge as PeerRidge

from keepfit.config.schema.rows import Encode
from keepfit.errors import DataRefused, NoNumber
from keepfit.kinds.linear import gather
from keepfit.kinds.linear.compressed import compressed
from keepfit.kinds.linear.gather import Gathering, block_rows, joined_in_order
from keepfit.kinds.linear.lasso import ELASTIC_NET, LASSO
from keepfit.kinds.linear.least_squares import LINEAR, RIDGE

NAN = float("nan")
CERTIFIED = runpy.run_path(str(Path(__file__).with_name("test_linear.py")))


def table(rows, seed=0, *, offset=0.0, groups=True):
    """Numbers of which one is missing at times, two categories, and a target."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=rows) + offset, random.normal(size=rows) * 3 - offset
    g, h = random.integers(0, 5, rows), random.integers(0, 3, rows)
    y = a - 2 * b + g + random.normal(size=rows)
    frame = pl.DataFrame({"a": a, "b": b, "c": 7.0, "y": y})
    frame = frame.with_columns(
        b=pl.when(pl.Series(random.random(rows) < 0.9)).then("b"),
        g=pl.Series(np.array(list("vwxyz"))[g]),
        h=pl.when(pl.Series(h > 0)).then(pl.Series(h)),
    )
    return frame if groups else frame.drop("g", "h")


def features(rows):
    return [name for name in rows.columns if name != "y"]


def moments(rows, pieces=(), **encode):
    """The moments of rows that come in pieces of these sizes."""
    known = {"categorical": ("h",)} if "h" in rows.columns else {}
    gathering = Gathering(features(rows), "y", Encode(**known, **encode))
    for size in pieces:
        gathering.add(rows.head(size))
        rows = rows.slice(size)
    gathering.add(rows)
    return gathering.moments()


def same(one, other):
    return (
        [levels.values.to_list() for levels in one.categories]
        == [levels.values.to_list() for levels in other.categories]
    ) and all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("codes", "counts", "means", "factor", "stand_in")
    )


def coefficients(kind, found, params, encode=None):
    encode = encode or Encode(categorical=("h",) if len(found.categories) > 1 else ())
    out = kind.learn_from(found, encode, kind.params(**params)).plain.outputs[0]
    return np.array([out.intercept, *out.numbers, *itertools.chain(*out.categories)])


def products(found):
    """What the rows' columns, and ones, come to when they are multiplied; missing ones at 0."""
    encode = Encode(missing="zero", categorical=("h",) if len(found.categories) > 1 else ())
    rows = compressed(found, encode)
    design, target = rows.design(intercept=True, scale=False)
    matrix = np.column_stack([design.matrix(), target + rows.target * design.root])
    return matrix.T @ matrix, rows.encoding


@settings(max_examples=30, deadline=None)
@given(
    pieces=st.lists(st.integers(0, 40), max_size=8), groups=st.booleans(), seed=st.integers(0, 99)
)
def test_moments_do_not_depend_on_how_many_rows_come_at_a_time(pieces, groups, seed):
    rows = table(150, seed, groups=groups)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "block_rows", lambda _: 16)
        assert same(moments(rows, pieces), moments(rows))


@settings(max_examples=40, deadline=None)
@given(
    block=st.sampled_from([1, 3, 8, 50, 1000]),
    groups=st.booleans(),
    seed=st.integers(0, 99),
    offset=st.sampled_from([0.0, 1e6]),
)
def test_moments_have_the_products_of_the_rows(block, groups, seed, offset):
    rows = table(120, seed, offset=offset, groups=groups)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "block_rows", lambda _: block)
        found, encoding = products(moments(rows))
    columns = [np.ones(120)]
    columns += [rows[n.name].fill_null(0.0).to_numpy() - n.mean for n in encoding.numbers]
    for category in encoding.categories:
        levels = [*category.levels, *([None] if category.missing else [])]
        columns += [rows[category.name].eq_missing(level).to_numpy() for level in levels]
    matrix = np.column_stack([*columns, rows["y"].to_numpy()]).astype(float)
    expected = matrix.T @ matrix
    lengths = np.sqrt(np.maximum(np.diag(expected), 1e-30))
    np.testing.assert_allclose(
        found / np.outer(lengths, lengths),
        expected / np.outer(lengths, lengths),
        atol=1e-11 + 1e-15 * offset,
    )


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(4)), groups=st.booleans(), kind=st.sampled_from([0, 1, 2]))
def test_parts_may_be_joined_in_any_order(order, groups, kind):
    chosen, params = [(LINEAR, {}), (RIDGE, {"alpha": 2.0}), (LASSO, {"alpha": 0.05})][kind]
    rows = table(400, groups=groups)
    parts = [moments(rows[at::4]) for at in range(4)]
    expected = coefficients(chosen, moments(rows), params)
    found = coefficients(chosen, joined_in_order(parts[at] for at in order), params)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7 if kind == 2 else 1e-10)


@pytest.mark.parametrize("block", [1, 4, 7, 16])
def test_longley_is_certified_in_blocks_of_any_size(block, monkeypatch):
    lines, weights = CERTIFIED["LONGLEY"], CERTIFIED["LONGLEY_WEIGHTS"]
    rows = [list(map(float, line.split())) for line in lines.split("\n") if line]
    frame = pl.DataFrame(rows, schema=["y", *weights], orient="row")
    monkeypatch.setattr(gather, "block_rows", lambda _: block)
    found = coefficients(LINEAR, moments(frame), {})
    assert found == pytest.approx([CERTIFIED["LONGLEY_INTERCEPT"], *weights.values()], rel=1e-10)


@pytest.mark.parametrize("alike", [1e-2, 1e-4, 1e-6])
def test_columns_much_alike_are_told_apart_in_many_blocks(alike):
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, 400_000))
    frame = pl.DataFrame({"a": x, "b": x + alike * z}).with_columns(
        y=3 * pl.col("a") - 2 * pl.col("b") + 5
    )
    # as many digits as the data have of the difference
    assert coefficients(LINEAR, moments(frame), {}) == pytest.approx(
        [5.0, 3.0, -2.0], rel=1e-13 / alike
    )


@pytest.mark.parametrize("offset", [0.0, 1e7])
@pytest.mark.parametrize(("kind", "alpha"), [(LINEAR, None), (RIDGE, 100.0)])
def test_many_blocks_agree_with_scikit_learn_on_all_rows(kind, alpha, offset):
    rows = table(400_000, offset=offset, groups=False)
    filled = rows.with_columns(pl.col("b").fill_null(pl.col("b").mean()))
    columns = filled.select("a", "b").to_numpy()
    peer = PeerRidge(alpha=alpha) if alpha else LinearRegression()
    peer.fit(columns - columns.mean(axis=0), rows["y"])
    params = {} if alpha is None else {"alpha": alpha}
    found = coefficients(kind, moments(rows), params, Encode(scale=False))
    assert found[1:3] == pytest.approx(peer.coef_.tolist(), rel=1e-8)
    level = peer.intercept_ - columns.mean(axis=0) @ peer.coef_
    assert found[0] == pytest.approx(level, rel=1e-8, abs=1e-8)


def test_a_constant_column_has_no_deviation_in_any_number_of_blocks():
    rows = table(300_000, offset=1e6).with_columns(c=pl.lit(0.1))
    encoding = compressed(moments(rows), Encode(categorical=("h",))).encoding
    (constant,) = [number for number in encoding.numbers if number.name == "c"]
    assert (constant.mean, constant.deviation, constant.fill) == (0.1, 0.0, 0.1)


def test_a_number_that_a_whole_part_lacks_is_filled_from_the_others():
    rows = table(4000, offset=1e6, groups=False)
    lacking = rows.with_columns(b=pl.lit(None, dtype=pl.Float64))
    for parts in ([lacking, rows], [rows, lacking]):
        found = joined_in_order(map(moments, parts))
        once = moments(pl.concat(parts))
        assert coefficients(LINEAR, found, {}) == pytest.approx(
            coefficients(LINEAR, once, {}), rel=1e-9
        )
        number = compressed(found, Encode()).encoding.numbers[1]
        assert number.fill == pytest.approx(rows["b"].mean(), rel=1e-14)


def test_rows_that_may_not_lack_a_number_are_told_by_their_place(monkeypatch):
    monkeypatch.setattr(gather, "block_rows", lambda _: 2)
    rows = pl.DataFrame({"x": [1.0, None, 2.0, NAN, None], "y": [1.0] * 5})
    with pytest.raises(NoNumber, match="column `x` has 3 rows") as error:
        moments(rows, missing="fail")
    (refusal,) = error.value.refusals
    assert refusal.rows == [1, 3, 4]
    with pytest.raises(DataRefused, match="target `y` is not finite in 2 training rows"):
        moments(rows.with_columns(x=1.0, y=pl.Series([1.0, NAN, 1.0, None, 2.0])))


def test_a_block_is_a_power_of_two_and_wider_ones_are_shorter():
    sizes = [block_rows(columns) for columns in (1, 11, 100, 1000, 5000)]
    assert sizes == [65536, 32768, 4096, 2048, 16384]


THREADS = """
import hashlib, runpy
from keepfit.kinds.linear.least_squares import RIDGE
here = runpy.run_path({file!r})
found = here["moments"](here["table"](150_000))
print(hashlib.sha256(here["coefficients"](RIDGE, found, {{}}).tobytes()).hexdigest())
"""


def test_the_answer_does_not_depend_on_threads():
    code = THREADS.format(file=__file__)
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OPENBLAS_NUM_THREADS": count, "POLARS_MAX_THREADS": count},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for count in ("1", "2")
    }
    here = coefficients(RIDGE, moments(table(150_000)), {})
    assert said == {hashlib.sha256(here.tobytes()).hexdigest() + "\n"}


def test_elastic_net_of_many_blocks_drops_what_it_drops_of_one(monkeypatch):
    rows = table(3000)
    params = {"alpha": 0.3}
    one = coefficients(ELASTIC_NET, moments(rows), params)
    monkeypatch.setattr(gather, "block_rows", lambda _: 100)
    many = coefficients(ELASTIC_NET, moments(rows), params)
    assert (one == 0).tolist() == (many == 0).tolist()
    assert (one == 0).any()
    np.testing.assert_allclose(many, one, rtol=0, atol=1e-6)
