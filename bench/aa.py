"""A/A: retrains on data in which nothing has changed; how often does luck alone promote?

Champion and challenger learn from two fresh samples of the same flights and are judged on a third.
What they learned differs by chance alone. A promotion is false where the challenger is no better
than the champion on all flights of the year. A gate that is 95 % sure may make at most 5 % such.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from measure import Figure

from keepfit.config.schema.gate import Gate, Rule
from keepfit.config.schema.rows import Encode
from keepfit.decide.gate import judge
from keepfit.evaluate.baseline import naive
from keepfit.evaluate.certificate import Precedent, Seen, certify
from keepfit.evaluate.compare import Measured, measure
from keepfit.evaluate.evidence import gather
from keepfit.evaluate.metrics import get
from keepfit.kinds import kind
from keepfit.kinds.base import Lesson, Prediction
from keepfit.lifecycle.begin.nycflights import flights_zip
from keepfit.records.comparison import Overlap, Side
from keepfit.records.evidence import Evidence
from keepfit.records.rows import SplitReport
from keepfit.records.training import Candidate

RETRAINS = 1_000
LEARNED, JUDGED = 2_500, 500
FEATURES = ("distance", "hour", "origin", "carrier")
Sampler = Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]


@dataclass(frozen=True)
class World:
    """One way of drawing rows and of judging on them."""

    name: str
    target: str
    gate: Gate
    learned: Sampler
    judged: Sampler
    timed: bool = False


def some(count: int) -> Sampler:
    """So many rows at random, as if each were a day's only one."""
    return lambda rows, chance: rows[chance.integers(rows.height, size=count)]


def of_planes(rows: pl.DataFrame, chance: np.random.Generator) -> pl.DataFrame:
    """Up to 30 flights of each of 60 planes: each plane has its routes."""
    planes = rows["tailnum"].unique().sort()
    drawn = planes[chance.choice(len(planes), 60, replace=False)]
    there = rows.filter(pl.col("tailnum").is_in(drawn.to_list()))
    return there[chance.permutation(there.height)].filter(
        pl.int_range(pl.len()).over("tailnum") < 30
    )


def of_days(rows: pl.DataFrame, chance: np.random.Generator) -> pl.DataFrame:
    """Rows of 60 days at random: each day has its wind."""
    days = chance.choice(365, 60, replace=False)
    there = rows.filter(pl.col("day").is_in(days.tolist()))
    return there[chance.integers(there.height, size=LEARNED)]


def of_weeks(rows: pl.DataFrame, chance: np.random.Generator) -> pl.DataFrame:
    """Rows of four weeks from anywhere in the year, one after the other: no season, but weather."""
    begins = chance.choice(365 - 7, 4, replace=False)
    weeks = [
        rows.filter(pl.col("day").is_between(b, b + 6)).with_columns(
            day=pl.col("day") - int(b) + 7 * k
        )
        for k, b in enumerate(begins.tolist())
    ]
    there = pl.concat(weeks)
    return there[np.sort(chance.choice(there.height, 4 * JUDGED, replace=False))].sort("day")


MAE = Gate(metric="mae")
WORLDS = (
    World("mae, paired t", "air_time", MAE, some(LEARNED), some(JUDGED)),
    World("rmse, delta method", "air_time", Gate(metric="rmse"), some(LEARNED), some(JUDGED)),
    World("accuracy, McNemar", "late", Gate(metric="accuracy"), some(LEARNED), some(JUDGED)),
    World("roc_auc, bootstrap", "late", Gate(metric="roc_auc"), some(LEARNED), some(JUDGED)),
    World(
        "mae, slices and rules",
        "air_time",
        Gate(
            metric="mae",
            slices=("origin", "distance > 1000"),
            rules=(Rule(metric="rmse", min_gain=0), Rule(metric="r2", max_drop=0.05)),
        ),
        some(LEARNED),
        some(JUDGED),
    ),
    World(
        "mae, clusters of planes",
        "air_time",
        Gate(metric="mae", cluster=("tailnum",)),
        some(LEARNED),
        of_planes,
    ),
    World("mae, days in a row", "air_time", MAE, of_days, of_weeks, timed=True),
    World("r2, days in a row", "air_time", Gate(metric="r2"), of_days, of_weeks, timed=True),
)
# What the last two kinds guard against: the same rows, judged as if none hung together.
BLIND = (
    World("blind to planes", "air_time", MAE, some(LEARNED), of_planes),
    World("blind to days", "air_time", MAE, of_days, of_weeks),
)


