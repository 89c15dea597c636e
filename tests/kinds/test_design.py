import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.schema.rows import Encode
from keepfit.kinds.encode import learn
from keepfit.kinds.linear.design import Design, design_of
from keepfit.kinds.linear.normal import descend, normal


@st.composite
def designs(draw):
    """A design with up to three numbers and three categories, every level with a row at least,
    some rows without a level."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, numbers = draw(st.integers(4, 30)), draw(st.integers(0, 3))
    sizes = draw(st.lists(st.integers(1, 4), max_size=3))
    intercept = draw(st.booleans())
    dense = random.normal(size=(rows, numbers + intercept))
    dense[:, : int(intercept)] = 1.0
    every = [
        np.append(np.arange(size), random.integers(0, size + 1, rows - size)) for size in sizes
    ]
    codes = tuple(random.permutation(one) for one in every)
    nothing = np.zeros(numbers)
    return Design(np.asfortranarray(dense), codes, tuple(sizes), intercept, nothing, nothing + 1)


@given(design=designs())
def test_codes_multiply_like_the_columns_they_stand_for(design):
    matrix, random = design.matrix(), np.random.default_rng(0)
    coefficients, values = random.normal(size=design.width), random.normal(size=design.rows)
    np.testing.assert_allclose(design.times(coefficients), matrix @ coefficients, atol=1e-12)
    np.testing.assert_allclose(design.transposed_times(values), matrix.T @ values, atol=1e-12)
    np.testing.assert_allclose(design.squares(values), (matrix**2).T @ values, atol=1e-12)


@given(design=designs())
def test_the_design_of_some_coefficients_is_those_columns(design):
    chosen = np.random.default_rng(0).random(design.width) < 0.5
    part = design.only(chosen)
    np.testing.assert_array_equal(part.matrix(), design.matrix()[:, chosen])
    assert part.penalised.tolist() == design.penalised[chosen].tolist()


@given(design=designs(), weighted=st.booleans(), alpha=st.sampled_from([0.5, 10.0]))
def test_eliminating_the_largest_category_solves_the_same_equations(design, weighted, alpha):
    random = np.random.default_rng(0)
    weights = random.random(design.rows) + 0.1 if weighted else None
    matrix, right = design.matrix(), random.normal(size=design.width)
    full = (matrix.T * (1.0 if weights is None else weights)) @ matrix
    full += alpha * np.diag(design.penalised)
    answer = normal(design, alpha * design.penalised, weights).solve(right)
    np.testing.assert_allclose(full @ answer, right, atol=1e-9)
    steps = descend(lambda x: full @ x, right, lambda r: r / np.diag(full), tol=1e-14, rounds=200)
    np.testing.assert_allclose(steps, answer, atol=1e-8)


@given(design=designs())
def test_directions_that_change_nothing_are_found(design):
    null = normal(design, 0.0 * design.penalised).null
    matrix = design.matrix()
    assert null.shape[1] == design.width - np.linalg.matrix_rank(matrix)
    np.testing.assert_allclose(matrix @ null, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("intercept", "scale", "mean", "deviation"),
    [
        (True, True, 0.0, 1.0),
        (False, True, 0.0, 1.0),
        (True, False, 0.0, np.sqrt(2 / 3) * 10),
        (False, False, 20.0, np.sqrt(2 / 3) * 10),
    ],
)
def test_numbers_are_centred_and_scaled_as_asked(intercept, scale, mean, deviation):
    rows = pl.DataFrame({"x": [10.0, 20.0, 30.0], "constant": [5, 5, 5]})
    design = design_of(rows, learn(rows, rows.columns, Encode()), intercept=intercept, scale=scale)
    x = design.dense[:, int(intercept)]
    assert (x.mean(), x.std()) == pytest.approx((mean, deviation))
    assert design.dense[:, -1].tolist() == ([0.0] * 3 if mean == 0 else [5.0] * 3)
