"""A ridge on the 442 rows of diabetes: cold as a whole process, warm beside the bare library."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from measure import Figure, in_turns, interleaved

CONFIG = """
[project]
name = "diabetes"

[model.progression]
kind = "ridge"
target = "target"
features = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
params = { alpha = 1.0 }
data = { source = "diabetes.csv" }
"""

SCRIPT = """
import pickle
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
rows = pd.read_csv("diabetes.csv")
train, test = train_test_split(rows, test_size=0.2, random_state=42)
columns = [c for c in rows.columns if c != "target"]
model = make_pipeline(StandardScaler(), Ridge()).fit(train[columns], train["target"])
said = model.predict(test[columns])
scores = mean_absolute_error(test["target"], said), r2_score(test["target"], said)
with open("model.pkl", "wb") as file:
    pickle.dump(model, file)
"""


def main(folder: Path) -> list[Figure]:
    """Cold: the ratio of two whole processes. Warm: what keepfit adds to fit and score."""
    _project(folder)
    return [_cold(folder), *_warm(folder)]


def _project(folder: Path) -> None:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes()
    names = [*bunch.feature_names, "target"]
    rows = [[*x, y] for x, y in zip(bunch.data.tolist(), bunch.target.tolist(), strict=True)]
    lines = [",".join(map(str, row)) for row in rows]
    (folder / "diabetes.csv").write_text("\n".join([",".join(names), *lines]))
    (folder / "keepfit.toml").write_text(CONFIG)
    (folder / "plain.py").write_text(SCRIPT)


def _cold(folder: Path) -> Figure:
    keepfit = str(Path(sys.executable).with_name("keepfit"))
    spent = interleaved(
        {"keepfit": [keepfit, "train", "progression"], "plain": [sys.executable, "plain.py"]},
        folder,
    )
    ratio = spent["keepfit"].wall / spent["plain"].wall
    return Figure(
        "keepfit train, ridge on diabetes, cold",
        f"{spent['keepfit'].wall:.2f} s",
        f"scikit-learn script that pickles {spent['plain'].wall:.2f} s",
        f"{ratio:.2f}",
        "<= 0.5",
        ratio <= 0.5,
    )


def _warm(folder: Path) -> list[Figure]:
    os.chdir(folder)
    script = compile(SCRIPT, "plain.py", "exec")
    with _training(folder) as train:
        seconds = in_turns({"bare": lambda: exec(script, {}), "ours": train})
        syncs, waited = _syncs(train)
    bare, ours = seconds["bare"] * 1000, seconds["ours"] * 1000
    return [
        Figure(
            "the same warm, durable, with evidence and manifest",
            f"{ours:.1f} ms",
            f"bare read, fit, score {bare:.1f} ms",
            f"+{ours - bare:.1f} ms",
            "<= +15 ms",
            ours - bare <= 15,
        ),
        Figure(
            "its fsyncs", f"{syncs}", f"waiting {waited * 1000:.1f} ms", "-", "<= 8", syncs <= 8
        ),
    ]


@contextmanager
def _training(folder: Path) -> Iterator[Callable[[], object]]:
    """What `keepfit train` does once it is warm: the project read, the trainer running."""
    from keepfit.config.load import load
    from keepfit.data.files.statcache import StatCache
    from keepfit.kinds import known, params_of
    from keepfit.lifecycle.model import model_of
    from keepfit.lifecycle.ports import Ports
    from keepfit.lifecycle.train import train_only
    from keepfit.store.backends.local import LocalStore
    from keepfit.store.registry import Registry
    from keepfit.train.worker import Trainer

    project = load(folder / "keepfit.toml", os.environ, params_of=params_of, kinds=known)
    registry = Registry(LocalStore(Path(project.store)), clock=_now, actor="bench")
    model = model_of(project, "progression")
    with Trainer() as trainer:
        ports = Ports(registry, trainer, _now, os.environ, StatCache(folder / "files.json"))
        yield lambda: train_only(model, ports, folder / "work")


def _syncs(work: Callable[[], object]) -> tuple[int, float]:
    """How many fsyncs a piece of work asks for, and the seconds that they took."""
    taken, real = [], os.fsync

    def timed(descriptor: int) -> None:
        begun = time.perf_counter()
        real(descriptor)
        taken.append(time.perf_counter() - begun)

    os.fsync = timed
    try:
        work()
    finally:
        os.fsync = real
    return len(taken), sum(taken)


def _now() -> datetime:
    return datetime.now(UTC)
