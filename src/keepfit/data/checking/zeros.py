"""Codes that were read as numbers, and so lost the zeros that they begin with."""

from __future__ import annotations

from collections.abc import Iterator

from keepfit.config.schema.model import ModelSpec
from keepfit.records.rows import Finding, Snapshot


def lost(snapshot: Snapshot, spec: ModelSpec) -> Iterator[Finding]:
    """A note for each target, feature or key of which a file has such a value."""
    used = {spec.target, *spec.features, *spec.data.key}
    told: set[str] = set()
    for part in snapshot.parts:
        for name, value in part.zeros.items():
            if name in used and name not in told:
                told.add(name)
                message = (
                    f"`{name}` is read as a whole number, and {value} in {part.uri} loses its "
                    f'first 0; if it is a code, say data.types = {{ {name} = "text" }}'
                )
                yield Finding(check="zeros", severity="note", message=message, column=name)
