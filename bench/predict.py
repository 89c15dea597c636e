"""10 million rows of 10 numbers, Parquet to Parquet, beside the same sum written by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from measure import Figure, interleaved, run

ROWS = 10_000_000
COLUMNS = [f"f{i}" for i in range(10)]
CONFIG = f"""
[project]
name = "big"

[model.big]
kind = "ridge"
target = "y"
features = {json.dumps(COLUMNS)}
data = {{ source = "small.parquet" }}
promote = {{ production = "auto" }}
"""
BY_HAND = """
import json, polars as pl
from pathlib import Path
found = json.loads(next(Path("store").glob("m/big/v/*/*/model/model.json")).read_text())
output = found["outputs"][0]
total = pl.lit(output["intercept"])
for name, weight in zip({columns}, output["numbers"]):
    total = total + pl.col(name) * weight
pl.scan_parquet("big.parquet").select(prediction=total).sink_parquet("hand.parquet")
"""
MAKE = """
import numpy as np, polars as pl
from polars.io.plugins import register_io_source
chance = np.random.default_rng(7)
weights = chance.normal(size=10)
def rows(n):
    x = chance.normal(size=(n, 10))
    frame = pl.DataFrame(x, schema=[f"f{{i}}" for i in range(10)])
    return frame.with_columns(y=pl.Series(x @ weights + 0.1 * chance.normal(size=n)))
rows(20_000).write_parquet("small.parquet")
def chunks(*_):
    for _ in range({rows} // 1_000_000):
        yield rows(1_000_000)
schema = rows(1).schema
register_io_source(chunks, schema=schema).sink_parquet("big.parquet", row_group_size=131_072)
"""


def main(folder: Path) -> list[Figure]:
    """Rows a second and the peak of memory, whole process."""
    (folder / "keepfit.toml").write_text(CONFIG)
    run([sys.executable, "-c", MAKE.format(rows=ROWS)], folder)
    keepfit = str(Path(sys.executable).with_name("keepfit"))
    run([keepfit, "run", "--quiet"], folder)
    predict = [keepfit, "predict", "big@production", "big.parquet", "out.parquet", "--overwrite"]
    by_hand = [sys.executable, "-c", BY_HAND.format(columns=json.dumps(COLUMNS))]
    spent = interleaved({"ours": predict, "hand": by_hand}, folder, 3)
    ours, hand = spent["ours"], spent["hand"]
    speed, floor = ROWS / ours.wall / 1e6, ROWS / hand.wall / 1e6
    return [
        Figure(
            "keepfit predict, 10 M rows x 10, ridge",
            f"{speed:.1f} M rows/s",
            f"polars by hand {floor:.1f} M rows/s",
            f"{speed / floor:.2f}",
            ">= 5 M rows/s",
            speed >= 5,
        ),
        Figure(
            "its peak of memory",
            f"{ours.peak:.0f} MB",
            f"polars by hand {hand.peak:.0f} MB",
            f"{ours.peak / hand.peak:.2f}",
            "< 500 MB",
            ours.peak < 500,
        ),
    ]
