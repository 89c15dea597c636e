"""`keepfit plan` over 100 models of which nothing changed: CPU seconds of the whole process."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from measure import Figure, interleaved, run

MODELS = 100
TABLES = 4
MODEL = """
[model.m{number:03}]
kind = "ridge"
target = "y"
features = ["a", "b", "c"]
params = {{ alpha = {alpha} }}
data = {{ source = "t{table}.csv", key = ["id"] }}
"""


def main(folder: Path) -> list[Figure]:
    """CPU of a look at all models, each of which has a version."""
    _project(folder)
    keepfit = str(Path(sys.executable).with_name("keepfit"))
    run([keepfit, "run"], folder)
    plan = [keepfit, "plan", "--check"]  # which fails where anything is due
    spent = interleaved({"plan": plan, "help": [keepfit, "--help"]}, folder, 5)
    return [
        Figure(
            f"keepfit plan, {MODELS} models, nothing changed",
            f"{spent['plan'].cpu:.2f} s CPU",
            f"--help {spent['help'].cpu:.2f} s CPU",
            f"{spent['plan'].cpu / spent['help'].cpu:.1f}",
            "< 1 s CPU",
            spent["plan"].cpu < 1,
        )
    ]


def _project(folder: Path) -> None:
    chance = random.Random(7)
    for table in range(TABLES):
        rows = [[chance.gauss(0, 1) for _ in range(3)] for _ in range(200)]
        lines = [f"{i},{a},{b},{c},{a + 2 * b - c}" for i, (a, b, c) in enumerate(rows)]
        (folder / f"t{table}.csv").write_text("\n".join(["id,a,b,c,y", *lines]))
    models = [MODEL.format(number=i, alpha=1 + i, table=i % TABLES) for i in range(MODELS)]
    (folder / "keepfit.toml").write_text('[project]\nname = "many"\n' + "".join(models))
