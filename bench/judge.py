"""Judging a million holdout rows: one metric of order, 1,000 draws, three slices, in a process."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import Figure, run

ROWS = 1_000_000
SCRIPT = """
import numpy as np
import polars as pl
from keepfit.config.schema.gate import Gate
from keepfit.evaluate.compare import measure
from keepfit.kinds.base import Prediction

chance = np.random.default_rng(7)
truth = (chance.uniform(size={rows}) < 0.2).astype(np.int64)
town = pl.Series(chance.integers(3, size={rows})).replace_strict([0, 1, 2], ["ewr", "jfk", "lga"])
rows = pl.DataFrame({{"y": truth, "town": town}})
gate = Gate(metric="{metric}", slices=("town",))


def said(noise):
    score = truth + chance.normal(0, noise, {rows})
    p = 1 / (1 + np.exp(-score))
    return Prediction(pl.Series((p > 0.5).astype(np.int64)), np.stack([1 - p, p], axis=1), (0, 1))


if "{metric}":
    found = measure(
        rows, "y", said(1.0), said(1.02), None, gate, task="classification", seed=1
    )
    assert found.comparison is not None, found.comparison_error
    assert len(found.slices) == 3
    assert all(part.comparison for part in found.slices)
"""


def main(folder: Path) -> list[Figure]:
    """Seconds and peak memory of whole processes; the rows are made in them, too."""
    floor = run([sys.executable, "-c", _script("")], folder)
    return [
        _figure(metric, floor.cpu, folder) for metric in ("roc_auc", "pr_auc", "f1", "log_loss")
    ]


def _script(metric: str) -> str:
    return SCRIPT.format(rows=ROWS, metric=metric)


def _figure(metric: str, floor: float, folder: Path) -> Figure:
    spent = run([sys.executable, "-c", _script(metric)], folder)
    return Figure(
        f"judging {ROWS:,} rows on {metric}, 3 slices",
        f"{spent.cpu:.1f} s CPU, {spent.wall:.1f} s, {spent.peak:.0f} MB",
        f"making the rows {floor:.1f} s CPU",
        "-",
        "< 10 s CPU, < 500 MB",
        spent.cpu < 10 and spent.peak < 500,
    )
