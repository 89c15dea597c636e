"""Which rows hang together, so that they are not counted as if each told something of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from keepfit.evaluate.sample import Codes

LEAST_PERIODS = 20  # fewer moments in a row do not tell how far each depends on those before
_MICROSECONDS = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000}


@dataclass(frozen=True, slots=True)
class Units:
    """Rows gathered into units of which each is independent of the others, or of distant ones."""

    codes: Codes  # of each row its unit, 0 to count - 1
    count: int
    name: str  # of one: row, cluster, day, hour, minute, moment
    lags: int = 0  # how many units before it one still depends on; their order is that of time


@dataclass(frozen=True, slots=True)
class Dependence:
    """What makes rows alike; without clusters and times each row stands for itself."""

    clusters: Codes | None = None  # rows with the same number belong together
    times: Codes | None = None  # microseconds; what happens at a time depends on what was before

    def take(self, index: Codes) -> Dependence:
        """That of the rows at `index`."""
        clusters = None if self.clusters is None else self.clusters[index]
        times = None if self.times is None else self.times[index]
        return replace(self, clusters=clusters, times=times)

    def units(self) -> Iterator[Units]:
        """Every way in which the rows hang together."""
        if self.clusters is not None:
            yield _units(self.clusters, "cluster")
        if self.times is not None and (found := _periods(self.times)):
            yield found


def dependence(
    rows: pl.DataFrame, cluster: tuple[str, ...], times: pl.Series | None = None
) -> Dependence:
    """
    The dependence of rows that are alike in the columns `cluster`, and of rows in order of time.

    `times` are the moments of the rows, naive UTC; None where the rows have no order. Null is a
    value like others. Columns that are not there are nobody's: the checks of the data refuse them.
    """
    known = [name for name in cluster if name in rows.columns]
    clusters = None
    if known:
        codes = rows.select(pl.struct(known).rank("dense").alias("code"))["code"]
        clusters = codes.to_numpy().astype(np.int64)
    if times is None:
        return Dependence(clusters)
    return Dependence(clusters, times.cast(pl.Int64).fill_null(0).to_numpy())


def _periods(times: Codes) -> Units | None:
    """
    The rows by day, or by the next shorter span of which the rows hold 20; None if none does.

    Losses of one day tend to be alike however many rows a day has: by the day, what rows of it have
    in common counts once. Lags as Lazarus, Lewis, Stock and Watson (2018), Journal of Business and
    Economic Statistics 36, 541-559, propose: with fewer, a test that is meant to be wrong once in
    twenty times is wrong more often.
    """
    for name, span in (*_MICROSECONDS.items(), ("moment", 1)):
        found = _units(times // span, name)
        if found.count >= LEAST_PERIODS:
            return replace(found, lags=int(1.3 * found.count**0.5))
    return None


def _units(values: Codes, name: str) -> Units:
    different, codes = np.unique(values, return_inverse=True)
    return Units(codes, len(different), name)
