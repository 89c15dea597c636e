"""10 million rows of 10 numbers, Parquet to Parquet, beside the same sum by hand, and MLflow."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from measure import Figure, interleaved, run
from rivals import mlflow

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


FOUR_TIMES = """
import polars as pl
pl.concat([pl.scan_parquet("big.parquet")] * 4).sink_parquet("four.parquet", row_group_size=131_072)
"""


def main(folder: Path) -> list[Figure]:
    """Rows a second and the peak of memory, whole process; of MLflow without its imports."""
    (folder / "keepfit.toml").write_text(CONFIG)
    python, here = sys.executable, Path(__file__).parent
    run([python, "-c", MAKE.format(rows=ROWS)], folder)
    keepfit = str(Path(python).with_name("keepfit"))
    run([keepfit, "run", "--quiet"], folder)
    predict = [keepfit, "predict", "big@production", "big.parquet", "out.parquet", "--overwrite"]
    by_hand = [python, "-c", BY_HAND.format(columns=json.dumps(COLUMNS))]
    spent = interleaved({"ours": predict, "hand": by_hand}, folder, 5)
    ours, hand = spent["ours"], spent["hand"]
    theirs = _mlflow(folder, [str(mlflow(folder)), str(here / "rival_mlflow_batch.py")])
    run([python, "-c", FOUR_TIMES], folder)
    four = run([*predict[:3], "four.parquet", *predict[4:]], folder)
    return [
        _speed("polars by hand", ours.wall, hand.wall, 0.85),
        _speed("MLflow pyfunc", ours.wall, theirs, 4.0),
        Figure(
            "its CPU seconds",
            f"{ours.cpu:.2f} s",
            f"polars by hand {hand.cpu:.2f} s",
            f"{ours.cpu / hand.cpu:.2f}",
            "",
            None,
        ),
        Figure(
            "its peak of memory, 40 M rows",
            f"{four.peak:.0f} MB",
            f"10 M rows {ours.peak:.0f} MB",
            f"{four.peak / ours.peak:.2f}",
            "< 400 MB, <= 1.15",
            four.peak < 400 and four.peak <= 1.15 * ours.peak,
        ),
    ]


def _speed(peer: str, ours: float, theirs: float, target: float) -> Figure:
    speed, other = ROWS / ours / 1e6, ROWS / theirs / 1e6
    return Figure(
        "keepfit predict, 10 M rows x 10, ridge",
        f"{speed:.2f} M rows/s",
        f"{peer} {other:.2f} M rows/s",
        f"{speed / other:.2f}",
        f">= {target}",
        speed / other >= target,
    )


def _mlflow(folder: Path, command: list[str]) -> float:
    run([*command, "make"], folder)
    said = [
        subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
        for _ in range(3)
    ]
    return statistics.median(float(text.split()[-1]) for text in said)
