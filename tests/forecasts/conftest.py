"""Series of three shops, hour by hour, and what a model of them is told."""

from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from keepfit.config.schema.model import ModelSpec
from keepfit.config.schema.rows import Encode
from keepfit.kinds.base import Lesson

# of kind `deepar`
THERE = find_spec("torch") and find_spec("gluonts")
needs_network = pytest.mark.skipif(not THERE, reason="needs keepfit[deepar], and torch")
M4 = Path(__file__).parents[3] / "shared" / "data" / "m4_hourly"
BEGIN = datetime.fromisoformat("2024-03-04")
SEASON, HORIZON = 24, 12


def sales(hours=24 * 12, shops=("north", "south", "west"), seed=5):
    """A day's rhythm, a level a shop, and chance; the last shop opens two days later."""
    random = np.random.default_rng(seed)
    frames = []
    for place, shop in enumerate(shops):
        begin = 48 if place == 2 else 0
        hour = np.arange(begin, hours)
        rhythm = 20 * np.sin(2 * np.pi * hour / SEASON) + 5 * (hour % SEASON == 8)
        sold = 100 * (place + 1) + rhythm + random.normal(scale=3, size=len(hour))
        frames.append(
            pl.DataFrame(
                {
                    "shop": shop,
                    "hour": [BEGIN + timedelta(hours=int(h)) for h in hour],
                    "sold": sold.round(2),
                }
            )
        )
    return pl.concat(frames)


def spec_of(kind="seasonal-naive", **more):
    """The table of a model; `series` and others are changed by `more`."""
    series = {"id": ["shop"], "frequency": "1 hour", "horizon": HORIZON, "season": SEASON}
    series |= more.pop("series", {})
    data = {"source": "sales.csv", "time": "hour", **more.pop("data", {})}
    table = {"name": "sales", "kind": kind, "target": "sold", "data": data, "series": series}
    return ModelSpec.model_validate({**table, **more})


def lesson_of(rows, spec):
    wanted = rows.select(*spec.reads, spec.target)
    args = (spec.features, spec.target, wanted, wanted.clear(), Encode())
    return Lesson(*args, series=spec.series, time=spec.data.time)


@pytest.fixture(scope="session")
def m4():
    """The 414 hourly series of the M4 competition, each with the 48 hours that were asked for."""
    if not M4.is_dir():
        pytest.skip("the shared data sets are not here: m4_hourly")
    return pl.concat(hours_of(name, values) for name, values in wide("train", "test").items())


def wide(*files):
    found = {}
    for file in files:
        rows = pl.read_csv(M4 / f"Hourly-{file}.csv.gz", infer_schema=False)
        for name, *texts in rows.iter_rows():
            found.setdefault(name, []).extend(float(text) for text in texts if text)
    return found


def hours_of(name, values):
    """The values of a series as rows; all of them end at one moment."""
    end = datetime.fromisoformat("2020-01-03")
    hours = [end + timedelta(hours=at - len(values)) for at in range(len(values))]
    return pl.DataFrame({"shop": [name] * len(values), "hour": hours, "sold": values})
