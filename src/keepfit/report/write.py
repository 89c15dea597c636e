"""A report to its file, whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from keepfit.errors import SinkError
from keepfit.report.facts import Report


def place_of(report: Report, root: Path) -> Path:
    """Where the page of a report lies unless somebody says otherwise."""
    return root / ".keepfit" / "reports" / f"{report.model}-{report.version}.html"


def write(data: bytes, file: Path) -> None:
    """Write the bytes to `file`, in whose place nobody ever sees half of them; SinkError if not."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)
        draft.replace(file)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise SinkError(
            f"the report could not be written to {file}: {error.strerror or error}",
            hint="name another place with --output FILE",
        ) from error
