"""Versions of real rows, trained once by the program itself: what reports are made of."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from keepfit.cli.session import Session
from keepfit.digest import canonical
from keepfit.report.gather import gather
from keepfit.report.page import page
from keepfit.store.open import open_store
from keepfit.store.registry import Registry

KEEPFIT = str(Path(sys.executable).with_name("keepfit"))
HOSTILE = "<script>alert(1)</script>"  # a column, and what people write

CONFIG = """\
[project]
name = "wards"

[defaults]
kind = "logistic"
target = "target"

[model.tumour]
features = ["mean_radius", "mean_texture", "<script>alert(1)</script>"]
data = { source = "cancer.csv", clean = { large-enough = "mean_radius > 8" } }
gate = { slices = ["<script>alert(1)</script>"] }
description = "Malignant or not </title><script>alert(2)</script>"
owner = "ward 3"

[model.tumour.card]
intended_use = "A second opinion."
limits = "One hospital. <script>alert(3)</script>"
references = ["Street, Wolberg and Mangasarian (1993)"]

[model.iris]
features = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
data = { source = "iris.csv" }

[model.progression]
kind = "ridge"
features = ["age", "sex", "bmi", "bp", "s1", "s2"]
data = { source = "diabetes.csv" }

[model.grown]
kind = "sklearn"
features = ["age", "sex", "bmi", "bp"]
data = { source = "diabetes.csv" }
params = { estimator = "sklearn.tree.DecisionTreeRegressor", max_depth = 3 }

[model.boosted]
kind = "lightgbm-regressor"
features = ["age", "sex", "bmi", "bp"]
data = { source = "diabetes.csv" }
params = { num_iterations = 20 }
"""
NEURAL = """\

[model.neural]
kind = "mlp-regressor"
features = ["age", "sex", "bmi", "bp"]
data = { source = "diabetes.csv" }
split = { by = "random", holdout = 0.2, validation = 0.1 }
params = { epochs = 30, patience = 5, batch_size = 32 }
"""


@dataclass(frozen=True)
class Wards:
    """A project whose models have versions."""

    root: Path

    def keepfit(self, *arguments, code=0):
        done = subprocess.run(
            [KEEPFIT, *map(str, arguments)],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def opened(self):
        session = Session(self.root / "keepfit.toml", None, {}, json=False, quiet=True, debug=False)
        project = session.project()
        store = open_store(project.store)
        return project, Registry(store, clock=lambda: datetime.now(UTC), actor="test")

    @cache  # noqa: B019 there is one, for the session
    def report(self, reference):
        project, registry = self.opened()
        return gather(registry, reference, project.stages, project.name)

    def page(self, reference):
        return page(self.report(reference))

    def facts(self, reference):
        return json.loads(canonical(self.report(reference)))

    def change(self, old, new):
        file = self.root / "keepfit.toml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


@pytest.fixture(scope="session")
def wards(tmp_path_factory):
    """tumour and progression: 1.0.0 in production, 1.1.0 after it, refused. Tests only look."""
    made = Wards(tmp_path_factory.mktemp("wards"))
    table(made.root / "cancer.csv", load_breast_cancer(), ("malignant", "benign"), hostile=True)
    table(made.root / "iris.csv", load_iris(), ("setosa", "versicolor", "virginica"))
    table(made.root / "diabetes.csv", load_diabetes())
    (made.root / "keepfit.toml").write_text(CONFIG + (NEURAL if find_spec("torch") else ""))
    made.keepfit("run", "--quiet")
    made.keepfit("approve", "tumour", "--yes", "--reason", f"seen {HOSTILE}")
    made.keepfit("approve", "progression", "--yes", "--reason", "fine")
    made.change('["mean_radius", "mean_texture"', '["worst_area", "mean_texture"')
    made.change('"age", "sex", "bmi", "bp", "s1", "s2"', '"age", "sex"')
    made.keepfit("run", "tumour", "progression", "--quiet", code=3)
    return made


def table(file, bunch, labels=(), *, hostile=False):
    """scikit-learn's own rows as CSV, with a column and values that nobody would choose."""
    names = [name.replace(" (cm)", "").replace(" ", "_") for name in bunch.feature_names]
    extra = [HOSTILE] if hostile else []
    lines = [",".join([*names, *extra, "target"])]
    for number, (row, target) in enumerate(zip(bunch.data, bunch.target, strict=True)):
        odd = [("</svg>", "plain", '"<b>&amp;"')[number % 3]] if hostile else []
        said = labels[target] if labels else target
        lines.append(",".join([*map(str, row.tolist()), *odd, str(said)]))
    file.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def chromium():
    """The command of a headless browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("chromium, in which pages are looked at, is not here")
    return [found, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
