"""Sums, products, places among hashes and the likeliest label: quick ways beside plain ones."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.kinds.texts.directory import Directory
from keepfit.kinds.texts.network import likeliest, shares
from keepfit.kinds.texts.products import Factor
from keepfit.kinds.texts.sums import weighted_sums


def stretches(sizes: list[int], width: int):
    """Vectors, and stretches of their places with weights."""
    random = np.random.default_rng(len(sizes))
    vectors = random.standard_normal((50, width)).astype(np.float32)
    starts = np.cumsum([0, *sizes])
    places = random.integers(0, 50, starts[-1])
    return vectors, starts, places, random.random(starts[-1], np.float32)


@pytest.mark.parametrize("width", [1, 3, 64, 192])
def test_a_sum_is_that_of_the_weighted_vectors(width):
    vectors, starts, places, weights = stretches([*range(150), 0, 257, 0, 700, 1500, 3], width)
    terms = vectors.astype(np.float64)[places] * weights[:, None]
    exact = [terms[first:end].sum(axis=0) for first, end in pairwise(starts)]
    sums = weighted_sums(vectors, starts, places, weights)
    np.testing.assert_allclose(sums, exact, rtol=1e-5, atol=1e-4)


@given(st.lists(st.integers(0, 40), max_size=30), st.sampled_from([1, 5, 16, 67]))
def test_a_sum_alone_has_the_bits_that_it_has_among_others(sizes, width):
    vectors, starts, places, weights = stretches(sizes, width)
    together = weighted_sums(vectors, starts, places, weights)
    for number, (first, end) in enumerate(pairwise(starts)):
        alone = weighted_sums(
            vectors, np.array([0, end - first]), places[first:end], weights[first:end]
        )
        assert alone.tobytes() == together[number : number + 1].tobytes()


@pytest.mark.parametrize("many", [0, 1, 2, 300, 70_000])
def test_each_number_is_found_where_it_stands_and_no_other(many):
    random = np.random.default_rng(many)
    known = np.unique(random.integers(0, 2**32, many, np.uint32))
    if many > 1:
        known[-1] = 2**32 - 1
    near = np.concatenate([known[:200], known[:200] + np.uint32(1), known[-3:]])
    asked = np.concatenate([near, np.array([0, 2**32 - 1], np.uint32)])
    places, there = Directory.of(known).find(asked)
    assert there.tolist() == np.isin(asked, known).tolist()
    assert (known[places[there]] == asked[there]).all()


def test_numbers_with_the_same_first_bits_are_told_apart():
    known = np.arange(7_000, 7_900, 3, dtype=np.uint32)
    places, there = Directory.of(known).find(np.arange(6_990, 7_910, dtype=np.uint32))
    assert there.sum() == known.size
    assert places[there].tolist() == [*range(known.size)]


@pytest.mark.parametrize("scale", [0.0, 1e-22, 1e-17, 1e-9, 1e-6, 1.0, 1e3, 3e38, np.inf])
def test_the_likeliest_is_that_of_the_largest_share(scale):
    random = np.random.default_rng(4)
    scores = random.standard_normal((40, 9)).astype(np.float32)
    scores[::5, 3] = scores[::5].max(axis=1)  # ties, of which the first counts
    with np.errstate(invalid="ignore", over="ignore"):
        scores *= np.float32(scale)
        for temperature in (0.25, 1.0, 16.0):
            told = shares(scores / np.float64(temperature)).argmax(axis=1)
            assert likeliest(scores, temperature).tolist() == told.tolist()


@pytest.mark.parametrize(("inner", "outer"), [(1, 2), (7, 3), (64, 8), (192, 21), (192, 1000)])
def test_a_row_of_a_product_has_the_same_bits_wherever_it_stands(inner, outer):
    """A product of matrices adds the seventh row up otherwise than the first."""
    random = np.random.default_rng(inner)
    matrix, rows = (
        random.standard_normal(shape).astype(np.float32) for shape in ((inner, outer), (53, inner))
    )
    factor = Factor.of(matrix)
    together = factor.with_all(rows)
    np.testing.assert_allclose(together, rows @ matrix, rtol=1e-4, atol=1e-4)
    for number in range(len(rows)):
        alone = factor.with_all(rows[number : number + 1])
        assert alone.tobytes() == together[number : number + 1].tobytes()
    back = factor.with_all(rows[::-1])[::-1]
    assert back.tobytes() == together.tobytes()


def test_a_product_has_the_same_bits_with_any_number_of_threads():
    told = []
    for threads in "13":
        environ = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        command = [sys.executable, "-c", PRODUCT]
        told.append(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)
    assert told[0] == told[1] != b""


PRODUCT = """
import hashlib
import numpy as np
from keepfit.kinds.texts.products import Factor
random = np.random.default_rng(1)
matrix = random.standard_normal((192, 3000)).astype(np.float32)
rows = random.standard_normal((40, 192)).astype(np.float32)
made = Factor.of(matrix).with_all(rows)
print(hashlib.sha256(made.tobytes()).hexdigest())
"""
