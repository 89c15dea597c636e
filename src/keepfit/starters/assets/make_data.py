"""Makes the volumes that assets were traded in, day by day, from a rhythm that is known."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

SEED, DAYS, HORIZON = 42, 420, 14
BEGIN = date(2024, 1, 1)
ASSETS = {"gold": 900, "silver": 400, "copper": 650, "nickel": 220, "zinc": 310, "tin": 120}
WEEK = (1.1, 1.05, 1.0, 1.0, 1.15, 0.5, 0.4)  # of the days, from Monday on


def main(folder: Path) -> None:
    """A series a line for training; beside it two weeks that came later, and what to ask then."""
    random = np.random.default_rng(SEED)
    volumes = {asset: made(level, random) for asset, level in ASSETS.items()}
    folder.mkdir(exist_ok=True)
    with (folder / "volumes.jsonl").open("w") as file:
        for place, (asset, values) in enumerate(volumes.items()):
            line = {"asset": asset, "start": str(BEGIN), "target": values[:DAYS], "cat": [place]}
            file.write(json.dumps(line) + "\n")
    later = [BEGIN + timedelta(DAYS + day) for day in range(2 * HORIZON)]
    came = [
        {"asset": asset, "time": day, "target": value}
        for asset, values in volumes.items()
        for day, value in zip(later, values[DAYS:], strict=False)
    ]
    pl.DataFrame(came).write_csv(folder.parent / "later.csv")
    for name, days in (("next.csv", later[:HORIZON]), ("after.csv", later[HORIZON:])):
        asked = [{"asset": asset, "time": day} for asset in ASSETS for day in days]
        pl.DataFrame(asked).write_csv(folder.parent / name)


def made(level: float, random: np.random.Generator) -> list[float]:
    """A level that drifts, the rhythm of the week, and chance; two weeks longer than is trained."""
    count = DAYS + HORIZON
    drift = np.cumsum(random.normal(0, 0.01, count))
    week = np.array([WEEK[(BEGIN + timedelta(day)).weekday()] for day in range(count)])
    volumes = level * np.exp(drift) * week * np.exp(random.normal(0, 0.08, count))
    return [float(value) for value in volumes.round(1)]


if __name__ == "__main__":
    main(Path(__file__).parent / "data")
