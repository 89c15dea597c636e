"""`keepfit --help` beside an empty Python: the whole process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from measure import Figure, interleaved

GIANTS = {"numpy", "polars", "sklearn", "pydantic"}


def main(folder: Path) -> list[Figure]:
    """The ratio of the two, and that no giant is loaded."""
    keepfit = [str(Path(sys.executable).with_name("keepfit")), "--help"]
    spent = interleaved({"help": keepfit, "pass": [sys.executable, "-c", "pass"]}, folder, 15)
    ratio = spent["help"].wall / spent["pass"].wall
    code = "import sys, keepfit.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    giants = GIANTS & set(loaded.stdout.split())
    return [
        Figure(
            "keepfit --help, whole process",
            f"{spent['help'].wall * 1000:.0f} ms",
            f"python -c pass {spent['pass'].wall * 1000:.0f} ms",
            f"{ratio:.1f}",
            "<= 6",
            ratio <= 6,
        ),
        Figure("giants it loads", str(len(giants)), "-", "-", "0", not giants),
    ]
