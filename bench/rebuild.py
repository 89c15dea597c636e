"""A rebuild beside the training that it repeats: both as whole processes."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import Figure, interleaved, run

from train import _project


def main(folder: Path) -> list[Figure]:
    """The ratio of `keepfit rebuild` and `keepfit train` on the same rows."""
    _project(folder)
    keepfit = str(Path(sys.executable).with_name("keepfit"))
    run([keepfit, "run"], folder)
    commands = {
        "rebuild": [keepfit, "rebuild", "progression@1.0.0"],
        "train": [keepfit, "train", "progression"],
    }
    spent = interleaved(commands, folder, rounds=5)
    ratio = spent["rebuild"].wall / spent["train"].wall
    return [
        Figure(
            "keepfit rebuild, ridge on diabetes, cold",
            f"{spent['rebuild'].wall:.2f} s",
            f"keepfit train {spent['train'].wall:.2f} s",
            f"{ratio:.2f}",
            "<= 1.5",
            ratio <= 1.5,
        )
    ]
