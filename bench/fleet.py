"""A thousand ridge models of 200 rows each: trained, judged and published in one commit, beside a
loop that fits and scores each and writes it to a file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from measure import Figure, interleaved

MODELS, ROWS = 1000, 200

WRITE = """
import numpy as np
import polars as pl
random = np.random.default_rng(0)
names = [f"x{{i}}" for i in range(10)]
for table in ("warm", "stores"):
    x = random.normal(size=({models}, {rows}, 10))
    weights = random.normal(size=({models}, 10, 1))
    y = (x @ weights)[:, :, 0] + random.normal(size=({models}, {rows}))
    frame = pl.DataFrame(x.reshape(-1, 10), schema=names)
    store = np.repeat([f"s{{i:04}}" for i in range({models})], {rows})
    frame.with_columns(pl.Series("y", y.ravel()), pl.Series("store", store)).write_parquet(
        f"{{table}}.parquet"
    )
"""

CONFIG = """
[project]
name = "stores"
{models}
"""

MODEL = """
[model.{name}]
kind = "ridge"
target = "y"
features = ["store", {features}]
per = {{ column = "store", min_rows = 50 }}
data = {{ source = "{name}.parquet" }}
split = {{ holdout = 0.2, by = "random" }}
gate = {{ metric = "mae" }}
"""

LOOP = """
import json
import time
from pathlib import Path
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
begun = time.perf_counter()
rows = pd.read_parquet("stores.parquet")
names = [f"x{i}" for i in range(10)]
folder = Path("models")
folder.mkdir(exist_ok=True)
for store, mine in rows.groupby("store"):
    train, test = train_test_split(mine, test_size=0.2, random_state=42)
    model = make_pipeline(StandardScaler(), Ridge()).fit(train[names].to_numpy(), train["y"])
    score = mean_absolute_error(test["y"], model.predict(test[names].to_numpy()))
    scaler, ridge = model[0], model[-1]
    told = [scaler.mean_.tolist(), scaler.scale_.tolist(), ridge.coef_.tolist(), ridge.intercept_]
    (folder / f"{store}.json").write_text(json.dumps([*told, score]))
print(time.perf_counter() - begun)
"""


def main(folder: Path) -> list[Figure]:
    """The whole process of each; and what one more fleet takes once all is warm."""
    subprocess.run(
        [sys.executable, "-c", WRITE.format(models=MODELS, rows=ROWS)], cwd=folder, check=True
    )
    features = ", ".join(f'"x{i}"' for i in range(10))
    models = "".join(MODEL.format(name=name, features=features) for name in ("stores", "warm"))
    (folder / "keepfit.toml").write_text(CONFIG.format(models=models))
    commands = {
        "ours": ["sh", "-c", f"rm -rf store && {sys.executable} -m keepfit run stores"],
        "loop": [sys.executable, "-c", LOOP],
    }
    spent = interleaved(commands, folder, rounds=3)
    ours, loop = MODELS / spent["ours"].wall, MODELS / spent["loop"].wall
    warm, their_warm = MODELS / _warm(folder), MODELS / float(_said(commands["loop"], folder))
    return [
        Figure(
            f"a fleet of {MODELS:,} x {ROWS} rows, the whole process",
            f"{ours:,.0f} models/s",
            f"a loop {loop:,.0f}",
            f"{ours / loop:.2f}",
            "-",
            None,
        ),
        Figure(
            "trained, judged, published, once all is loaded",
            f"{warm:,.0f} models/s",
            f"a loop {their_warm:,.0f}",
            f"{warm / their_warm:.2f}",
            ">= 2,500 models/s",
            warm >= 2_500,
        ),
    ]


def _warm(folder: Path) -> float:
    """Seconds of the second fleet of one run."""
    shutil.rmtree(folder / "store")
    told = _said([sys.executable, "-m", "keepfit", "run", "--json"], folder)
    return float(json.loads(told)[-1]["seconds"])


def _said(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout
