"""The beginning of a project: a file proposed from a table, or an example that runs at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from keepfit.errors import UserError
from keepfit.lifecycle.begin.examples import EXAMPLES, write_example
from keepfit.lifecycle.begin.project import write_project
from keepfit.lifecycle.begin.propose import Proposal, propose

__all__ = ["EXAMPLES", "Proposal", "begin", "propose", "write_example", "write_project"]


def begin(
    folder: Path,
    *,
    table: Path | None = None,
    target: str | None = None,
    example: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> list[Path]:
    """The files of a new project: proposed from `table`, else of the example, else a tiny one."""
    if target and not table:
        raise UserError("--target names a column, but of no table", hint="add --from FILE")
    if example:
        return write_example(example, folder, environ)
    return write_project(folder, propose(table, target=target) if table else None)
