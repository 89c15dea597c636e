"""Every benchmark, or those that are named: python bench/run.py [NAME]…"""

from __future__ import annotations

import compileall
import importlib
import sys
import tempfile
from pathlib import Path

from measure import Figure

NAMES = (
    "help_",
    "plan",
    "train",
    "rebuild",
    "predict",
    "serve",
    "registry",
    "exact",
    "linear",
    "months",
    "fleet",
    "fingerprint",
    "text",
    "judge",
    "aa",
)


def main(names: list[str]) -> None:
    """Print a table: ours, a peer or floor of the same run, the ratio, the target."""
    compileall.compile_dir(Path(__file__).parents[1] / "src", quiet=2)
    lines = [("what", "ours", "beside", "ratio", "target", "")]
    for name in names or NAMES:
        print(f"… {name}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            figures = importlib.import_module(name).main(Path(folder))
        lines += [_line(figure) for figure in figures]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip())


def _line(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "ok", False: "OVER", None: ""}[figure.ok]
    return figure.what, figure.ours, figure.peer, figure.ratio, figure.target, verdict


if __name__ == "__main__":
    main(sys.argv[1:])