def main(folder: Path) -> list[Figure]:
    """The share of false promotions among so many retrains, for each way of judging."""
    rows = flights(folder)
    return [_figure(world, promoted(world, rows, RETRAINS)) for world in (*WORLDS, *BLIND)]


def _figure(world: World, found: Promoted) -> Figure:
    share = found.falsely / RETRAINS
    held = None if world in BLIND else share <= 1 - world.gate.confidence
    return Figure(
        f"A/A, {RETRAINS:,} retrains, {world.name}",
        f"{found.falsely} falsely",
        f"of {found.all} promoted",
        f"{share:.1%}",
        "<= 5 %",
        held,
    )


def flights(folder: Path) -> pl.DataFrame:
    """The flights of 2013 that arrived, with the features of the models and two targets."""
    file = folder / "flights.csv.zip"
    file.write_bytes(flights_zip(folder, os.environ))
    with zipfile.ZipFile(file) as archive:
        table = pl.read_csv(archive.read(archive.namelist()[0]), null_values="NA")
    there = table.filter(pl.col("air_time").is_not_null() & pl.col("arr_delay").is_not_null())
    return there.select(
        *FEATURES,
        "tailnum",
        pl.date("year", "month", "day").dt.ordinal_day().cast(pl.Int64).alias("day"),
        pl.col("air_time").cast(pl.Float64),
        (pl.col("arr_delay") > 15).cast(pl.Int64).alias("late"),
    ).sort("day", maintain_order=True)


class Promoted(NamedTuple):
    """How many challengers the gate let pass, and how many of these were no better in truth."""

    all: int
    falsely: int


def promoted(world: World, rows: pl.DataFrame, retrains: int, seed: int = 1) -> Promoted:
    """What the gate lets pass of so many challengers that differ from the champion by chance."""
    chance = np.random.default_rng(seed)
    gains = [_gain_if_promoted(world, rows, chance) for _ in range(retrains)]
    passed = [gain for gain in gains if gain is not None]
    return Promoted(len(passed), sum(gain <= 0 for gain in passed))


def _gain_if_promoted(
    world: World, rows: pl.DataFrame, chance: np.random.Generator
) -> float | None:
    """The gain on all rows if the gate lets the challenger pass."""
    judged = world.judged(rows, chance)
    number = world.target == "air_time"
    task = "regression" if number else "classification"
    algorithm = kind("ridge" if number else "logistic")
    sides = [
        algorithm.fit(
            _lesson(world, world.learned(rows, chance)), algorithm.params(), seed=1, threads=1
        )
        for _ in range(2)
    ]
    ours, theirs = (side.predict(judged) for side in sides)
    began = datetime(2013, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    times = [began + timedelta(days=day) for day in judged["day"].to_list()]
    measured = measure(
        judged,
        world.target,
        ours,
        theirs,
        naive(rows[world.target].head(100), judged.height, task),
        world.gate,
        task=task,
        seed=1,
        times=pl.Series(times) if world.timed else None,
    )
    if judge(_evidence(measured, ours, theirs), world.gate).outcome != "pass":
        return None
    metric = get(measured.metric)
    return metric.gain(*(metric.measure(rows[world.target], side.predict(rows)) for side in sides))


def _lesson(world: World, train: pl.DataFrame) -> Lesson:
    columns = train.select(*FEATURES, world.target)
    return Lesson(FEATURES, world.target, columns, columns.head(0), Encode())


def _evidence(measured: Measured, ours: Prediction, theirs: Prediction) -> Evidence:
    nobody = Overlap(challenger=0, champion=0, trimmed=0)
    offered = np.arange(measured.rows, dtype=np.uint64)
    learned = offered + np.uint64(measured.rows)  # other rows than those judged on
    certificate = certify(
        offered,
        np.ones(measured.rows, dtype=bool),
        Seen("c", learned, learned[:0], ours),
        Seen("d", learned, learned[:0], theirs),
        contents=offered,
        precedent=Precedent(),
    )
    split = SplitReport(
        by="random",
        train=learned.size,
        validation=0,
        holdout=measured.rows,
        unlabelled=0,
        train_digest=certificate.challenger.fingerprint,
        holdout_digest=certificate.holdout,
    )
    candidate = Candidate(
        model="aa", kind="ridge", files={}, digest="c", snapshot="s", split=split, schema=()
    )
    return gather(
        candidate,
        champion=Side(digest="d", version="1.0.0-aff1242"),
        measured=measured,
        holdout=certificate.holdout,
        overlap=nobody,
        certificate=certificate,
    )
