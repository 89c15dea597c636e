"""A ridge on ten million rows of ten floats in Parquet: rows a second, and memory of processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from measure import Figure, Spent, interleaved, run

ROWS, COLUMNS = 10_000_000, 10

OURS = """
import time
import polars as pl
from keepfit.config.schema.rows import Encode
from keepfit.kinds.linear.least_squares import RIDGE
from keepfit.kinds.linear.params import Ridge
begun = time.perf_counter()
features = [f"x{i}" for i in range(10)]
gathering = RIDGE.gathering(features, "y", Encode())
rows = pl.scan_parquet("rows.parquet")
for piece in rows.collect_batches(chunk_size=1 << 17, maintain_order=True, lazy=True):
    gathering.add(piece)
RIDGE.learn([gathering.packed()], Encode(), Ridge(alpha=1.0))
print(time.perf_counter() - begun)
"""

ONLY_READ = """
import time
import polars as pl
begun = time.perf_counter()
rows = pl.scan_parquet("rows.parquet")
for piece in rows.collect_batches(chunk_size=1 << 17, maintain_order=True, lazy=True):
    pass
print(time.perf_counter() - begun)
"""

IN_MEMORY = """
import polars as pl
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
rows = pl.read_parquet("rows.parquet")
x, y = rows.drop("y").to_numpy(), rows["y"].to_numpy()
make_pipeline(StandardScaler(), Ridge(alpha=1.0)).fit(x, y)
"""

PARTIAL = """
import polars as pl
from sklearn.linear_model import SGDRegressor
from sklearn.preprocessing import StandardScaler
rows = pl.scan_parquet("rows.parquet")
pieces = lambda: rows.collect_batches(chunk_size=1 << 17, maintain_order=True, lazy=True)
scaler, model = StandardScaler(), SGDRegressor(alpha=1e-7)
for piece in pieces():
    scaler.partial_fit(piece.drop("y").to_numpy())
for piece in pieces():
    model.partial_fit(scaler.transform(piece.drop("y").to_numpy()), piece["y"].to_numpy())
"""

BY_HAND = """
import numpy as np
import polars as pl
names = [f"x{i}" for i in range(10)] + ["y"]
sums = [f"SUM({a}) AS s_{a}" for a in names]
products = [f"SUM({a} * {b}) AS {a}_{b}" for i, a in enumerate(names) for b in names[i:]]
rows = pl.SQLContext(t=pl.scan_parquet("rows.parquet"))
asked = rows.execute(f"SELECT COUNT(*) AS n, {', '.join(sums + products)} FROM t")
found = asked.collect(engine="streaming").row(0, named=True)
n, means = found["n"], np.array([found[f"s_{a}"] for a in names]) / found["n"]
gram = np.zeros((11, 11))
for i, a in enumerate(names):
    for j, b in enumerate(names[i:], i):
        gram[i, j] = gram[j, i] = found[f"{a}_{b}"] - n * means[i] * means[j]
unit = np.sqrt(np.diag(gram)[:10] / n)
np.linalg.solve(gram[:10, :10] / np.outer(unit, unit) + np.eye(10), gram[:10, 10] / unit)
"""

WRITE = """
from pathlib import Path
import numpy as np
import polars as pl
random, weights = np.random.default_rng(0), np.arange(1.0, 11.0)
folder = Path("pieces")
folder.mkdir()
for number in range({rows} // 500_000):
    x = random.normal(size=(500_000, 10))
    frame = pl.DataFrame(x, schema=[f"x{{i}}" for i in range(10)])
    y = pl.Series("y", x @ weights + random.normal(size=500_000))
    frame.with_columns(y).write_parquet(folder / f"{{number:03}}.parquet")
pl.scan_parquet(folder / "*.parquet").sink_parquet("rows.parquet")
for piece in folder.iterdir():
    piece.unlink()
"""

CONFIG = """
[project]
name = "ten"

[model.ten]
kind = "ridge"
target = "y"
features = [{features}]
data = {{ source = "rows.parquet" }}
gate = {{ metric = "mae" }}
"""

WHOLE = """
from keepfit.train import job
job.MANY = 10**12
from keepfit.cli import main
main(["train", "ten"])
"""


def main(folder: Path) -> list[Figure]:
    """Ours beside scikit-learn in memory, its way to take pieces, and SQL written by hand."""
    # in a process of its own: what this one holds would count as its children's memory
    run([sys.executable, "-c", WRITE.format(rows=ROWS)], folder)
    features = ", ".join(f'"x{i}"' for i in range(COLUMNS))
    (folder / "keepfit.toml").write_text(CONFIG.format(features=features))
    scripts = {"ours": OURS, "memory": IN_MEMORY, "partial": PARTIAL, "hand": BY_HAND}
    commands = {name: [sys.executable, "-c", code] for name, code in scripts.items()}
    spent = interleaved(commands, folder, rounds=3)
    ours, figures = spent["ours"], []
    for name, told, least in (
        ("memory", "scikit-learn in memory", 7.0),
        ("partial", "scikit-learn's partial_fit", 2.0),
        ("hand", "polars SQL by hand", None),
    ):
        ratio = _speed(ours) / _speed(spent[name])
        figures.append(
            Figure(
                f"ridge on {ROWS:,} x {COLUMNS}, million rows/s",
                f"{_speed(ours):.1f}",
                f"{told} {_speed(spent[name]):.2f}",
                f"{ratio:.2f}",
                f">= {least}" if least else "-",
                None if least is None else ratio >= least,
            )
        )
    return [*figures, _loaded(folder), _memory(spent), _train(folder)]


def _loaded(folder: Path) -> Figure:
    """Without the start of Python and imports, beside a pass over the file that learns nothing."""
    ours, floor = (ROWS / _told(code, folder) / 1e6 for code in (OURS, ONLY_READ))
    return Figure(
        "the same, once all is loaded",
        f"{ours:.1f}",
        f"the file only read {floor:.1f}",
        f"{ours / floor:.2f}",
        ">= 8",
        ours >= 8,
    )


def _told(code: str, folder: Path) -> float:
    """The least number of seconds that a script says it took."""
    command = [sys.executable, "-c", code]
    said = [subprocess.run(command, cwd=folder, capture_output=True, check=True) for _ in range(4)]
    return min(float(each.stdout) for each in said)


def _memory(spent: dict[str, Spent]) -> Figure:
    ours = spent["ours"].peak
    return Figure(
        "its memory",
        f"{ours:.0f} MB",
        f"in memory {spent['memory'].peak:.0f} MB, by hand {spent['hand'].peak:.0f} MB",
        f"{ours / spent['memory'].peak:.2f}",
        "<= 350 MB",
        ours <= 350,
    )


def _train(folder: Path) -> Figure:
    """The whole verb, of which the largest process counts."""
    pieces = run([sys.executable, "-m", "keepfit", "train", "ten"], folder)
    whole = run([sys.executable, "-c", WHOLE], folder)
    return Figure(
        f"keepfit train on them: {pieces.wall:.0f} s, the larger process",
        f"{pieces.peak:.0f} MB",
        f"all rows in memory {whole.peak:.0f} MB, {whole.wall:.0f} s",
        f"{pieces.peak / whole.peak:.2f}",
        "<= 0.5",
        pieces.peak <= 0.5 * whole.peak,
    )


def _speed(spent: Spent) -> float:
    return ROWS / spent.wall / 1e6
