"""One more month: a ridge on 25 files of rows, after one on 24 and without anything noted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measure import Figure, run

MONTHS, ROWS = 25, 400_000

WRITE = """
import sys
from datetime import datetime
from pathlib import Path
import numpy as np
import polars as pl
weights = np.arange(1.0, 11.0)
for month in range({months}):
    random = np.random.default_rng(month)
    x = random.normal(size=({rows}, 10))
    begins = datetime(2022 + month // 12, month % 12 + 1, 1)
    at = pl.select(pl.lit(begins) + pl.duration(seconds=pl.int_range({rows}) * 5)).to_series()
    frame = pl.DataFrame(x, schema=[f"x{{i}}" for i in range(10)])
    y = pl.Series("y", x @ weights + random.normal(size={rows}))
    frame = frame.with_columns(y, at.alias("t"), pl.int_range({rows}).alias("id") + month * {rows})
    frame.write_parquet(f"month-{{month:02}}.parquet")
"""

CONFIG = """
[project]
name = "months"

[model.months]
kind = "ridge"
target = "y"
features = [{features}]
data = {{ source = "rows/*.parquet", time = "t", key = ["id"] }}
split = {{ holdout = "1 month" }}
gate = {{ metric = "mae" }}
"""


# What reads the rows and learns from them, of all that `keepfit train` does.
LEARN = """
import json, os, time
from pathlib import Path
from keepfit.config.load import load
from keepfit.data.files.snapshot import freeze
from keepfit.data.files.statcache import StatCache
from keepfit.kinds import known, params_of
from keepfit.store.open import open_store
from keepfit.store.registry import Registry
from keepfit.train.fit import fit
from keepfit.train.job import Job
root = Path.cwd()
project = load(root / "keepfit.toml", {}, params_of=params_of, kinds=known)
spec = project.models["months"]
parts = Registry(open_store(project.store), clock=lambda: None, actor="bench").parts("months")
snapshot = freeze(spec, root, parts, environ={}, cache=StatCache(root / "stat.json"))
paths = {part.digest: parts.path(part.digest) for part in snapshot.parts}
made = fit(Job.of(spec, snapshot, paths, root=root, notes=root / "notes"))
print(json.dumps([made.candidate.seconds, made.candidate.digest]))
"""


def main(folder: Path) -> list[Figure]:
    """The whole verb, and within it what reads rows and learns from them."""
    run([sys.executable, "-c", WRITE.format(months=MONTHS, rows=ROWS)], folder)
    features = ", ".join(f'"x{i}"' for i in range(10))
    (folder / "keepfit.toml").write_text(CONFIG.format(features=features))
    rows = folder / "rows"
    rows.mkdir()
    for month in range(MONTHS - 1):
        (folder / f"month-{month:02}.parquet").rename(rows / f"{month:02}.parquet")
    _train(folder)
    (folder / f"month-{MONTHS - 1:02}.parquet").rename(rows / f"{MONTHS - 1:02}.parquet")
    notes = [folder / ".keepfit" / "notes", folder / "notes"]
    more, size = _train(folder), _size(notes[0])
    for kept in notes:
        shutil.rmtree(kept)
    whole = _train(folder)
    return [
        _figure("learning from 25 months, one of them new", more.learning, whole.learning, 0.2),
        _figure("keepfit train on them", more.wall, whole.wall, None),
        _figure("its CPU seconds", more.cpu, whole.cpu, None),
        Figure(
            "the bytes of the model",
            more.digest[:12],
            f"a full pass {whole.digest[:12]}",
            "-",
            "equal",
            more.digest == whole.digest,
        ),
        Figure(
            "notes on disk",
            f"{size / 1e6:.0f} MB",
            f"the files {_size(rows) / 1e6:.0f} MB",
            f"{size / _size(rows):.2f}",
            "-",
            None,
        ),
    ]


@dataclass(frozen=True)
class _Trained:
    wall: float  # seconds
    cpu: float  # seconds of both processes
    learning: float  # seconds of reading the training rows and learning from them
    digest: str


def _train(folder: Path) -> _Trained:
    spent = run([sys.executable, "-m", "keepfit", "train", "months"], folder)
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}  # as it pins
    told = subprocess.run(
        [sys.executable, "-c", LEARN],
        cwd=folder,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, digest = json.loads(told.stdout)
    return _Trained(spent.wall, spent.cpu, seconds, digest)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _figure(what: str, ours: float, peer: float, most: float | None) -> Figure:
    return Figure(
        what,
        f"{ours:.1f} s",
        f"a full pass {peer:.1f} s",
        f"{ours / peer:.2f}",
        f"<= {most}" if most else "-",
        None if most is None else ours <= most * peer,
    )
