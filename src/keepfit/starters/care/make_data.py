"""Makes twelve months of care homes and community services, from coefficients that are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

SEED = 42
MONTHS = [date(2023 + month // 12, month % 12 + 1, 1) for month in range(6, 18)]
UNANSWERED = 0.35  # share of rows whose target nobody knows: kept, to be predicted
LATE = 0.02  # share of rows with an answer from another year, wrong by `stale`

Category = dict[str | None, tuple[float, float]]  # name -> its effect, its share of the locations

REGION: Category = {
    "east": (0.0, 0.2),
    "london": (3.0, 0.2),
    "midlands": (1.0, 0.2),
    "north": (-2.0, 0.2),
    "south": (2.0, 0.2),
}
SETTING: Category = {  # features.py regroups the sparse ones
    "urban city": (3.0, 0.45),
    "urban town": (1.0, 0.35),
    "rural village": (-2.0, 0.14),
    "rural village sparse": (-2.0, 0.03),
    "rural hamlet sparse": (-2.0, 0.03),
}
RATING: Category = {
    "good": (1.0, 0.6),
    "outstanding": (2.0, 0.2),
    "poor": (-2.0, 0.1),
    None: (0.0, 0.1),
}
DORMANT: Category = {"no": (0.0, 0.8), "yes": (-8.0, 0.1), None: (-3.0, 0.1)}


@dataclass(frozen=True, slots=True)
class Table:
    """What a table is made of; the target is a sum of these, each in its own unit."""

    name: str
    prefix: str  # of the location's ids
    locations: int
    target: str
    categories: dict[str, Category]
    base: float
    unit: float  # what the effects of categories count in
    service: float  # for each of the first five services
    month: float  # for each month since the registration
    location: float  # deviation between locations: it makes rows of one location alike
    noise: float  # deviation between months of one location
    stale: float  # how wrong a late answer is
    typo: float  # what is written by mistake now and then


HOMES = Table(
    "homes", "1-1", 240, "posts_per_bed", {"region": REGION, "setting": SETTING, "rating": RATING},
    base=0.8, unit=0.02, service=0.05, month=0.001, location=0.03, noise=0.03, stale=0.6, typo=40.0,
)  # fmt: skip
COMMUNITY = Table(
    "community", "1-2", 360, "filled_posts",
    {"region": REGION, "setting": SETTING, "dormant": DORMANT},
    base=20.0, unit=1.0, service=7.0, month=0.1, location=3.0, noise=3.0, stale=60.0, typo=-1.0,
)  # fmt: skip


def main(folder: Path) -> None:
    """One Parquet file a table and month, in `folder`."""
    random = np.random.default_rng(SEED)
    folder.mkdir(exist_ok=True)
    for table in (HOMES, COMMUNITY):
        rows = rows_of(table, random)
        for month in MONTHS:
            file = folder / f"{table.name}-{month:%Y-%m}.parquet"
            rows.filter(pl.col("import_date") == month).write_parquet(file)


def rows_of(table: Table, random: np.random.Generator) -> pl.DataFrame:
    """A row a location and month: what is known of the location, and the target."""
    where = np.repeat(np.arange(table.locations), len(MONTHS))
    when = np.tile(np.arange(len(MONTHS)), table.locations)
    services = random.integers(1, 10, table.locations)[where]
    age = random.integers(0, 120, table.locations)[where]  # months, at the first import
    beds = random.integers(5, 90, table.locations)[where]
    days = np.where(random.random(where.size) < LATE, 300, random.integers(0, 180, where.size))
    drawn = {
        name: _drawn(kinds, table.locations, random) for name, kinds in table.categories.items()
    }
    target = (
        table.base
        + table.unit * sum(effects[where] for _, effects in drawn.values())
        + table.service * np.minimum(services, 5)
        + table.month * (age + when)
        + table.location * random.normal(size=table.locations)[where]
        + table.noise * random.normal(size=where.size)
        + table.stale * (days > 180)
    )
    target[random.random(where.size) < 0.005] = table.typo
    unanswered = random.random(where.size) < UNANSWERED
    return pl.DataFrame(
        {
            "location_id": [f"{table.prefix}{place:05}" for place in where],
            "import_date": [MONTHS[month] for month in when],
            "registered_on": [_months_before(MONTHS[0], int(months)) for months in age],
            **{name: [values[place] for place in where] for name, (values, _) in drawn.items()},
            "services": services,
            **({"beds": beds} if table is HOMES else {}),
            "days_since_answer": days,
            table.target: pl.Series(target).set(pl.Series(unanswered), None),
        },
        schema_overrides=dict.fromkeys(drawn, pl.String),
    )


def _drawn(
    kinds: Category, count: int, random: np.random.Generator
) -> tuple[list[str | None], np.ndarray]:
    """A value for each of `count` locations, and its effect."""
    places = random.choice(len(kinds), size=count, p=[share for _, share in kinds.values()])
    names, effects = list(kinds), np.array([effect for effect, _ in kinds.values()])
    return [names[place] for place in places], effects[places]


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


if __name__ == "__main__":
    main(Path(__file__).parent / "data")
